package lucid.kernels.compile;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `ptxas` of an installed CUDA toolkit, one process per file.
public final class PtxAs implements PtxCompiler {
    private static final Pattern RELEASE = Pattern.compile("release ([0-9.]+), V([0-9.]+)");
    private static final long SECONDS = 300;

    private final Path program;
    private final String description;

    /// `program` is the executable file.
    public PtxAs(Path program) {
        this.program = program;
        Matcher release = RELEASE.matcher(run(List.of(program.toString(), "--version")));
        if (!release.find())
            throw new IllegalArgumentException("ptxas: " + program + " --version names no release; wanted a ptxas of a CUDA toolkit");
        description = "ptxas " + release.group(2);
    }

    /// The first `ptxas` on the PATH.
    public static Optional<PtxAs> onPath() {
        String path = System.getenv("PATH");
        if (path == null) return Optional.empty();
        for (String folder : path.split(File.pathSeparator)) {
            for (String name : List.of("ptxas", "ptxas.exe")) {
                Path file = Path.of(folder.isEmpty() ? "." : folder, name);
                if (Files.isRegularFile(file) && Files.isExecutable(file)) return Optional.of(new PtxAs(file));
            }
        }
        return Optional.empty();
    }

    @Override public String describe() {
        return description;
    }

    @Override public Compilation compile(String name, String text, String target) {
        try {
            Path folder = Files.createTempDirectory("lucid-ptxas");
            Path source = folder.resolve("kernel.ptx");
            Path cubin = folder.resolve("kernel.cubin");
            try {
                Files.writeString(source, text);
                String log = run(List.of(program.toString(), "-v", "-arch=" + target, source.toString(), "-o", cubin.toString()));
                return CompilerLog.read(description, name, target, log);
            } finally {
                Files.deleteIfExists(source);
                Files.deleteIfExists(cubin);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("ptxas: no place for the temporary files of " + name, e);
        }
    }

    private static String run(List<String> command) {
        try {
            Path log = Files.createTempFile("lucid-ptxas", ".log");
            try {
                Process process = new ProcessBuilder(new ArrayList<>(command)).redirectErrorStream(true).redirectOutput(log.toFile()).start();
                if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException("ptxas: " + command + " did not end within " + SECONDS + " s");
                }
                return Files.readString(log);
            } finally {
                Files.deleteIfExists(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("ptxas: " + command.getFirst() + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("ptxas: interrupted while it ran", e);
        }
    }
}
