package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    @Test void aRateIsShownOnceThereIsOne() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Console console = new Console(new PrintStream(said, true, StandardCharsets.UTF_8), false);
        try (Console.Bar bar = console.bar("making", 100).from(50)) {
            bar.update(50);
            bar.update(100);
        }
        List<String> lines = said.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals("making 50/100 ", lines.getFirst());
        assertTrue(lines.getLast().matches("making 100/100 \\(\\d+(\\.\\d)?/s, 0:00\\) "), lines.getLast());
    }
}
