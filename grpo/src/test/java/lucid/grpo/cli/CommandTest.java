package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Path;
import picocli.CommandLine;

/// Runs command lines in this process, as a user would, and keeps what they print.
abstract class CommandTest {
    /// What one command line did.
    record Outcome(int status, String out, String err) {
        /// Failed with status 1 and one message that has all of this in it.
        void failedWith(String... parts) {
            assertEquals(1, status, out + err);
            for (String part : parts) assertTrue(err.contains(part), "wanted '" + part + "' in: " + err);
            assertTrue(!err.contains("fault of Lucid's own"), err);
        }

        Outcome ok() {
            assertEquals(0, status, out + err);
            return this;
        }
    }

    static Outcome lucid(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Lucid.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) words[i] = String.valueOf(args[i]);
        int status = line.execute(words);
        return new Outcome(status, out.toString(), err.toString());
    }

    static Path golden(String path) {
        try {
            return Path.of(CommandTest.class.getResource("/golden/" + path).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
