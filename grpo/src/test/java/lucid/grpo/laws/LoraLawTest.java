package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunState;
import lucid.grpo.session.ModelFolder;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.file.StoredType;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.TinyLlavaVideo;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training an adapter beside a model that is mapped in bf16: the same laws as training the model.
class LoraLawTest {
    private static final Recipe.Lora LORA = new Recipe.Lora(3, 6, 0, List.of("q_proj", "v_proj", "down_proj"));

    @TempDir Path root;
    private Path base;

    @BeforeEach void aModelInBf16() throws IOException {
        base = Files.createDirectory(root.resolve("base"));
        try (Device d = new SimdDevice(2); TinyLlavaVideo model = Toy.model(d)) {
            model.save(base, StoredType.BF16);
        }
    }

    private static Stage.Supervised letters() {
        return new Stage.Supervised("letters", "cold_start", 6, Map.of("open", 4), Toy.adamW(2e-2), List.of(Stage.Part.LANGUAGE_MODEL), 2);
    }

    private static Stage.Grpo grpo(Toy.Knobs k) {
        Stage.Grpo g = Toy.grpo(k);
        return new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), g.microBatch(), g.maxNewTokens(),
                g.sampling(), g.reward(), g.advantage(), g.loss(),
                Toy.adamW(2e-2), List.of(Stage.Part.LANGUAGE_MODEL), g.saveEvery(), g.interimEvery(), g.rescoreEvery());
    }

    private static Recipe recipe(Stage... stages) { return Toy.recipe(stages).withLora(LORA); }

    private RunState train(String run, Recipe recipe, int threads, int stopAt) {
        AtomicReference<Trainer> trainer = new AtomicReference<>();
        AtomicInteger steps = new AtomicInteger();
        Runnable atStep = () -> {
            if (steps.incrementAndGet() == stopAt) trainer.get().stop();
        };
        try (Device d = new SimdDevice(threads); Policy policy = ModelFolder.adapted(d, base, LORA.spec(), recipe.seed());
                RunFolder open = Toy.open(root.resolve(run), recipe, true)) {
            trainer.set(new Trainer(recipe, Toy.data(atStep), Toy.TOKENIZER, policy, open, Console.silent()));
            return trainer.get().run();
        }
    }

    @Test void onlyTheAdapterIsTrainedAndSaved() throws IOException {
        byte[] before = Files.readAllBytes(base.resolve("model.safetensors"));
        RunState done = train("run", recipe(letters(), grpo(Toy.Knobs.PLAIN)), 2, -1);
        assertTrue(done.stageComplete());
        assertArrayEquals(before, Files.readAllBytes(base.resolve("model.safetensors")));
        Path last = RunFolder.checkpoints(root.resolve("run")).getLast();
        assertTrue(LoraFile.isAdapter(last) && !Files.exists(last.resolve("model.safetensors")));
        assertEquals(2 * 3, LoraFile.read(last).modules().size());
        List<JsonNode> lines = Toy.metrics(root.resolve("run"));
        assertTrue(lines.get(5).get("loss").asDouble() < 0.9 * lines.get(0).get("loss").asDouble(), lines.get(0) + " -> " + lines.get(5));
        for (JsonNode line : lines.subList(6, 9))
            assertTrue(line.get("ratio_exactly_one").asInt() > 0, "the sampler's bits are the trainer's: " + line);
        // The second stage starts from a trained adapter: its reference is a copy of that one, and the policy has not left it before the first
        // update.
        assertEquals(0, lines.get(6).get("kl").asDouble(), 0);
        assertTrue(lines.get(8).get("kl").asDouble() > 0);
    }

    @Test void theReferenceOfAFirstStageIsTheBaseItself() throws IOException {
        train("run", recipe(grpo(Toy.Knobs.PLAIN)), 2, -1);
        List<JsonNode> lines = Toy.metrics(root.resolve("run"));
        assertEquals(0, lines.get(0).get("kl").asDouble(), 0);
        assertTrue(lines.get(2).get("kl").asDouble() > 0);
        assertFalse(Files.exists(root.resolve("run/reference")), "no second copy is needed");
    }

    @Test void aStoppedRunEndsOnTheSameHash() throws IOException {
        Recipe recipe = recipe(letters(), grpo(Toy.Knobs.PLAIN.prompts(2).writing(2, 0, 0)));
        RunState whole = train("whole", recipe, 2, -1);
        for (int stop : new int[] {3, 8}) {
            String run = "stopped-" + stop;
            assertNotEquals(whole.hash(), train(run, recipe, 1, stop).hash());
            assertEquals(whole.hash(), train(run, recipe, 1, -1).hash());
            assertEquals(Toy.metrics(root.resolve("whole")), Toy.metrics(root.resolve(run)));
        }
        Recipe first = recipe(grpo(Toy.Knobs.PLAIN.prompts(2).writing(2, 0, 0)));
        RunState one = train("first", first, 2, -1);
        train("first-stopped", first, 2, 3);
        assertEquals(one.hash(), train("first-stopped", first, 2, -1).hash());
    }

    @Test void microBatchesChangeNoBit() {
        RunState together = train("together", recipe(grpo(Toy.Knobs.PLAIN)), 2, -1);
        RunState apart = train("apart", recipe(grpo(Toy.Knobs.PLAIN.microBatch(1))), 1, -1);
        assertEquals(together.hash(), apart.hash());
    }

    @Test void trainingGoesOnFromAnAdapter() throws IOException {
        train("run", recipe(letters()), 2, -1);
        Path last = RunFolder.checkpoints(root.resolve("run")).getLast();
        try (Device d = new SimdDevice(1); Policy policy = ModelFolder.adapted(d, last, LORA.spec(), 1)) {
            assertTrue(policy.freshBase().isEmpty());
            assertArrayEquals(LoraFile.read(last).modules().get("model.layers.0.self_attn.q_proj").b(),
                    policy.parameters().get("model.layers.0.self_attn.q_proj.lora_B.weight").value().toFloats());
            assertThrows(IllegalArgumentException.class, () -> policy.train(Set.of(Stage.Part.CONNECTOR, Stage.Part.LANGUAGE_MODEL)));
            Recipe.Lora other = new Recipe.Lora(4, 6, 0, LORA.targetModules());
            assertTrue(assertThrows(RunException.class, () -> ModelFolder.adapted(d, last, other.spec(), 1)).getMessage().contains("r=3"));
            assertTrue(assertThrows(RunException.class, () -> ModelFolder.policy(d, last)).getMessage().contains("--merge-adapter"));
        }
    }
}
