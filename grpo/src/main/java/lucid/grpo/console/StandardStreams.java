package lucid.grpo.console;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The characters of the standard streams: a terminal has its own, files and pipes have UTF-8 on every system. And what became of standard output, as
/// Java's own stream says nothing of a full disk.
public final class StandardStreams {
    private static final Output OUTPUT = new Output();

    private StandardStreams() {}

    /// Makes `System.out` and `System.err` so. Windows' Java would write a code page into a pipe, and a question mark for every character that it
    /// lacks; JSON there was no JSON.
    public static void setUp() {
        System.setOut(new PrintStream(new BufferedOutputStream(OUTPUT), true, charset(System.out, CLibrary.STANDARD_OUTPUT)));
        Charset error = charset(System.err, CLibrary.STANDARD_ERROR);
        if (!error.equals(System.err.charset()))
            System.setErr(new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.err)), true, error));
    }

    /// Why something that was printed since [#setUp] did not reach standard output. A reader that has closed its pipe is no fault: it has all that it
    /// wanted.
    public static Optional<IOException> fault() {
        System.out.flush();
        return Optional.ofNullable(OUTPUT.fault);
    }

    /// Prints in the characters of a stream; picocli's own writers have UTF-8, whatever the terminal shows.
    public static PrintWriter writer(PrintStream stream) { return new PrintWriter(stream, true, stream.charset()); }

    /// Lines that are typed or piped.
    public static Lines input() {
        return new Lines(System.in, CLibrary.isTerminal(CLibrary.STANDARD_INPUT) ? Charset.forName(System.getProperty("stdin.encoding", "UTF-8"))
                : StandardCharsets.UTF_8);
    }

    private static Charset charset(PrintStream stream, int number) {
        return stream.charset().equals(StandardCharsets.UTF_8) || CLibrary.isTerminal(number) ? stream.charset() : StandardCharsets.UTF_8;
    }

    /// Each is decoded by itself, so that one that is no text can be refused and the next be read.
    public record Lines(InputStream in, Charset charset) {
        /// The next line; null at the end.
        ///
        /// @throws CharacterCodingException the line holds bytes that are no characters
        public String next() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            int next;
            while ((next = in.read()) >= 0 && next != '\n') line.write(next);
            return next < 0 && line.size() == 0 ? null : charset.newDecoder().decode(ByteBuffer.wrap(line.toByteArray())).toString();
        }
    }

    /// Remembers its first fault, which the print streams above it swallow.
    private static final class Output extends OutputStream {
        private final FileOutputStream file = new FileOutputStream(FileDescriptor.out);
        private volatile IOException fault;

        @Override public void write(int one) throws IOException { write(new byte[] {(byte) one}, 0, 1); }

        @Override public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                file.write(bytes, from, length);
            } catch (IOException e) {
                if (fault == null && isFile()) fault = e;
                throw e;
            }
        }

        // What has a position is no pipe; a pipe's fault has its name in the user's language.
        private boolean isFile() {
            try {
                return file.getChannel().position() >= 0;
            } catch (IOException _) {
                return false;
            }
        }
    }
}
