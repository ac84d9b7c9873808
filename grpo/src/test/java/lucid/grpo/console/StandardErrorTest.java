package lucid.grpo.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bars are drawn where standard error goes. `script` of util-linux gives a process a terminal.
class StandardErrorTest {
    private static final Path SCRIPT = Path.of("/usr/bin/script");

    @TempDir Path temp;

    @Test void aBarIsDrawnOnATerminalAndPrintedIntoAFile() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(SCRIPT), "no " + SCRIPT + " on this system");
        String printed = ran("2> err", "err");
        assertEquals("done 1/1  \n", printed.replaceAll(" \\(.*\\)", " "));
        String drawn = ran("> out", "typescript");
        assertTrue(drawn.contains("\u001B[K") && drawn.contains("█"), drawn);
    }

    private String ran(String redirection, String file) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java") + " --enable-native-access=ALL-UNNAMED -Dstderr.encoding=UTF-8 -cp '" + System.getProperty("java.class.path") + "' " + OneBar.class.getName().replace("$", "\\$");
        ProcessBuilder builder = new ProcessBuilder(List.of(SCRIPT.toString(), "-q", "-e", "-c", java + " " + redirection, "typescript")).directory(temp.toFile()).redirectErrorStream(true).redirectOutput(temp.resolve("said").toFile());
        builder.environment().remove("NO_COLOR");
        Process process = builder.start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(temp.resolve("said")));
        return Files.readString(temp.resolve(file));
    }

    static final class OneBar {
        public static void main(String[] args) {
            try (Console.Bar bar = Console.standard().bar("done", 1)) {
                bar.update(1);
            }
        }
    }
}
