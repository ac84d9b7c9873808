package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is written where, as each of the three standard streams is a terminal or none.
class TerminalTest {
    @TempDir Path temp;

    /// Bars are drawn where standard error goes.
    @Test void aBarIsDrawnOnATerminalAndPrintedIntoAFile() throws IOException, InterruptedException {
        PseudoTerminal terminal = new PseudoTerminal(temp);
        terminal.java(OneBar.class, "2> err", "");
        // Before it stands the virtual machine's own warning.
        assertEquals("done 1/1  ", Files.readAllLines(temp.resolve("err")).getLast().replaceAll(" \\(.*\\)", " "));
        String drawn = terminal.java(OneBar.class, "> out", "");
        assertTrue(drawn.contains("\u001B[K") && drawn.contains("█"), drawn);
    }

    /// A result is styled where it goes itself, and a prompt is for who types and sees it.
    @Test void aResultIsStyledWhereItGoes() throws IOException, InterruptedException {
        assertEquals("styled true, interactive true", told(""));
        assertEquals("styled true, interactive true", told("2> err"));
        assertEquals("styled false, interactive false", told("> out"));
        assertEquals("styled true, interactive false", told("< /dev/null"));
    }

    private String told(String redirection) throws IOException, InterruptedException {
        new PseudoTerminal(temp).java(Streams.class, "told " + redirection, "");
        return Files.readString(temp.resolve("told"));
    }

    static final class OneBar {
        public static void main(String[] args) {
            try (Console.Bar bar = Console.standard().bar("done", 1)) {
                bar.update(1);
            }
        }
    }

    static final class Streams {
        public static void main(String[] args) throws IOException {
            Files.writeString(Path.of(args[0]), "styled " + Console.isOutputStyled() + ", interactive " + Console.isInteractive());
        }
    }
}
