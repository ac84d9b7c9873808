package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A terminal for a process's three standard streams, by `script` of util-linux; tests are skipped where there is none.
///
/// @param folder where the process runs
public record PseudoTerminal(Path folder) {
    private static final Path SCRIPT = Path.of("/usr/bin/script");

    /// @param rest  arguments and redirections, for a shell
    /// @param typed on the terminal
    /// @return what the terminal showed
    public String java(Class<?> main, String rest, String typed) throws IOException, InterruptedException { return java("", main, rest, typed); }

    /// @param first what the shell does before
    public String java(String first, Class<?> main, String rest, String typed) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(SCRIPT), "no " + SCRIPT + " on this system");
        String java = Path.of(System.getProperty("java.home"), "bin", "java")
                + " --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Dstderr.encoding=UTF-8 -cp '"
                + System.getProperty("java.class.path") + "' " + main.getName().replace("$", "\\$");
        Path input = Files.writeString(folder.resolve("typed"), typed);
        ProcessBuilder builder = new ProcessBuilder(List.of(SCRIPT.toString(), "-q", "-e", "-c", first + java + " " + rest, "typescript"))
                .directory(folder.toFile())
                .redirectInput(input.toFile()).redirectErrorStream(true).redirectOutput(folder.resolve("said").toFile());
        builder.environment().remove("NO_COLOR");
        builder.environment().put("TERM", "xterm");
        Process process = builder.start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("said")));
        return Files.readString(folder.resolve("typescript"));
    }
}
