package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// A machine that is too small is said to be, without a trace.
class ExhaustionTest extends CommandTest {
    @TempDir Path temp;

    @Command(name = "fail")
    private record Failing(Throwable with) implements Callable<Integer> {
        @Override public Integer call() throws Exception {
            if (with instanceof Error e) throw e;
            throw (Exception) with;
        }
    }

    private static void failed(Throwable with, String... parts) {
        StringWriter err = new StringWriter();
        CommandLine line = Lucid.commandLine().addSubcommand(new Failing(with)).setErr(new PrintWriter(err, true));
        new Outcome(Lucid.run(line, "fail"), "", err.toString()).failedWith(parts);
        assertEquals(1, err.toString().lines().count(), err.toString());
    }

    @Test void eachIsNamedWithWhatHelps() {
        failed(new StackOverflowError(), "the stack is used up", "LUCID_JVM=-Xss");
        failed(new OutOfMemoryError("unable to create native thread: possibly out of memory or process/resource limits reached"),
                "starts no more threads", "a smaller --threads");
        failed(new OutOfMemoryError("Cannot reserve 64 bytes of direct buffer memory"), "out of memory: Cannot reserve 64 bytes", "fewer frames");
        failed(new OutOfMemoryError(), "out of memory: it is not said of which kind; ");
        failed(new ExecutionException(new OutOfMemoryError("Java heap space")), "out of memory: Java's heap of ", "LUCID_JVM=-Xmx");
    }

    /// As when somebody edits a source while the demo trains, and looks at the run with another command.
    @Test void aBuildThatReplacedTheClasses() {
        failed(new NoClassDefFoundError("lucid/grpo/report/Report"), "Lucid was built again while this ran", "(lucid/grpo/report/Report)",
                "--resume");
        failed(new NoSuchMethodError("'void lucid.grpo.report.Report.write()'"), "Lucid was built again while this ran");
        for (Error fault : List.of(new NoClassDefFoundError("Could not initialize class lucid.kernels.SimdDevice"),
                new NoClassDefFoundError("org/jcuda/Driver"))) {
            assertEquals(fault, assertThrows(Error.class, () -> Lucid.run(Lucid.commandLine().addSubcommand(new Failing(fault)), "fail")));
        }
    }

    @Test void theHeapItself() throws Exception {
        Path text = Files.writeString(temp.resolve("text.txt"), "the ring moves up\n".repeat(2_000_000));
        Outcome o = lucid(Map.of("_JAVA_OPTIONS", "-Xmx32m"), "tokenizer", "train", text, "--vocab", 300, "--out", temp.resolve("tok"));
        o.failedWith("out of memory: Java's heap of 3", " MiB is used up; wanted a larger one (LUCID_JVM=-Xmx");
        assertTrue(!o.err().contains("\tat ") && !Files.exists(temp.resolve("tok")), o.err());
    }
}
