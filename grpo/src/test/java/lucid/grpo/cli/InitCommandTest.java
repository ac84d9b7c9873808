package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import lucid.grpo.recipe.RecipeReader;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InitCommandTest extends CommandTest {
    @TempDir Path folder;
    @TempDir Path elsewhere;

    @Test void configurationsAreFoundByNameFileFolderAndRecipe() throws IOException {
        Path tiny = folder.resolve("tiny");
        assertTrue(lucid("init", "--config", "tinyllava-video-tiny", "--out", tiny, "--seed", 5).ok().out()
                .contains("117 tensors, 574,816 numbers, 1,149,632 bytes"));
        lucid("init", "--config", tiny.resolve("config.json"), "--out", folder.resolve("file"), "--seed", 5, "--threads", 1).ok();
        lucid("init", "--config", tiny, "--out", folder.resolve("folder"), "--seed", 5).ok();
        for (String other : new String[] {"file", "folder"})
            assertEquals(-1, Files.mismatch(tiny.resolve("model.safetensors"), folder.resolve(other).resolve("model.safetensors")));
        assertTrue(lucid("init", "--config", "recipes/demo", "--out", folder.resolve("demo"), "--seed", 1, "--dtype", "f32", "--scale", "fan_in").ok()
                .out().contains("1,5"));
        Path mine = Files.writeString(folder.resolve("mine.json"), RecipeReader.write(RecipeReader.read("demo")));
        lucid("init", "--config", mine, "--out", folder.resolve("mine"), "--seed", 1, "--dtype", "f32", "--scale", "fan_in").ok();
        assertEquals(-1, Files.mismatch(folder.resolve("demo/model.safetensors"), folder.resolve("mine/model.safetensors")));
    }

    @Test void aTokenizerComesWithIt() throws IOException {
        Path words = golden("tokenizer/bpe_train_400/tokenizer.json");
        Path out = folder.resolve("spoken");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", out, "--seed", 5, "--tokenizer", words).ok();
        Tokenizer a = TokenizerFiles.load(words);
        assertTrue(Files.exists(out.resolve("vocab.json")) && Files.exists(out.resolve("merges.txt")));
        assertEquals(a.vocabSize(), TokenizerFiles.load(out).vocabSize());
    }

    @Test void everyFormatThatConvertWrites() throws IOException {
        Path tiny = folder.resolve("tiny");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", tiny, "--seed", 5).ok();
        for (String format : new String[] {"bin", "bin_legacy"}) {
            Path made = folder.resolve("made-" + format);
            assertTrue(lucid("init", "--config", "tinyllava-video-tiny", "--out", made, "--seed", 5, "--format", format).ok().out()
                    .contains("pytorch_model.bin"));
            lucid("convert", tiny, folder.resolve("converted-" + format), "--format", format).ok();
            assertEquals(-1, Files.mismatch(made.resolve("pytorch_model.bin"), folder.resolve("converted-" + format).resolve("pytorch_model.bin")));
            lucid("convert", made, folder.resolve("back-" + format)).ok();
            assertEquals(-1, Files.mismatch(tiny.resolve("model.safetensors"), folder.resolve("back-" + format).resolve("model.safetensors")));
        }
        Outcome wrong = lucid("init", "--config", "tinyllava-video-tiny", "--out", folder.resolve("x"), "--seed", 5, "--format", "onnx");
        assertEquals(2, wrong.status());
        for (String part : new String[] {"--format", "onnx", "SAFETENSORS", "BIN", "BIN_LEGACY"}) assertTrue(wrong.err().contains(part), wrong.err());
        assertFalse(Files.exists(folder.resolve("x")));
    }

    /// A polite kill, as Ctrl-C, in the middle of 7 GB.
    @ParameterizedTest
    @ValueSource(strings = {"safetensors", "bin", "bin_legacy"})
    void anInterruptedOneLeavesNothing(String format) throws IOException, InterruptedException {
        Path err = elsewhere.resolve("err");
        Process process = start(err, "init", "--config", "tinyllava-video-r1", "--out", folder.resolve("full"), "--seed", 1, "--format", format,
                "--threads", 2);
        try {
            long end = System.nanoTime() + 60_000_000_000L;
            while (written() < 3_000_000) {
                assertTrue(System.nanoTime() < end && process.isAlive(), "it never began to write");
                Thread.sleep(20);
            }
            process.toHandle().destroy();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() != 0, Files.readString(err));
        } finally {
            process.destroyForcibly().waitFor();
        }
        String said = Files.readString(err);
        assertTrue(said.contains("stopping; what was written of " + folder.resolve("full") + " is being deleted ... (Ctrl-C again ends at once)"),
                said);
        assertFalse(said.contains("Exception"), said);
        assertEquals(List.of(), list(folder));
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    // Of the folder that is not there yet.
    private long written() throws IOException {
        long sum = 0;
        for (Path inside : list(folder)) for (Path file : list(inside)) sum += Files.size(file);
        return sum;
    }

    @Test void badInputIsRefused() throws IOException {
        lucid("init", "--config", "tinylava", "--out", folder.resolve("x"), "--seed", 1).failedWith("tinylava", "tinyllava-video-r1", "demo");
        Path mine = Files.writeString(folder.resolve("mine.json"), RecipeReader.write(RecipeReader.read("tinyllava-video-r1")));
        lucid("init", "--config", mine, "--out", folder.resolve("x"), "--seed", 1).failedWith("lucid init: " + mine + " has no model of its own",
                "tinyllava-video-r1");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", folder, "--seed", 1).failedWith("is there already");
        Outcome wrong = lucid("init", "--config", "tinyllava-video-tiny", "--out", folder.resolve("x"), "--seed", 1, "--dtype", "i64");
        assertEquals(2, wrong.status());
        assertTrue(wrong.err().contains("--dtype") && wrong.err().contains("i64") && wrong.err().contains("[BF16, F16, F32]"), wrong.err());
        lucid("init", "--config", "siglip-so400m-patch14-384", "--out", folder.resolve("x"), "--seed", 1, "--layout", "folders")
                .failedWith("language_model.", "layout of folders");
        Path file = Files.writeString(folder.resolve("file"), "I was here first");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", file.resolve("x"), "--seed", 1, "--format", "bin_legacy")
                .failedWith("lucid init: " + file.resolve("x"), "in a folder that can be written");
        assertFalse(Files.exists(folder.resolve("x")));
    }
}
