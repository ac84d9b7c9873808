package lucid.grpo.laws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.data.DriftData;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunState;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.params.provider.Arguments;

/// A model of the published architecture with odd little sizes, and recipes that train it in a second or two.
public final class Toy {
    static final DriftPlan PLAN = new DriftPlan(3, 64, 5);
    public static final Tokenizer TOKENIZER = new BpeTrainer(420, 2, List.of("<|endoftext|>")).train(DriftData.corpus(PLAN, 30)).tokenizer();

    private static final long SEED = 11;
    private static final int FRAMES = 4;
    private static final int IMAGE = 16;
    private static final ObjectMapper JSON = new ObjectMapper();

    private Toy() {}

    static TinyLlavaConfig config() {
        Qwen2Config text = new Qwen2Config(TOKENIZER.vocabSize(), 24, 37, 2, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, TOKENIZER.eosId());
        return TinyLlavaConfig.of(text, new SiglipVisionConfig(20, 27, 3, 2, IMAGE, 5, 1e-6f), new ResamplerConfig(20, 24, 3, 7, 2, 2, 8, 2), 512,
                TOKENIZER.eosId());
    }

    public static TinyLlavaVideo model(Device device) { return TinyLlavaVideo.random(device, config(), SEED, Initialization.fanIn(2, 3)); }

    static ToyData data(Runnable atStep) { return new ToyData(new PaintedClips(PLAN, FRAMES, IMAGE), TOKENIZER, atStep); }

    public static ToyData data() { return data(() -> {}); }

    static Stage.OptimizerSpec adamW(double lr) { return new Stage.OptimizerSpec(lr, 0.9, 0.999, 1e-8, 0.01, "cosine_with_min_lr", 2, 0.1, 1.0); }

    /// Learns to say letters; trains the tower too.
    static Stage.Supervised letters(int steps, int saveEvery) {
        Map<String, Integer> mix = new LinkedHashMap<>();
        mix.put("open", 3);
        mix.put("early_document", 2);
        return new Stage.Supervised("letters", "cold_start", steps, mix, adamW(2e-2), List.of(Stage.Part.values()), saveEvery);
    }

    /// What may differ between GRPO stages of these tests.
    ///
    /// @param epsilon clip on both sides; null: none
    public record Knobs(int steps, int prompts, int iterations, int microBatch, Double epsilon, String aggregation, int saveEvery, int interimEvery,
            int rescoreEvery) {
        public static final Knobs PLAIN = new Knobs(3, 4, 1, 4, null, "sequence_mean", 100, 0, 0);

        Knobs steps(int n) { return new Knobs(n, prompts, iterations, microBatch, epsilon, aggregation, saveEvery, interimEvery, rescoreEvery); }

        public Knobs prompts(int n) {
            return new Knobs(steps, n, iterations, microBatch, epsilon, aggregation, saveEvery, interimEvery, rescoreEvery);
        }

        Knobs iterations(int mu, Double clip) {
            return new Knobs(steps, prompts, mu, microBatch, clip, aggregation, saveEvery, interimEvery, rescoreEvery);
        }

        Knobs microBatch(int n) { return new Knobs(steps, prompts, iterations, n, epsilon, aggregation, saveEvery, interimEvery, rescoreEvery); }

        Knobs tokenMean() { return new Knobs(steps, prompts, iterations, microBatch, epsilon, "token_mean", saveEvery, interimEvery, rescoreEvery); }

        Knobs writing(int save, int interim, int rescore) {
            return new Knobs(steps, prompts, iterations, microBatch, epsilon, aggregation, save, interim, rescore);
        }
    }

    public static Stage.Grpo grpo(Knobs k) {
        return new Stage.Grpo("grpo", "grpo", k.steps, k.prompts, 4, k.iterations, k.microBatch, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0),
                new Stage.RewardSpec("code", 120, true), new Stage.AdvantageSpec(1e-4, 0.02, true),
                        new Stage.LossSpec(k.epsilon, k.epsilon, 0.1, 100.0, k.aggregation),
                adamW(5e-3), List.of(Stage.Part.CONNECTOR, Stage.Part.LANGUAGE_MODEL), k.saveEvery, k.interimEvery, k.rescoreEvery);
    }

    /// The losses that a recipe can choose beside the plain one: name, advantage, loss.
    static Stream<Arguments> losses() {
        Stage.AdvantageSpec group = new Stage.AdvantageSpec(1e-4, 0.02, true);
        Stage.AdvantageSpec batch = new Stage.AdvantageSpec(1e-4, 0.02, true, "batch");
        return Stream.of(
                Arguments.of("times", group, new Stage.LossSpec(0.05, 0.05, 0.2, 100.0, "token_mean", "clip", "token", null, true, false)),
                Arguments.of("sequence", batch, new Stage.LossSpec(0.005, 0.01, 0.1, null, "sequence_mean", "clip", "sequence", null, false, true)),
                Arguments.of("fixed", new Stage.AdvantageSpec(1e-4, 0, false), new Stage.LossSpec(null, null, 0.1, null, "fixed_length_mean", "clip",
                        "token", 1.02, false, true)),
                Arguments.of("cispo", group, new Stage.LossSpec(0.05, 0.02, 0.1, null, "token_mean", "cispo", "token", null, true, true)));
    }

    static Stage.Grpo with(Stage.Grpo g, Stage.AdvantageSpec advantage, Stage.LossSpec loss) {
        return new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), g.microBatch(), 5, g.sampling(),
                g.reward(), advantage, loss, g.optimizer(), g.trainable(), g.saveEvery(), g.interimEvery(), g.rescoreEvery());
    }

    static Recipe recipe(Stage... stages) {
        return new Recipe("toy", "", "", List.of(), SEED, config().toJson(), new Recipe.TokenizerSpec(420, 30),
                new Recipe.DataSpec("drift", FRAMES, IMAGE, PLAN.trainClips(), PLAN.heldOut(), PLAN.seed(), null, null), List.of(stages),
                        new Recipe.EvaluationSpec(5, 2, 6, 0));
    }

    /// Letters, then GRPO.
    static Recipe recipe(Knobs k) { return recipe(letters(10, 100), grpo(k)); }

    static RunFolder open(Path folder, Recipe recipe, boolean resume) {
        try {
            return RunFolder.open(folder, JSON.readTree(RecipeReader.write(recipe)), resume);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Trains (or goes on training) in the folder.
    static RunState train(Path folder, Recipe recipe, int threads) { return train(folder, recipe, () -> new SimdDevice(threads)); }

    static RunState train(Path folder, Recipe recipe, Supplier<Device> kind) { return train(folder, recipe, kind, data(), Console.silent()); }

    static RunState train(Path folder, Recipe recipe, Supplier<Device> kind, TrainingData data, Console console) {
        try (Device device = kind.get(); Policy policy = new Policy(model(device)); RunFolder run = open(folder, recipe, true)) {
            return new Trainer(recipe, data, TOKENIZER, policy, run, console).run();
        }
    }

    /// The lines of metrics.jsonl without what a clock says.
    static List<JsonNode> metrics(Path folder) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) JSON.readTree(line);
            node.properties().removeIf(e -> e.getKey().equals("step_time") || e.getKey().startsWith("time/"));
            lines.add(node);
        }
        return lines;
    }

    /// The hashes of the GRPO steps as metrics.jsonl has them.
    static List<String> hashes(Path folder) throws IOException {
        return metrics(folder).stream().filter(l -> l.get("stage").asText().equals("grpo")).map(l -> l.get("hash").asText()).toList();
    }
}
