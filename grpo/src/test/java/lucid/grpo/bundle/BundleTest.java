package lucid.grpo.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import lucid.grpo.cli.Lucid;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Makes a bundle and runs it without any Java on the path.
@Tag("slow") @EnabledOnOs(OS.LINUX)
class BundleTest {
    private static final String KERNEL = """
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry nothing()
            {
                ret;
            }
            """;

    @TempDir Path temp;

    private record Result(int status, String output) {}

    private Result run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile()).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> !name.equals("HOME"));
        builder.environment().put("PATH", "/usr/bin:/bin");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        return new Result(process.waitFor(), output);
    }

    @Test void itRunsAloneAndIsSmall() throws IOException, InterruptedException {
        String path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(p -> !p.contains("test-classes") && !p.contains("-tests") && !p.contains("junit"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "--add-modules=jdk.incubator.vector", "-cp",
                path, Lucid.class.getName(), "bundle"));
        command.addAll(List.of("--out", temp.resolve("lucid-here").toString(), "--archive"));
        Result made = run(command);
        assertEquals(0, made.status, made.output);
        assertTrue(Files.size(temp.resolve("lucid-here.tar.gz")) < 60_000_000, made.output);
        Files.writeString(temp.resolve("nothing.ptx"), KERNEL);
        Result devices = run(List.of(temp.resolve("lucid-here/lucid").toString(), "devices"));
        assertTrue(devices.status == 0 && devices.output.contains("simd: Vector API") && devices.output.contains("emulated GPU"), devices.output);
        Result ptx = run(List.of(temp.resolve("lucid-here/lucid").toString(), "ptx", "run", "nothing.ptx", "--grid", "1", "--block", "32"));
        assertEquals(0, ptx.status, ptx.output);
        // What computes asks the system for more than what lists.
        Result init = run(List.of(temp.resolve("lucid-here/lucid").toString(), "init", "--config", "tinyllava-video-tiny", "--out", "tiny",
                "--seed", "1"));
        assertEquals(0, init.status, init.output);
        Result info = run(List.of(temp.resolve("lucid-here/lucid").toString(), "devices"));
        assertTrue(info.output.contains("hot kernels are "), info.output);
        // The reader of Parquet has natives and needs of its own.
        Files.copy(Path.of("../video/src/test/resources/parquet/snappy.parquet"), temp.resolve("videomme.parquet"));
        Result eval = run(List.of(temp.resolve("lucid-here/lucid").toString(), "eval", "--model", "tiny", "--benchmark", "video-mme", "--data", ".",
                "--annotations", "videomme.parquet"));
        assertTrue(eval.status == 1 && eval.output.contains("no tokenizer"), eval.output);
        Result again = run(command);
        assertTrue(again.status == 1 && again.output.contains("is not empty; wanted a new folder"), again.output);
        Path colon = Files.move(temp.resolve("lucid-here"), temp.resolve("lucid:here"));
        Result unnamed = run(List.of(colon.resolve("lucid").toString(), "devices"));
        assertTrue(unnamed.status == 1 && unnamed.output.contains("found a ':' in the name of its folder"), unnamed.output);
    }
}
