package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lucid.grpo.data.DriftData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredType;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerJson;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An adapter from the command line: trained, asked, merged.
class LoraCommandTest extends CommandTest {
    @TempDir static Path root;
    private static Path base;
    private static Path data;
    private static Path run;
    private static Recipe recipe;

    @TempDir Path temp;

    @BeforeAll static void trainAnAdapter() throws IOException {
        DriftPlan plan = new DriftPlan(3, 64, 5);
        Tokenizer tokenizer = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(plan, 30)).tokenizer();
        Qwen2Config text = new Qwen2Config(tokenizer.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, tokenizer.eosId());
        TinyLlavaConfig config = TinyLlavaConfig.of(text, new SiglipVisionConfig(20, 27, 3, 2, 16, 5, 1e-6f),
                new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512, tokenizer.eosId());
        base = Files.createDirectory(root.resolve("base"));
        try (Device d = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(d, config, 4, Initialization.fanIn(2, 3))) {
            model.save(base, StoredType.BF16);
        }
        TokenizerJson.write(tokenizer, base.resolve("tokenizer.json"));
        var adamW = new Stage.OptimizerSpec(0.1, 0.9, 0.999, 1e-8, 0, "constant", 0, 0.1, 1.0);
        var stage = new Stage.Supervised("talk", "base", 12, Map.of("document", 2), adamW, List.of(Stage.Part.LANGUAGE_MODEL), 4);
        recipe = new Recipe("toy", "", "", List.of(), 5, null, null, new Recipe.DataSpec("drift", 4, 16, 64, 5, 3L, null, null), List.of(stage),
                new Recipe.EvaluationSpec(5, 2, 4, 0))
                .withLora(new Recipe.Lora(2, 4, 0, List.of("q_proj", "o_proj", "up_proj", "down_proj")));
        data = root.resolve("data");
        run = root.resolve("run");
        train(run, recipe, base).ok();
    }

    private static Outcome train(Path out, Recipe recipe, Path model) throws IOException {
        Path file = Files.createTempFile(root, "recipe", ".json");
        Files.writeString(file, RecipeReader.write(recipe));
        return model == null ? lucid("sft", "--recipe", file, "--data", data, "--out", out, "--threads", 2)
                : lucid("sft", "--recipe", file, "--data", data, "--out", out, "--threads", 2, "--model", model);
    }

    private static String answer(Path model) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            Path clip = files.filter(f -> f.toString().endsWith(".mp4")).sorted().findFirst().orElseThrow();
            return lucid("generate", "--model", model, "--video", clip, "--question", "Which first?", "--direct", "--max-tokens", 12, "--threads", 1)
                    .ok().out();
        }
    }

    @Test void aRunWithAnAdapterIsAModelLikeAnother() throws IOException {
        Path merged = temp.resolve("merged");
        lucid("convert", base, merged, "--dtype", "f32", "--merge-adapter", RunFolder.checkpoints(run).getLast()).ok();
        assertTrue(Files.size(merged.resolve("model.safetensors")) > Files.size(base.resolve("model.safetensors")));
        assertEquals(answer(merged), answer(run));
        assertFalse(answer(base).equals(answer(run)), "the adapter has learned to say something else");
        Path back = temp.resolve("back");
        lucid("convert", merged, back, "--dtype", "bf16", "--unmerge-adapter", RunFolder.checkpoints(run).getLast()).ok();
        assertEquals(answer(base), answer(back));
    }

    @Test void stepsOfAnAdaptersRunAreReplayed() {
        assertTrue(lucid("replay", run, "--step", 3, "--model", base, "--threads", 1).ok().out()
                .contains(" met (replayed 3 steps from the beginning in "));
        lucid("replay", run, "--step", 3, "--threads", 1).misusedWith("began from a model", "--model");
    }

    @Test void theRunStandsForItsAdapter() throws IOException {
        Path byRun = temp.resolve("by-run");
        Path byCheckpoint = temp.resolve("by-checkpoint");
        lucid("convert", base, byRun, "--merge-adapter", run).ok();
        lucid("convert", base, byCheckpoint, "--merge-adapter", RunFolder.checkpoints(run).getLast()).ok();
        assertEquals(-1, Files.mismatch(byCheckpoint.resolve("model.safetensors"), byRun.resolve("model.safetensors")));
        lucid("convert", run, temp.resolve("no-model")).failedWith("found a LoRA adapter, wanted a whole model",
                "--merge-adapter " + RunFolder.checkpoints(run).getLast());
    }

    @Test void resumingBesideAnotherModelIsRefused() throws IOException {
        Path other = temp.resolve("other");
        lucid("convert", base, other, "--dtype", "f32").ok();
        Path file = Files.writeString(temp.resolve("recipe.json"), RecipeReader.write(recipe));
        lucid("sft", "--recipe", file, "--data", data, "--out", run, "--threads", 2, "--model", other, "--resume")
                .failedWith("another config", "base_fingerprint");
        lucid("sft", "--recipe", file, "--data", data, "--out", run, "--threads", 2, "--model", base, "--resume").ok();
    }

    @Test void recipesThatCannotBe() throws IOException {
        Path out = temp.resolve("out");
        train(out, recipe.withLora(new Recipe.Lora(2, 4, 0.1, List.of("q_proj"))), base).failedWith("lora.dropout", "0.1");
        train(out, recipe.withLora(new Recipe.Lora(2, 4, 0, List.of("lm_head"))), base).failedWith("target_modules", "lm_head");
        train(out, recipe.withLora(new Recipe.Lora(0, 4, 0, List.of("q_proj"))), base).failedWith("lora.r: found 0");
        train(out, recipe, null).misusedWith("wanted --model", "trains an adapter");
        Stage.Supervised s = (Stage.Supervised) recipe.stages().getFirst();
        var wide = new Stage.Supervised(s.name(), s.phase(), s.steps(), s.mix(), s.optimizer(),
                List.of(Stage.Part.CONNECTOR, Stage.Part.LANGUAGE_MODEL), 1);
        train(out, recipe.withStages(List.of(wide)), base).failedWith("stage talk", "trainable", "language_model");
        assertFalse(Files.exists(out));
    }

    /// As peft writes it beside a model that came from the hub: a name, and the revision in a field of its own. The network is not asked.
    @Test void theModelMayBeOneOfTheHub() throws IOException {
        String commit = "0123456789abcdef0123456789abcdef01234567";
        Path repo = temp.resolve("hub/models--some-org--a-model");
        ParityCommandTest.copy(base, Files.createDirectories(repo.resolve("snapshots")).resolve(commit));
        Files.writeString(Files.createDirectories(repo.resolve("refs")).resolve("v1"), commit);
        Path adapter = ParityCommandTest.copy(RunFolder.checkpoints(run).getLast(), temp.resolve("adapter"));
        Path config = adapter.resolve("adapter_config.json");
        String named = Files.readString(config).replace(base.toAbsolutePath().toString(), "some-org/a-model");
        Files.writeString(config, named.replace("\"revision\" : null", "\"revision\" : \"v1\""));
        Map<String, String> offline = Map.of("HF_HUB_CACHE", temp.resolve("hub").toString(), "HF_HUB_OFFLINE", "1");
        Object[] question = {"generate", "--model", adapter, "--prompt", "What", "--max-tokens", 12, "--threads", 1};
        assertEquals(lucid("generate", "--model", run, "--prompt", "What", "--max-tokens", 12, "--threads", 1).ok().out(),
                lucid(offline, question).ok().out());
        Files.writeString(config, named);
        lucid(offline, question).failedWith(config.toString(), "base_model_name_or_path", "some-org/a-model", "HF_HUB_OFFLINE", "--merge-adapter");
    }

    @Test void anAdapterWhoseModelIsGone() throws IOException {
        Path adapter = ParityCommandTest.copy(RunFolder.checkpoints(run).getLast(), temp.resolve("adapter"));
        Path config = adapter.resolve("adapter_config.json");
        Files.writeString(config, Files.readString(config).replace(base.toAbsolutePath().toString(), "/no/such/model"));
        lucid("generate", "--model", adapter, "--prompt", "x", "--threads", 1).failedWith("adapter_config.json", "base_model_name_or_path",
                "/no/such/model", "--merge-adapter");
        lucid("convert", base, temp.resolve("no"), "--merge-adapter", temp.resolve("nothing")).failedWith("adapter_config.json");
        assertEquals(2, lucid("convert", base, temp.resolve("no"), "--merge-adapter", adapter, "--unmerge-adapter", adapter).status());
    }
}
