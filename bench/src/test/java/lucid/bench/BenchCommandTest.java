package lucid.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.cli.Lucid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command line, which lives below this module, finds the command by its service entry.
class BenchCommandTest {
    @TempDir Path temp;

    private static String printed(int status, String... args) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertEquals(status, Lucid.run(args));
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test void theCommandLineKnowsIt() {
        assertTrue(printed(0, "--help").contains("bench "));
        assertTrue(printed(0, "bench", "--help").contains("PATTERN"));
    }

    @Test void everyFamilyIsListed() {
        String list = printed(0, "bench", "--list");
        for (String family : new String[] {"MatMul", "Attention", "LogProb", "Normalization", "Optimizer", "Sampling", "Phase"}) assertTrue(list.contains(family + "Bench."), family + " in " + list);
    }

    @Test void aGpusKernelsAreListed() {
        String list = printed(0, "bench", "--list", "--device", "emulated", "Normalization");
        assertTrue(list.lines().allMatch(name -> name.startsWith("Normalization.")) && !list.isEmpty(), list);
    }

    @Test void wrongUsage() {
        assertEquals("", printed(2, "bench", "--threads", "0"));
        for (String[] option : new String[][] {{"--threads", "2"}, {"--forks", "1"}, {"--iterations", "5"}, {"--seconds", "1"}, {"--gpu", "0"}}) {
            assertEquals("", printed(2, "bench", "--list", "--device", "emulated", option[0], option[1]), option[0]);
        }
        assertEquals("", printed(2, "bench", "--list", "--gpu", "1"));
    }

    /// Before anything is measured.
    @Test void aTableThatCannotBeSaved() throws IOException {
        assertEquals("", printed(1, "bench", "--device", "emulated", "--json", Files.writeString(temp.resolve("file"), "").resolve("table.json").toString()));
        assertEquals("", printed(1, "bench", "--device", "emulated", "--json", temp.toString()));
        Path table = temp.resolve("new/table.json");
        printed(0, "bench", "--device", "emulated", "Normalization", "--json", table.toString());
        assertTrue(Files.readString(table).contains("\"kernel\" : \"Normalization."));
    }
}
