package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
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

    /// The terminal knows how wide it is; one that does not has what the shell says, or 80 columns.
    @Test void aBarFitsIntoItsTerminal() throws IOException, InterruptedException {
        assertEquals(49, width("stty cols 50; "));
        assertEquals(49, width("stty cols 50; COLUMNS=60 "));
        assertEquals(59, width("stty cols 0; COLUMNS=60 "));
        assertEquals(79, width("stty cols 0; unset COLUMNS; "));
    }

    private int width(String first) throws IOException, InterruptedException {
        String drawn = new PseudoTerminal(temp).java(first, NotedBar.class, "> out", "");
        return drawn.substring(drawn.lastIndexOf("\u001B[K") + 3).lines().findFirst().orElseThrow().length();
    }

    /// A result is styled where it goes itself, and a prompt is for who types and sees it.
    @Test void aResultIsStyledWhereItGoes() throws IOException, InterruptedException {
        assertEquals("styled true, interactive true", told(""));
        assertEquals("styled true, interactive true", told("2> err"));
        assertEquals("styled false, interactive false", told("> out"));
        assertEquals("styled true, interactive false", told("< /dev/null"));
    }

    /// A terminal shows the characters of its system, what reads a pipe or a file wants UTF-8.
    @Test void aTerminalHasTheSystemsCharacters() throws IOException, InterruptedException {
        PseudoTerminal terminal = new PseudoTerminal(temp);
        terminal.java(Characters.class, "told", "Grün\n");
        assertEquals("out ISO-8859-1, err ISO-8859-1, typed GrÃ¼n", Files.readString(temp.resolve("told")));
        terminal.java(Characters.class, "told > out 2> err < typed", "Grün\n");
        assertEquals("out UTF-8, err UTF-8, typed Grün", Files.readString(temp.resolve("told")));
        assertEquals("Grün", Files.readString(temp.resolve("out")).strip());
    }

    /// As the shell of an editor is: it would show every escape.
    @Test void aDumbTerminalGetsLines() throws IOException, InterruptedException {
        String drawn = new PseudoTerminal(temp).java("TERM=dumb ", OneBar.class, "", "");
        assertTrue(drawn.contains("done 1/1") && !drawn.contains("\u001B"), drawn);
        new PseudoTerminal(temp).java("TERM=dumb ", Streams.class, "told", "");
        assertEquals("styled false, interactive true", Files.readString(temp.resolve("told")));
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

    static final class NotedBar {
        public static void main(String[] args) {
            try (Console.Bar bar = Console.standard().bar("done", 1)) {
                bar.update(1, "note ".repeat(50));
            }
        }
    }

    // A virtual machine that was told a code page by its system.
    static final class Characters {
        public static void main(String[] args) throws IOException {
            System.setProperty("stdin.encoding", "ISO-8859-1");
            System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.ISO_8859_1));
            System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.ISO_8859_1));
            StandardStreams.setUp();
            String typed = StandardStreams.input().next();
            if (System.out.charset().equals(StandardCharsets.UTF_8)) StandardStreams.writer(System.out).println(typed);
            Files.writeString(Path.of(args[0]), "out " + System.out.charset() + ", err " + System.err.charset() + ", typed " + typed);
        }
    }

    static final class Streams {
        public static void main(String[] args) throws IOException {
            Files.writeString(Path.of(args[0]), "styled " + Console.isOutputStyled() + ", interactive " + Console.isInteractive());
        }
    }
}
