package lucid.grpo.bundle;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import lucid.grpo.run.Disk;

/// Makes the folder: `runtime/` (jlink), `lib/` (jars, without benchmarks and without native libraries that Lucid never loads), `lucid` (launcher).
/// The jars are the same bytes for the same classes; nothing else of the machine goes in.
public final class Bundle {
    /// What the classes and libraries use; `jdeps` over the class path gives the same list.
    private static final String MODULES =
            "java.base,java.logging,java.management,jdk.management,java.net.http,java.xml,jdk.incubator.vector,jdk.jfr,jdk.unsupported";
    private static final List<String> JVM = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:+UseParallelGC",
            "-XX:MaxNewSize=96m", "-XX:MaxDirectMemorySize=64g");
    /// Jars that only benchmarks need.
    private static final Pattern BENCHMARKS = Pattern.compile("(bench|jmh|jopt-simple|commons-math3|openblas|pytorch|api-\\d).*");
    /// Parts of FFmpeg and JCuda that a server does without (`lucid ptx check` needs JNvPTXCompiler, and says so), Snappy for systems that FFmpeg is
    /// not there for, and notes of build tools.
    private static final Pattern UNUSED = Pattern.compile(".*(avfilter|avdevice|postproc|/ffmpeg|/ffprobe|JNvrtc|JNvPTXCompiler|JCudaRuntime)[^/]*|org/xerial/snappy/native/(?!(Linux|Mac)/(x86_64|aarch64)/).*|META-INF/maven/.*|.*/pom\\.(xml|properties)");
    private static final FileTime EPOCH = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    private final Consumer<String> progress;

    /// @param progress told what is being done
    public Bundle(Consumer<String> progress) { this.progress = progress; }

    /// Makes a bundle of the running Lucid. It is there when it is complete, and not before.
    ///
    /// @param folder must not exist, or be empty
    /// @throws IllegalArgumentException when it holds something
    public void make(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder))
            throw new IllegalArgumentException(folder + ": found a file; wanted a new or empty folder, use another --out");
        if (Files.exists(folder)) {
            try (Stream<Path> inside = Files.list(folder)) {
                if (inside.findAny().isPresent()) throw new IllegalArgumentException(folder + " is not empty; wanted a new folder");
            }
            if (Files.isSameFile(folder, Path.of("")))
                throw new IllegalArgumentException(folder + " is the folder that this command runs in; wanted a new folder");
        }
        Path whole = Files.exists(folder) ? folder.toRealPath() : folder;
        Disk.folder(whole, aside -> {
            Path lib = Files.createDirectory(aside.resolve("lib"));
            runtime(aside.resolve("runtime"));
            launcher(aside.resolve("lucid"), jars(lib));
            // An empty one makes way.
            Files.deleteIfExists(whole);
        });
    }

    private void runtime(Path target) throws IOException {
        progress.accept("runtime (jlink)");
        Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
        if (!Files.isExecutable(jlink)) throw new IllegalStateException(jlink + " is missing: this Java is a runtime only; wanted a JDK");
        // Not compressed by itself: the archive, which sees all classes at once, becomes 5 MB smaller, and Java starts faster.
        run(List.of(jlink.toString(), "--add-modules", MODULES, "--strip-debug", "--no-header-files", "--no-man-pages", "--compress", "zip-0", "--vm",
                "server", "--output", target.toString()));
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.onExit().join().exitValue() != 0) throw new IllegalStateException(String.join(" ", command) + " failed:\n" + output.strip());
    }

    /// Packs the class path; the order of the names is the order of the class path.
    private List<String> jars(Path lib) throws IOException {
        List<String> names = new ArrayList<>();
        for (String element : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(element);
            if (Files.isDirectory(path)) {
                String module = path.toAbsolutePath().getParent().getParent().getFileName().toString();
                if (BENCHMARKS.matcher(module).matches()) continue;
                progress.accept(module);
                names.add("lucid-" + module + ".jar");
                packFolder(path, lib.resolve(names.getLast()));
            } else if (Files.exists(path) && !BENCHMARKS.matcher(path.getFileName().toString()).matches()) {
                progress.accept(path.getFileName().toString());
                names.add(path.getFileName().toString());
                repack(path, lib.resolve(names.getLast()));
            }
        }
        return names;
    }

    private static void packFolder(Path folder, Path jar) throws IOException {
        TreeMap<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile).forEach(f -> files.put(folder.relativize(f).toString().replace(File.separatorChar, '/'), f));
        }
        try (ZipOutputStream out = zip(jar)) {
            for (var file : files.entrySet()) entry(out, file.getKey(), () -> Files.newInputStream(file.getValue()));
        }
    }

    private static void repack(Path source, Path jar) throws IOException {
        try (ZipFile in = new ZipFile(source.toFile()); ZipOutputStream out = zip(jar)) {
            for (ZipEntry e : in.stream().filter(e -> !e.isDirectory() && !UNUSED.matcher(e.getName()).matches()).toList())
                entry(out, e.getName(), () -> in.getInputStream(e));
        }
    }

    private static ZipOutputStream zip(Path jar) throws IOException {
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
        out.setLevel(9);
        return out;
    }

    @FunctionalInterface private interface Source {
        InputStream open() throws IOException;
    }

    private static void entry(ZipOutputStream out, String name, Source source) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setLastModifiedTime(EPOCH);
        out.putNextEntry(entry);
        try (InputStream in = source.open()) {
            in.transferTo(out);
        }
        out.closeEntry();
    }

    private static void launcher(Path file, List<String> jars) throws IOException {
        StringBuilder path = new StringBuilder();
        for (String jar : jars) path.append(path.isEmpty() ? "" : ":").append("$home/lib/").append(jar);
        Files.writeString(file, """
                #!/bin/sh
                # Lucid with its own Java runtime.
                home=$(cd "$(dirname "$(readlink -f "$0" 2>/dev/null || echo "$0")")" && pwd)
                case $home in *:*) echo "lucid: $home: found a ':' in the name of its folder, which separates the places of a Java class path; wanted a folder without one." >&2; exit 1 ;; esac
                case $(locale charmap 2>/dev/null || echo ASCII) in *ASCII|ANSI_X3.4-1968) export LC_ALL=C.UTF-8 ;; esac
                exec "$home/runtime/bin/java" %s ${LUCID_JVM:-} -cp "%s" lucid.grpo.cli.Lucid "$@"
                """.formatted(String.join(" ", JVM), path));
        if (Files.getFileStore(file).supportsFileAttributeView("posix"))
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// Packs the folder into `FOLDER.tar.gz` beside it, with the system's `tar`.
    ///
    /// @return the archive
    public Path archive(Path folder) throws IOException {
        progress.accept("archive");
        Path whole = folder.toAbsolutePath().normalize();
        Path archive = whole.resolveSibling(whole.getFileName() + ".tar.gz");
        run(List.of("tar", "-C", whole.getParent().toString(), "-czf", archive.toString(), whole.getFileName().toString()));
        return archive;
    }

    /// Bytes of all files of a folder.
    public static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).mapToLong(f -> {
                try {
                    return Files.size(f);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).sum();
        }
    }
}
