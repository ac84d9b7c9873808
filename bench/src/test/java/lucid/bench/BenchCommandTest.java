package lucid.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import lucid.grpo.cli.Lucid;
import org.junit.jupiter.api.Test;

/// The command line, which lives below this module, finds the command by its service entry.
class BenchCommandTest {
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

    @Test void wrongUsage() { assertEquals("", printed(2, "bench", "--threads", "0")); }
}
