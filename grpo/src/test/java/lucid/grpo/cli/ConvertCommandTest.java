package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lucid.grpo.session.ModelFolder;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerJson;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest extends CommandTest {
    @TempDir static Path root;
    private static Path model;
    @TempDir Path temp;

    @BeforeAll static void make() {
        model = root.resolve("model");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", model, "--seed", 1).ok();
    }

    private void leavesNothing() throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            assertEquals(List.of(), files.filter(f -> f.getFileName().toString().contains("out")).toList());
        }
    }

    @Test void thereAndBackInEveryFormat() throws IOException {
        for (String format : new String[] {"safetensors", "bin", "BIN_LEGACY"}) {
            for (String layout : new String[] {"single", "sharded", "folders"}) {
                Path out = temp.resolve(format + layout);
                lucid(Stream.concat(Stream.of("convert", model, out, "--format", format, "--layout", layout),
                        layout.equals("sharded") ? Stream.of("--max-shard-mb", 1) : Stream.empty()).toArray()).ok();
                lucid("model", "info", out).ok();
                Path back = temp.resolve(format + layout + "-back");
                lucid("convert", out, back).ok();
                assertEquals(-1, Files.mismatch(model.resolve("model.safetensors"), back.resolve("model.safetensors")));
            }
        }
        assertTrue(lucid("convert", "--help").ok().out().replaceAll("\\s+", " ").contains("bin_legacy as it did before PyTorch 1.6"));
    }

    /// A run keeps one tokenizer for all its checkpoints; the new folder stands alone.
    @Test void aRunsNewestCheckpointWithTheRunsTokenizer() throws IOException {
        Path run = FakeRun.begin(temp.resolve("run"));
        Path other = temp.resolve("other");
        lucid("init", "--config", "tinyllava-video-tiny", "--out", other, "--seed", 2).ok();
        Path oldest = FakeRun.checkpoint(run, "00-first-000001-done", other);
        FakeRun.checkpoint(run, "01-second-000001", model);
        Tokenizer tokenizer = new BpeTrainer(270, 2, List.of("<|endoftext|>")).train(List.of("one two one two")).tokenizer();
        TokenizerJson.write(tokenizer, run.resolve("tokenizer.json"));
        Path newest = temp.resolve("newest");
        lucid("convert", run, newest).ok();
        assertFalse(Files.exists(newest.resolve("state.json")), "it says where the run stood, and this is no run");
        assertEquals(-1, Files.mismatch(model.resolve("model.safetensors"), newest.resolve("model.safetensors")));
        assertEquals(tokenizer.vocabSize(), ModelFolder.tokenizer(newest).vocabSize());
        Path named = temp.resolve("named");
        lucid("convert", oldest, named, "--layout", "folders").ok();
        assertEquals(-1, Files.mismatch(run.resolve("tokenizer.json"), named.resolve("tokenizer.json")));
    }

    @Test void wrongUse() throws IOException {
        Path out = temp.resolve("out");
        for (String[] wrong : new String[][] {{"--format", "tar"}, {"--layout", "tar"}, {"--dtype", "i8"}, {"--max-shard-mb", "x"}}) {
            Outcome o = lucid("convert", model, out, wrong[0], wrong[1]);
            assertEquals(2, o.status(), o.err());
            assertTrue(o.err().contains(wrong[0]) && o.err().contains(wrong[1]), o.err());
        }
        lucid("convert", model, out, "--formt", "bin").misusedWith("unknown option --formt; did you mean --format?");
        assertTrue(lucid("convert", model, out, "--format", "tar").err().contains("[SAFETENSORS, BIN, BIN_LEGACY]"));
        assertTrue(lucid("convert", model, out, "--dtype", "i8").err().contains("[BF16, F16, F32]"));
        for (long mb : new long[] {0, -1, Long.MAX_VALUE})
            lucid("convert", model, out, "--max-shard-mb", mb).misusedWith("--max-shard-mb: found " + mb, "wanted 1 to");
        for (Object[] layout : new Object[][] {{}, {"--layout", "folders"}}) {
            lucid(Stream.concat(Stream.of("convert", model, out, "--max-shard-mb", 1), Stream.of(layout)).toArray())
                    .misusedWith("--max-shard-mb with --layout " + (layout.length == 0 ? "SINGLE" : "FOLDERS") + ": there are no shards");
        }
        lucid("convert", temp.resolve("nowhere"), out).failedWith("nowhere", "no such folder");
        Path inside = model.resolve("inside-out");
        lucid("convert", model, inside).failedWith("lucid convert: " + inside + " lies in " + model
                + ", which is converted; wanted a folder elsewhere");
        lucid("convert", model, model).failedWith("lucid convert: " + model + " is there already");
        for (String option : new String[] {"--merge-adapter", "--unmerge-adapter"})
            lucid("convert", model, out, option, model).failedWith(option, "adapter_config.json", "wanted the folder of a LoRA adapter");
        leavesNothing();
    }

    @Test void placesThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "I was here first");
        for (String format : new String[] {"safetensors", "bin", "bin_legacy"}) {
            lucid("convert", model, file.resolve("x"), "--format", format).failedWith("lucid convert: " + file.resolve("x") + " cannot be written",
                    "in a folder that can be written");
        }
        assertEquals("I was here first", Files.readString(file));
    }

    /// Found before the first weight is written, which may be gigabytes before the end.
    @Test void aDamagedSource() throws IOException {
        Path out = temp.resolve("out");
        Path damaged = ParityCommandTest.copy(model, temp.resolve("damaged"));
        String config = Files.readString(damaged.resolve("config.json"));
        Files.writeString(damaged.resolve("config.json"), config.substring(0, config.length() / 2));
        lucid("convert", damaged, out, "--format", "bin_legacy").failedWith("config.json", "not sound JSON", "line ");
        Files.delete(damaged.resolve("config.json"));
        lucid("convert", damaged, out, "--layout", "folders").failedWith("found no config.json", "text_config");
        lucid("model", "info", damaged).failedWith("config.json", "no such file");
        Path legacy = temp.resolve("legacy");
        lucid("convert", model, legacy, "--format", "bin_legacy").ok();
        byte[] all = Files.readAllBytes(legacy.resolve("pytorch_model.bin"));
        Files.write(legacy.resolve("pytorch_model.bin"), Arrays.copyOf(all, all.length - 1));
        lucid("convert", legacy, out).failedWith("pytorch_model.bin", "truncated or damaged");
        assertFalse(Files.exists(out));
        leavesNothing();
    }
}
