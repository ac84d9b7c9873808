package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where standard output takes nothing any more.
class StandardOutputTest extends CommandTest {
    private static final Path FULL = Path.of("/dev/full");

    @TempDir Path temp;

    private int run(ProcessBuilder process) throws IOException, InterruptedException {
        return process.redirectError(temp.resolve("err").toFile()).start().waitFor();
    }

    @Test void aFullDiskIsAFailure() throws Exception {
        assumeTrue(Files.exists(FULL), "no " + FULL + " on this system");
        for (Object[] words : new Object[][] {{"--help"}, {"tokenizer", "info", "--tokenizer", golden("tokenizer/bpe_train_400")}}) {
            assertEquals(1, run(builder(Map.of(), words).redirectOutput(FULL.toFile())), () -> text(temp.resolve("err")));
            assertEquals("lucid: standard output: could not be written: No space left on device", Files.readAllLines(temp.resolve("err")).getLast());
        }
        assertEquals(2, run(builder(Map.of(), "tokenizer").redirectOutput(FULL.toFile())));
        assertFalse(text(temp.resolve("err")).contains("standard output"), "nothing was printed there");
    }

    /// `lucid ... | head` wants no more than it has read.
    @Test void aReaderThatWentIsNone() throws Exception {
        Process process = builder(Map.of(), "tokenizer", "info", "--tokenizer", golden("tokenizer/bpe_train_400"))
                .redirectError(temp.resolve("err").toFile()).start();
        process.getInputStream().close();
        assertEquals(0, process.waitFor());
        assertFalse(text(temp.resolve("err")).contains("lucid"), text(temp.resolve("err")));
    }
}
