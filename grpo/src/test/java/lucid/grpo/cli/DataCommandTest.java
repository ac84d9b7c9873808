package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataCommandTest extends CommandTest {
    @TempDir Path data;
    @TempDir Path elsewhere;

    // But for the lock, an empty file.
    private List<Path> made() throws IOException {
        try (Stream<Path> files = Files.list(data)) {
            return files.filter(p -> !p.toString().endsWith(".lock")).toList();
        }
    }

    @Test void clipsThatAnotherProcessMakesAreLeftAlone() throws Exception {
        Object[] words = {"data", "drift", "--clips", 100_000, "--held-out", 10, "--data", data, "--threads", 1};
        Path folder = data.resolve("drift-1-100000-10");
        Path err = elsewhere.resolve("err");
        Process process = start(err, words);
        try {
            await(process, err, () -> !made().isEmpty());
            lucid(words).failedWith(folder + ": is being made by another process; wait for that");
            assertEquals(1, made().size());
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertTrue(made().getFirst().getFileName().toString().startsWith("."), "killed before its end");
    }

    /// A polite kill, as Ctrl-C, while clips are made.
    @Test void anInterruptedOneLeavesNothing() throws IOException, InterruptedException {
        Path err = elsewhere.resolve("err");
        Process process = start(err, "data", "drift", "--clips", 100_000, "--data", data, "--threads", 2);
        try {
            long end = System.nanoTime() + 60_000_000_000L;
            while (!Files.exists(err) || !Files.readString(err).contains("making clips")) {
                assertTrue(System.nanoTime() < end && process.isAlive(), "it never began");
                Thread.sleep(20);
            }
            assertFalse(made().isEmpty());
            process.toHandle().destroy();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() != 0, Files.readString(err));
        } finally {
            process.destroyForcibly().waitFor();
        }
        String said = Files.readString(err);
        assertTrue(said.contains(
                "stopping; the clips that were made so far are removed, and the same command begins anew (Ctrl-C again ends at once)"), said);
        assertFalse(said.contains("Exception"), said);
        assertEquals(List.of(), made());
    }
}
