package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.grpo.recipe.RecipeReader;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitCommandTest extends CommandTest {
    @TempDir Path folder;

    @Test void configurationsAreFoundByNameFileFolderAndRecipe() throws IOException {
        Path tiny = folder.resolve("tiny");
        assertTrue(lucid("init", "--config", "tinyllava-video-tiny", "--out", tiny, "--seed", 5).ok().out().contains("117 tensors, 574,816 numbers, 1,149,632 bytes"));
        lucid("init", "--config", tiny.resolve("config.json"), "--out", folder.resolve("file"), "--seed", 5, "--threads", 1).ok();
        lucid("init", "--config", tiny, "--out", folder.resolve("folder"), "--seed", 5).ok();
        for (String other : new String[] {"file", "folder"}) assertEquals(-1, Files.mismatch(tiny.resolve("model.safetensors"), folder.resolve(other).resolve("model.safetensors")));
        assertTrue(lucid("init", "--config", "recipes/demo", "--out", folder.resolve("demo"), "--seed", 1, "--dtype", "f32", "--scale", "fan_in").ok().out().contains("1,5"));
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
            assertTrue(lucid("init", "--config", "tinyllava-video-tiny", "--out", made, "--seed", 5, "--format", format).ok().out().contains("pytorch_model.bin"));
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

    @Test void badInputIsRefused() {
        lucid("init", "--config", "tinylava", "--out", folder.resolve("x"), "--seed", 1).failedWith("tinylava", "tinyllava-video-r1", "demo");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", folder, "--seed", 1).failedWith("is there already");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", folder.resolve("x"), "--seed", 1, "--dtype", "i64").failedWith("I64", "BF16");
    }
}
