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

    /// A terminal that is too narrow shows less, and never two lines.
    @Test void aBarIsNeverWiderThanTheTerminal() {
        for (int columns = 1; columns < 160; columns++) {
            String drawn = drawn(columns, "reward 0.625, kl 0.0123, entropy 1.234, format 1.000, 漢字.safetensors");
            assertTrue(drawn.codePoints().map(c -> c == '漢' || c == '字' ? 2 : 1).sum() < Math.max(2, columns), columns + ": " + drawn);
        }
        String half = "grpo " + "█".repeat(12) + "░".repeat(12) + " 50/100 ";
        assertEquals(half + "to the end", drawn(48, "to the end"));
        assertEquals(half + "to the e…", drawn(47, "to the end"));
        assertEquals(half, drawn(38, "to the end"));
        assertEquals("grpo ███░░░░ 50/100 ", drawn(21, "to the end"));
        assertEquals("grpo 50/1…", drawn(11, "to the end"));
    }

    @Test void controlCharactersAreSeen() {
        assertEquals("a\tb\n^@^[[2J^M^?\\u009b\u00e9", Console.visible("a\tb\n\0\u001B[2J\r\u007f\u009b\u00e9"));
    }

    private static String drawn(int columns, String note) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (Console.Bar bar = new Console(new PrintStream(said, true, StandardCharsets.UTF_8), true, () -> columns).bar("grpo", 100).from(50)) {
            bar.update(50, note);
        }
        return said.toString(StandardCharsets.UTF_8).replace("\r\u001B[K", "").replaceAll("\\R$", "");
    }
}
