package lucid.grpo.console;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/// The characters of the standard streams: a terminal has its own, files and pipes have UTF-8 on every system.
public final class StandardStreams {
    private StandardStreams() {}

    /// Makes `System.out` and `System.err` so. Windows' Java would write a code page into a pipe, and a question mark for every character that it lacks; JSON there was no JSON.
    public static void setUp() {
        if (isCodePage(System.out, CLibrary.STANDARD_OUTPUT)) System.setOut(utf8(FileDescriptor.out));
        if (isCodePage(System.err, CLibrary.STANDARD_ERROR)) System.setErr(utf8(FileDescriptor.err));
    }

    /// Prints in the characters of a stream; picocli's own writers have UTF-8, whatever the terminal shows.
    public static PrintWriter writer(PrintStream stream) { return new PrintWriter(stream, true, stream.charset()); }

    /// Lines that are typed or piped.
    public static BufferedReader input() {
        Charset typed = CLibrary.isTerminal(CLibrary.STANDARD_INPUT) ? Charset.forName(System.getProperty("stdin.encoding", "UTF-8")) : StandardCharsets.UTF_8;
        return new BufferedReader(new InputStreamReader(System.in, typed));
    }

    private static boolean isCodePage(PrintStream stream, int number) { return !stream.charset().equals(StandardCharsets.UTF_8) && !CLibrary.isTerminal(number); }

    private static PrintStream utf8(FileDescriptor file) { return new PrintStream(new BufferedOutputStream(new FileOutputStream(file)), true, StandardCharsets.UTF_8); }
}
