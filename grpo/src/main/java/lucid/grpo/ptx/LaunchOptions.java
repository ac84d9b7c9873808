package lucid.grpo.ptx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.grpo.console.UsageException;
import lucid.kernels.ptx.Launch;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a launch needs, as options. The shape of a block is named differently by the commands (`trace` already has a `--block`), so it comes as an
/// argument.
final class LaunchOptions {
    @Parameters(index = "0", paramLabel = "FILE", description = "The .ptx file.")
    private Path file;

    @Option(names = "--entry", paramLabel = "NAME", description = "The kernel (default: the only one of the file).")
    private String entry;

    @Option(names = "--grid", paramLabel = "X[,Y[,Z]]", defaultValue = "1", description = "Blocks of the grid (default: ${DEFAULT-VALUE}).")
    private String grid;

    @Option(names = "--cluster", paramLabel = "X[,Y[,Z]]", description = "Blocks of a cluster (default: the kernel's own .reqnctapercluster).")
    private String cluster;

    @Option(names = "--shared", paramLabel = "BYTES", defaultValue = "0",
            description = "Dynamic shared memory of a block (default: ${DEFAULT-VALUE}).")
    private int shared;

    @Option(names = "--arg", paramLabel = "NAME=TYPE[N]:CONTENTS|NAME=TYPE:VALUE",
            description = {"A parameter by name. Types: u8 s8 u16 s16 u32 s32 u64 s64 f16 bf16 f32 f64.",
                    "Contents of a buffer: zero, iota, unset (reading it is a finding), normal(SEED), uniform(SEED,LOW,HIGH), "
                            + "FILE.safetensors#TENSOR."})
    private List<String> arguments = new ArrayList<>();

    @Option(names = "--schedule", paramLabel = "HOW", defaultValue = "ROUND_ROBIN",
            description = "Order of the warps: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Schedule schedule;

    @Option(names = "--timing", paramLabel = "WHEN", defaultValue = "LATE",
            description = "When asynchronous copies arrive: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Timing timing;

    /// Models of a tensor core's sums.
    enum Sums {
        EXACT(Accumulation.EXACT), AMPERE(Accumulation.AMPERE), HOPPER(Accumulation.HOPPER);

        private final Accumulation accumulation;

        Sums(Accumulation accumulation) { this.accumulation = accumulation; }
    }

    @Option(names = "--accumulation", paramLabel = "HOW", defaultValue = "EXACT",
            description = "How tensor cores add up: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, one rounding per instruction; the others "
                    + "cut bits off as the literature describes those cards).")
    private Sums sums;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Of schedules, timings and addresses (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--workers", paramLabel = "N", description = "Java threads that run blocks (default: one per processor, at most 4). Changes "
            + "speed, not results.")
    private Integer workers;

    @Option(names = "--budget", paramLabel = "N", defaultValue = "1000000000",
            description = "Warp-instructions after which an endless loop is stopped (default: ${DEFAULT-VALUE}).")
    private long budget;

    /// A launch that is ready, and where its buffers lie.
    record Prepared(PtxModule module, Entry entry, GlobalMemory memory, Launch launch, Map<String, Placed> buffers, String grid, String block) {}

    /// A buffer in global memory.
    record Placed(KernelArgument.Buffer buffer, long address) {}

    PtxModule module() throws IOException {
        if (!Files.isRegularFile(file))
            throw new IllegalArgumentException(file + (Files.isDirectory(file) ? ": found a folder" : ": no such file") + "; wanted a .ptx file");
        return PtxModule.parse(file);
    }

    String entryName() { return entry; }

    boolean hasArguments() { return !arguments.isEmpty(); }

    /// @param block shape of a block, or null: what the kernel requires
    Prepared prepare(String block) throws IOException {
        UsageException.atLeast("--shared", shared, 0);
        UsageException.atLeast("--budget", budget, 1);
        if (workers != null) UsageException.atLeast("--workers", workers, 1);
        int[] blocks = sizes("--grid", grid);
        PtxModule module = module();
        Entry kernel = module.entry(entry);
        int[] shape = block == null ? required(kernel) : sizes("the shape of a block", block);
        GlobalMemory memory = new GlobalMemory(seed);
        Launch launch = Launch.of(module, kernel.name()).memory(memory).grid(blocks[0], blocks[1], blocks[2]).block(shape[0], shape[1], shape[2])
                .shared(shared)
                .schedule(schedule, seed).timing(timing).accumulation(sums.accumulation).budget(budget);
        if (workers != null) launch.threads(workers);
        if (cluster != null) {
            int[] c = sizes("--cluster", cluster);
            launch.cluster(c[0], c[1], c[2]);
        }
        Map<String, Placed> buffers = new LinkedHashMap<>();
        for (String text : arguments) argument(KernelArgument.parse(text), memory, launch, buffers);
        return new Prepared(module, kernel, memory, launch, buffers, text(blocks), text(shape));
    }

    private static void argument(KernelArgument argument, GlobalMemory memory, Launch launch, Map<String, Placed> buffers) {
        switch (argument) {
            case KernelArgument.Scalar s -> scalar(s, launch);
            case KernelArgument.Buffer b -> {
                if (buffers.containsKey(b.name())) throw new UsageException("--arg " + b.name() + " is given twice");
                byte[] contents = Contents.bytes(b);
                long size = Math.multiplyExact(b.elements(), b.type().bytes());
                long address = contents == null ? b.contents() instanceof Contents.Zero ? memory.allocateZero(b.name(), size)
                        : memory.allocate(b.name(), size) : memory.allocate(b.name(), contents);
                buffers.put(b.name(), new Placed(b, address));
                launch.argument(b.name(), address);
            }
        }
    }

    private static void scalar(KernelArgument.Scalar s, Launch launch) {
        switch (s.type()) {
            case F32 -> launch.argument(s.name(), Float.intBitsToFloat((int) s.bits()));
            case F64 -> launch.argument(s.name(), Double.longBitsToDouble(s.bits()));
            case F16, BF16 -> launch.argument(s.name(), new byte[] {(byte) s.bits(), (byte) (s.bits() >>> 8)});
            default -> launch.argument(s.name(), s.type().signed() ? s.type().value(s.bits()).longValue() : s.bits());
        }
    }

    private static int[] required(Entry kernel) {
        int[] shape = kernel.bounds().requiredThreads() != null ? kernel.bounds().requiredThreads() : kernel.bounds().maxThreads();
        if (shape == null) throw new IllegalArgumentException(kernel.name() + " has neither .reqntid nor .maxntid; give the shape of a block");
        return shape;
    }

    private static int[] sizes(String what, String text) {
        String[] parts = text.split(",", -1);
        int[] sizes = {1, 1, 1};
        try {
            if (parts.length > 3) throw new NumberFormatException();
            for (int i = 0; i < parts.length; i++) sizes[i] = Integer.parseInt(parts[i].strip());
        } catch (NumberFormatException e) {
            throw new UsageException(what + ": found '" + text + "', wanted one to three whole numbers such as 4 or 2,8,1");
        }
        for (int s : sizes) if (s < 1) throw new UsageException(what + ": found '" + text + "', every size must be at least 1");
        return sizes;
    }

    private static String text(int[] sizes) { return sizes[0] + "," + sizes[1] + "," + sizes[2]; }
}
