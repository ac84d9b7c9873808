package lucid.grpo.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import lucid.nn.config.ConfigException;
import lucid.nn.file.WeightFileException;
import lucid.nn.hub.HubException;
import lucid.tokenizer.format.TokenizerFormatException;

/// Runs cases and keeps the account. A case is a format and a seed, or a format and a file of the corpus.
///
/// As a program (the working folder is the module's): `java ... lucid.grpo.fuzz.Sweep COUNT [FIRST_SEED [FOLDER_TO_KEEP_WHAT_WAS_ACCEPTED]]`
final class Sweep {
    static final long MAX_ALLOCATED = 512L << 20;
    /// Of the process, in main memory: what is neither an object nor the machine's own (its code, its classes, its collector) is a copy beside the
    /// heap.
    static final long MAX_BESIDE_HEAP = 256L << 20;
    static final long MAX_NANOS = 10_000_000_000L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// What was measured of one format.
    static final class Count {
        int refused;
        int accepted;
        long allocated;
        long nanos;
        long largestFile;
    }

    private final Path root;
    private final Path keep;
    final Map<String, Count> counts = new LinkedHashMap<>();
    final List<String> failures = new ArrayList<>();
    private volatile String running = "";
    private volatile long since = Long.MAX_VALUE;

    Sweep(Path root, Path keep) {
        this.root = root;
        this.keep = keep;
    }

    /// `count` cases in turn over the formats.
    void run(List<Format> formats, long first, long count) throws IOException {
        for (Format f : formats) prepare(f);
        for (long i = first; i < first + count; i++) {
            Format f = formats.get((int) (i % formats.size()));
            run(f, "seed " + i, new Damage(i).of(f.kind(), f.original()));
        }
    }

    void prepare(Format f) throws IOException {
        for (Map.Entry<String, byte[]> e : f.beside().entrySet()) write(root.resolve(f.name()).resolve(e.getKey()), e.getValue());
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    /// True if the file was accepted; failures are noted.
    boolean run(Format f, String what, byte[] file) throws IOException {
        Path folder = root.resolve(f.name());
        write(folder.resolve(f.file()), file);
        Count count = counts.computeIfAbsent(f.name(), _ -> new Count());
        running = f.name() + ", " + what;
        long nanos = System.nanoTime();
        long allocated = THREADS.getTotalThreadAllocatedBytes();
        since = nanos;
        Format.Check check = null;
        try {
            check = f.reader().read(folder);
        } catch (WeightFileException | ConfigException | TokenizerFormatException | HubException e) {
            if (e.getMessage() == null || !e.getMessage().contains(root.toString())) fail("the refusal names no file: " + e.getMessage(), file);
        } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
            fail("crash: " + e, file);
        } finally {
            since = Long.MAX_VALUE;
            nanos = System.nanoTime() - nanos;
            allocated = THREADS.getTotalThreadAllocatedBytes() - allocated;
        }
        account(count, check != null, nanos, allocated, file);
        if (check != null) judge(check, f, what, file);
        return check != null;
    }

    private void account(Count count, boolean accepted, long nanos, long allocated, byte[] file) throws IOException {
        if (accepted) count.accepted++;
        else count.refused++;
        count.nanos = Math.max(count.nanos, nanos);
        count.allocated = Math.max(count.allocated, allocated);
        count.largestFile = Math.max(count.largestFile, file.length);
        if (nanos > MAX_NANOS) fail("hang: " + nanos / 1_000_000 + " ms", file);
        if (allocated > MAX_ALLOCATED + file.length) fail("memory: " + (allocated >> 20) + " MB", file);
    }

    private void judge(Format.Check check, Format f, String what, byte[] file) throws IOException {
        try {
            check.check(file);
        } catch (Exception | AssertionError e) {
            fail("silently accepted: " + e, file);
        }
        if (keep != null) write(keep.resolve(f.name()).resolve(what.replace(' ', '-')).resolve(f.file()), file);
    }

    /// Judges the most main memory that the process ever had, in bytes.
    void judgeResident(long most, long heap) {
        if (most > heap + MAX_BESIDE_HEAP)
            failures.add("memory: " + (most >> 20) + " MB of the process at most, wanted " + (heap + MAX_BESIDE_HEAP >> 20) + " with a heap of "
                    + (heap >> 20));
    }

    /// See [#judgeResident]; none where the system does not say it.
    private static OptionalLong resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) return OptionalLong.empty();
        return Files.readAllLines(status, StandardCharsets.ISO_8859_1).stream().filter(l -> l.startsWith("VmHWM:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10).findFirst();
    }

    private void fail(String why, byte[] file) throws IOException {
        String line = running + ": " + why;
        failures.add(line.length() > 600 ? line.substring(0, 600) + "..." : line);
        if (keep != null && failures.size() < 200) write(keep.resolve("failures").resolve(running.replaceAll("[^a-z0-9]+", "-")), file);
    }

    /// Stops the whole JVM when a case does not end.
    Thread watchdog() {
        Thread t = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                long from = since;
                if (from != Long.MAX_VALUE && System.nanoTime() - from > 6 * MAX_NANOS) {
                    System.out.println(running + ": hang");
                    Runtime.getRuntime().halt(3);
                }
                try {
                    Thread.sleep(200);
                } catch (InterruptedException _) {
                    return;
                }
            }
        }, "watchdog");
        t.setDaemon(true);
        t.start();
        return t;
    }

    String table() {
        StringBuilder out = new StringBuilder("| format | cases | refused | accepted, judged | most allocated, MB | longest, ms | largest file, KB "
                + "|\n|---|---|---|---|---|---|---|\n");
        Count all = new Count();
        counts.forEach((name, c) -> {
            out.append(row(name, c));
            all.refused += c.refused;
            all.accepted += c.accepted;
            all.allocated = Math.max(all.allocated, c.allocated);
            all.nanos = Math.max(all.nanos, c.nanos);
            all.largestFile = Math.max(all.largestFile, c.largestFile);
        });
        return out.append(row("all", all)).toString();
    }

    private static String row(String name, Count c) {
        return String.format(Locale.ROOT, "| %s | %d | %d | %d | %.1f | %.0f | %d |%n", name, c.refused + c.accepted, c.refused, c.accepted,
                c.allocated / 1048576.0, c.nanos / 1e6, c.largestFile >> 10);
    }

    /// Exits 0 if there was no failure.
    static void main(String[] args) throws IOException {
        Path root = Files.createTempDirectory("fuzz");
        Sweep sweep = new Sweep(root, args.length > 2 ? Path.of(args[2]) : null);
        sweep.watchdog();
        sweep.run(Format.all(), args.length > 1 ? Long.parseLong(args[1]) : 0, Long.parseLong(args[0]));
        System.out.print(sweep.table());
        OptionalLong most = resident();
        System.out.println(most.isPresent() ? "main memory of the process at most: " + (most.getAsLong() >> 20) + " MB"
                : "main memory of the process: this system does not say");
        most.ifPresent(bytes -> sweep.judgeResident(bytes, Runtime.getRuntime().maxMemory()));
        sweep.failures.forEach(System.out::println);
        System.exit(sweep.failures.isEmpty() ? 0 : 1);
    }
}
