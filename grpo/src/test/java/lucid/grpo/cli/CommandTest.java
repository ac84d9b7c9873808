package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/// Runs command lines in this process, as a user would, and keeps what they print.
abstract class CommandTest {
    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;

    /// What one command line did.
    record Outcome(int status, String out, String err) {
        /// Failed with status 1 and one message that has all of this in it.
        void failedWith(String... parts) { endedWith(1, parts); }

        /// Wrong usage: status 2 and a message that has all of this in it.
        void misusedWith(String... parts) { endedWith(2, parts); }

        private void endedWith(int wanted, String... parts) {
            assertEquals(wanted, status, out + err);
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

    /// The same in a JVM of its own, with more in its environment.
    static Outcome lucid(Map<String, String> environment, Object... args) throws IOException {
        Path err = Files.createTempFile("lucid", ".err");
        try {
            Process process = builder(environment, args).redirectError(err.toFile()).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), out, Files.readString(err));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            Files.deleteIfExists(err);
        }
    }

    /// Only started; what it complains about goes to a file, and what it prints to another: `printed` beside that.
    static Process start(Path err, Object... args) throws IOException { return start(Map.of(), err, args); }

    static Process start(Map<String, String> environment, Path err, Object... args) throws IOException {
        return builder(environment, args).redirectOutput(err.resolveSibling("printed").toFile()).redirectError(err.toFile()).start();
    }

    /// Ctrl-C; where a process has that ignored, as a script's background jobs have, a polite kill, which Lucid takes the same way. Waits for the
    /// end, for which it returns the exit status that is wanted.
    static int interrupt(Process process) throws IOException, InterruptedException {
        assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "there no kill is polite");
        Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
        boolean polite = Files.exists(status) && Files.readAllLines(status).stream()
                .anyMatch(l -> l.startsWith("SigIgn:") && (Long.parseUnsignedLong(l.substring(7).strip(), 16) & 1 << SIGINT - 1) != 0);
        if (polite) process.toHandle().destroy();
        else assertEquals(0, new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor());
        assertTrue(process.waitFor(180, TimeUnit.SECONDS), "it did not end");
        return 128 + (polite ? SIGTERM : SIGINT);
    }

    /// Waits for something that a process is about to do.
    static void await(Process process, Path err, Callable<Boolean> done) throws Exception {
        long end = System.nanoTime() + 180_000_000_000L;
        while (!done.call()) {
            assertTrue(System.nanoTime() < end && process.isAlive(), () -> "it never came to that: " + text(err));
            Thread.sleep(5);
        }
    }

    static String text(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ProcessBuilder builder(Map<String, String> environment, Object... args) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Xmx1g", "-cp", System.getProperty("java.class.path"), Lucid.class.getName()));
        for (Object a : args) command.add(String.valueOf(a));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return builder;
    }

    /// All that commands print has keys of this style.
    static void snakeCase(JsonNode printed) {
        printed.properties().forEach(e -> assertTrue(e.getKey().matches("[a-z0-9]+(_[a-z0-9]+)*"), "key " + e.getKey()));
        printed.forEach(CommandTest::snakeCase);
    }

    static Path golden(String path) {
        try {
            return Path.of(CommandTest.class.getResource("/golden/" + path).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
