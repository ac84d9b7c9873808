package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import lucid.grpo.console.Console;
import lucid.grpo.data.Example;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.HashChain;
import lucid.grpo.run.RunFolder;
import lucid.grpo.session.ModelFolder;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole updates, rewards to weights, beside TRL's trainers (and peft's adapters) on the same prompts and completions: every metric that has TRL's
/// name, and the weights at the end.
///
/// The numbers in `trl/steps.json` are those of `bench/peers/trl_steps.py`, which reads the runs of this test: `-Dlucid.trl=DIR` keeps them for it.
/// Lucid's bits are the same everywhere, so its completions always are those that TRL was given; where something changes them, the numbers must be
/// made again. AdamW's eps is large here: with a small one, a weight without a gradient moves by the sign of its rounding.
class TrlStepsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MADE_AGAIN = "the run is another one than TRL saw: make trl/steps.json again, with -Dlucid.trl=DIR and trl_steps.py";
    private static final boolean KEPT = System.getProperty("lucid.trl") != null;
    private static final int CASES = 11;
    private static final int SAMPLES = 4;
    private static final double EPS = 1e-3;
    // f32: the largest differences seen are a quarter of this.
    private static final double ABSOLUTE = 1e-6;
    private static final double RELATIVE = 1e-5;
    private static final List<Stage.Part> DECODER = List.of(Stage.Part.LANGUAGE_MODEL);

    @TempDir static Path temp;
    private static Path root;
    private static Path base;
    private static JsonNode golden;

    @BeforeAll static void aModelThatSaysLetters() throws IOException {
        root = KEPT ? Path.of(System.getProperty("lucid.trl")) : temp;
        try (InputStream in = TrlStepsTest.class.getResourceAsStream("/trl/steps.json")) {
            golden = in == null ? JSON.createObjectNode() : JSON.readTree(in);
        }
        Toy.train(root.resolve("letters"), Toy.recipe(Toy.letters(12, 100)), 2);
        base = RunFolder.checkpoints(root.resolve("letters")).getLast();
    }

    private static Stage.OptimizerSpec adamW(double lr, String schedule, int warmup, double decay, Double maxNorm) {
        return new Stage.OptimizerSpec(lr, 0.9, 0.99, EPS, decay, schedule, warmup, schedule.equals("cosine_with_min_lr") ? 0.1 : 0, maxNorm);
    }

    private static Stage.Grpo grpo(int steps, int iterations, int microBatch, boolean byStd, Stage.LossSpec loss, Stage.OptimizerSpec optimizer) {
        return grpo(steps, iterations, microBatch, 8, new Stage.AdvantageSpec(1e-4, 0, byStd), loss, optimizer);
    }

    private static Stage.Grpo grpo(int steps, int iterations, int microBatch, int tokens, Stage.AdvantageSpec advantage, Stage.LossSpec loss,
            Stage.OptimizerSpec optimizer) {
        return new Stage.Grpo("grpo", "grpo", steps, 4, 4, iterations, microBatch, tokens, new Stage.SamplingSpec(0.9f, 0, 1, 0),
                new Stage.RewardSpec("code", 120, true), advantage, loss, optimizer, DECODER, 100, 0, 0);
    }

    private static Stage.Grpo ofGroups(int iterations, int microBatch, Stage.LossSpec loss) {
        return grpo(4, iterations, microBatch, true, loss, adamW(5e-3, "cosine", 1, 0.1, 1.0));
    }

    private static Stage.Supervised supervised(String kind, int count, Integer microBatch, Stage.OptimizerSpec optimizer) {
        return new Stage.Supervised("supervised", "cold_start", 6, Map.of(kind, count), microBatch, optimizer, DECODER, 100);
    }

    private static Stage.LossSpec loss(Double low, Double high, double beta, String aggregation) {
        return new Stage.LossSpec(low, high, beta, null, aggregation);
    }

    private static Recipe recipe(String name) {
        return switch (name) {
            case "kl" -> Toy.recipe(grpo(5, 1, 4, true, loss(null, null, 0.1, "sequence_mean"), adamW(5e-3, "cosine_with_min_lr", 2, 0, 1.0)));
            case "clips" -> Toy.recipe(grpo(4, 3, 2, true, loss(0.02, 0.05, 0.04, "token_mean"), adamW(5e-3, "linear", 1, 0, 0.3)));
            case "centred" -> Toy.recipe(grpo(4, 2, 1, false, loss(0.01, 0.3, 0, "sequence_mean"), adamW(5e-3, "cosine", 0, 0.1, null)));
            case "kl_times_ratio" -> Toy.recipe(ofGroups(3, 2, new Stage.LossSpec(0.1, 0.2, 0.2, null, "token_mean", "clip", "token", null, true,
                    false)));
            case "gspo" -> Toy.recipe(ofGroups(3, 1, new Stage.LossSpec(0.005, 0.01, 0.05, null, "sequence_mean", "clip", "sequence", null, false,
                    false)));
            case "dr_grpo" -> Toy.recipe(grpo(4, 2, 4, 4, new Stage.AdvantageSpec(1e-4, 0, false), new Stage.LossSpec(0.1, 0.1, 0, null,
                    "fixed_length_mean", "clip", "token", null, false, true), adamW(1e-2, "linear", 0, 0, 0.5)));
            case "cispo" -> Toy.recipe(ofGroups(3, 2, new Stage.LossSpec(null, 0.03, 0.05, null, "token_mean", "cispo", "token", null, false,
                    false)));
            case "batch_delta" -> Toy.recipe(grpo(4, 3, 2, 4, new Stage.AdvantageSpec(1e-4, 0, true, "batch"), new Stage.LossSpec(0.05, 0.05, 0.1,
                    null, "sequence_mean", "clip", "token", 1.1, true, true), adamW(8e-3, "linear", 1, 0, null)));
            case "adapter" -> Toy.recipe(grpo(4, 2, 4, true, loss(0.1, 0.2, 0.1, "sequence_mean"), adamW(2e-2, "linear", 1, 0.05, 1.0)))
                    .withLora(new Recipe.Lora(3, 6, 0, List.of("q_proj", "v_proj", "down_proj")));
            case "supervised" -> Toy.recipe(supervised("open", 6, 2, adamW(1e-2, "linear", 2, 0.1, 1.0)));
            case "supervised_adapter" -> Toy.recipe(supervised("early_document", 4, null, adamW(2e-2, "cosine", 2, 0, 0.2)))
                    .withLora(new Recipe.Lora(2, 3, 0, List.of("gate_proj", "v_proj")));
            default -> throw new IllegalArgumentException(name);
        };
    }

    @ParameterizedTest @ValueSource(strings = {"kl", "clips", "centred", "adapter", "supervised", "supervised_adapter", "kl_times_ratio", "gspo",
        "dr_grpo", "cispo", "batch_delta"})
    void theSameAsTrl(String name) throws IOException {
        Path run = root.resolve(name);
        Recipe recipe = recipe(name);
        ObjectNode weights = JSON.createObjectNode();
        try (Device device = new SimdDevice(2); Policy policy = policy(device, recipe); RunFolder folder = Toy.open(run, recipe, false)) {
            ToyData data = Toy.data().withoutHeldOut();
            write(run, recipe, data, policy);
            new Trainer(recipe, data, Toy.TOKENIZER, policy, folder, Console.silent()).run();
            for (Parameter p : policy.parameters().all()) {
                if (p.name().matches("(language_model|model)\\..*")) weights.set(p.name(), JSON.valueToTree(samples(p.value().toFloats())));
            }
        }
        if (KEPT) {
            Files.writeString(run.resolve("identity"), identity(run));
            JSON.writeValue(run.resolve("weights.json").toFile(), weights);
            return;
        }
        JsonNode wanted = golden.path(name);
        assertEquals(wanted.path("run").asText(), identity(run), MADE_AGAIN);
        List<JsonNode> lines = Toy.metrics(run);
        assertEquals(wanted.get("lines").size(), lines.size());
        for (int i = 0; i < lines.size(); i++) assertNear(wanted.get("lines").get(i), lines.get(i), "step " + (i + 1));
        assertTrue(wanted.get("weights").size() >= 8);
        wanted.get("weights").properties().forEach(e -> assertNear(e.getValue(), weights.path(e.getKey()), e.getKey()));
    }

    /// Every number that TRL wrote.
    private static void assertNear(JsonNode wanted, JsonNode found, String what) {
        wanted.properties().forEach(e -> assertNear(e.getValue(), found.path(e.getKey()), what + ", " + e.getKey()));
        for (int i = 0; i < wanted.size() && wanted.isArray(); i++) assertNear(wanted.get(i), found.path(i), what + "[" + i + "]");
        if (wanted.isContainerNode()) return;
        assertTrue(found.isNumber(), what + ": found " + found);
        assertEquals(wanted.asDouble(), found.asDouble(), ABSOLUTE + RELATIVE * Math.abs(wanted.asDouble()), what);
    }

    private static Policy policy(Device device, Recipe recipe) {
        if (recipe.lora() != null) return ModelFolder.adapted(device, base, recipe.lora().spec(), recipe.seed());
        Policy policy = new Policy(Toy.model(device));
        policy.load(base);
        return policy;
    }

    // The same places as the script's.
    private static float[] samples(float[] all) {
        float[] some = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) some[i] = all[(int) ((long) i * (all.length - 1) / (SAMPLES - 1))];
        return some;
    }

    /// What TRL was given: the examples, or the completions and their rewards.
    private static String identity(Path run) throws IOException {
        StringBuilder all = new StringBuilder(Files.readString(run.resolve("items.json")));
        String[] rollouts = run.resolve("rollouts").toFile().list();
        for (String file : new TreeSet<>(rollouts == null ? List.of() : List.of(rollouts))) {
            all.append(Files.readString(run.resolve("rollouts").resolve(file)));
        }
        return HashChain.of(all.toString()).substring(0, 16);
    }

    /// For the script: recipe, weights at the start, what every step is given, and the rows of its clips.
    private static void write(Path run, Recipe recipe, TrainingData data, Policy policy) throws IOException {
        Stage stage = recipe.stages().getFirst();
        ArrayNode steps = JSON.createArrayNode();
        TreeSet<Integer> clips = new TreeSet<>();
        for (int s = 0; s < stage.steps(); s++) {
            ArrayNode items = steps.addArray();
            int step = s;
            switch (stage) {
                case Stage.Grpo g -> data.prompts(recipe.seed(), g.name(), step, g.prompts()).forEach(p -> item(items, p.clip(), p.ids(), clips));
                case Stage.Supervised u -> u.mix().forEach((kind, count) -> {
                    for (int i = 0; i < count; i++) {
                        Example e = data.example(kind, recipe.seed(), u.name(), step, i, count);
                        item(items, e.visual() == null ? -1 : e.visual().clip(), e.ids(), clips).set("labels", JSON.valueToTree(e.labels()));
                    }
                });
            }
        }
        JSON.writeValue(run.resolve("items.json").toFile(), steps);
        if (!KEPT) return;
        Files.writeString(run.resolve("recipe.json"), RecipeReader.write(recipe));
        policy.save(Files.createDirectories(run.resolve("start")));
        JSON.writeValue(run.resolve("visual.json").toFile(), visual(policy, data, clips));
    }

    private static ObjectNode item(ArrayNode items, int clip, int[] ids, TreeSet<Integer> clips) {
        if (clip >= 0) clips.add(clip);
        ObjectNode item = items.addObject().put("clip", clip);
        item.set("ids", JSON.valueToTree(ids));
        return item;
    }

    private static ObjectNode visual(Policy policy, TrainingData data, TreeSet<Integer> clips) {
        ObjectNode all = JSON.createObjectNode();
        for (int clip : clips) {
            try (Scope _ = Scope.open(policy.device()); var _ = Tape.noGrad()) {
                Tensor rows = policy.connect(policy.features(data.frames(clip), 1, data.framesPerClip(), data.imageSize()), 1);
                all.putObject(Integer.toString(clip)).put("rows", policy.visualTokens()).set("values", JSON.valueToTree(rows.toFloats()));
            }
        }
        return all;
    }

    /// What stands in the file is for these cases, none more and none less.
    @Test void everyCaseIsThere() {
        if (!KEPT) assertEquals(CASES, golden.size() - 1, "beside made_by");
    }
}
