package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import lucid.grpo.console.Console;
import lucid.grpo.data.DriftData;
import lucid.grpo.minimal.MinimalGrpo;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.HashChain;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunReader;
import lucid.grpo.run.RunState;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tensor.Parameter;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The loop for reading and the loop for training go through the same weights and moments.
class MinimalGrpoTest {
    @TempDir Path folder;

    /// Trains both from the end of the supervised stage.
    private void assertSame(Toy.Knobs knobs) throws IOException { assertSame(Toy.grpo(knobs)); }

    private void assertSame(Stage.Grpo stage) throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(10, 100), stage);
        RunState end = Toy.train(folder, recipe, 2);
        Path start = RunFolder.checkpoints(folder).getFirst();
        assertEquals("letters", RunFolder.state(start).stage());
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.load(device, start)) {
            List<String> report = new ArrayList<>();
            MinimalGrpo minimal = new MinimalGrpo(stage, recipe.seed(), model, Toy.data(), Toy.TOKENIZER, Set.of(Toy.TOKENIZER.eosId()));
            assertEquals(end.hash(), minimal.train(new HashChain(RunFolder.state(start).hash()), report::add));
            assertEquals(stage.steps(), report.size());
        }
        List<JsonNode> steps = Toy.metrics(folder).stream().filter(l -> l.get("stage").asText().equals("grpo")).toList();
        assertTrue(steps.stream().anyMatch(l -> l.get("reward_std").asDouble() > 0), "rewards should differ, or the test says little: " + steps);
        assertTrue(steps.getLast().get("kl").asDouble() > 0, "the policy should have left the reference: " + steps);
        assertTrue(steps.stream().anyMatch(l -> l.get("completions/min_length").asInt() < l.get("completions/max_length").asInt()),
                "lengths should differ: " + steps);
    }

    @Test void onPolicy() throws IOException { assertSame(Toy.Knobs.PLAIN.prompts(3).microBatch(2)); }

    @Test void severalUpdatesPerRolloutWithClip() throws IOException { assertSame(Toy.Knobs.PLAIN.prompts(2).iterations(3, 0.1).tokenMean()); }

    /// The other losses, with several updates and completions that are cut off.
    @ParameterizedTest @MethodSource("lucid.grpo.laws.Toy#losses")
    void otherLosses(String name, Stage.AdvantageSpec advantage, Stage.LossSpec loss) throws IOException {
        assertSame(Toy.with(Toy.grpo(Toy.Knobs.PLAIN.prompts(3).iterations(3, null).microBatch(2)), advantage, loss));
    }

    /// The sizes of the demo: whole vectors, a kernel's wide paths, a prompt longer than a block of keys.
    @Test void atTheSizesOfTheDemo() { assertSameWeights(0); }

    /// Published heads have more rows than their tokenizers have tokens; what is drawn of those has no text and ends nothing, in the ledger either.
    @Test void aHeadLargerThanTheTokenizer() { assertSameWeights(100); }

    /// A model's generation_config.json may name more tokens that end an answer.
    @Test void moreThanOneEndToken() { assertSameWeights(0, 'e', 'a', 't', 300, 301, 302, 303, 304, 305); }

    /// @param unknown rows of the head that are no tokens
    /// @param more    end tokens beside the tokenizer's
    private void assertSameWeights(int unknown, int... more) {
        Recipe demo = RecipeReader.read("demo");
        TinyLlavaConfig config = TinyLlavaConfig.parse("demo", demo.model());
        Tokenizer tokenizer = new BpeTrainer(config.text().vocabSize() - unknown, 2, List.of("<|endoftext|>")).train(DriftData.corpus(Toy.PLAN, 60))
                .tokenizer();
        assertEquals(config.text().vocabSize() - unknown, tokenizer.vocabSize(), "the corpus is too small");
        ToyData data = new ToyData(new PaintedClips(Toy.PLAN, demo.data().frames(), demo.data().image()), tokenizer, () -> {});
        Stage.Grpo stage = Toy.grpo(Toy.Knobs.PLAIN.steps(2).prompts(2).microBatch(2));
        Recipe recipe = Toy.recipe(stage);
        // With the demo's own, whose embeddings are large, the last token is drawn again and again.
        Initialization init = Initialization.PUBLISHED;
        try (Device device = new SimdDevice(2); TinyLlavaVideo model = TinyLlavaVideo.random(device, config, 1, init);
                Policy policy = new Policy(TinyLlavaVideo.random(device, config, 1, init)); RunFolder run = Toy.open(folder, recipe, false)) {
            HashChain chain = new HashChain(HashChain.of("any"));
            float[] before = model.decoder().head().toFloats();
            Set<Integer> ends = IntStream.concat(IntStream.of(tokenizer.eosId()), IntStream.of(more)).boxed().collect(Collectors.toSet());
            policy.endTokens(ends);
            new MinimalGrpo(stage, recipe.seed(), model, data, tokenizer, ends).train(chain, _ -> {});
            new Trainer(recipe, data, tokenizer, policy, run, Console.silent()).run();
            // The chains begin differently, so the weights themselves are compared.
            for (Parameter p : model.parameters().all()) {
                assertArrayEquals(p.value().toFloats(), policy.parameters().get(p.name()).value().toFloats(), p.name());
            }
            assertFalse(Arrays.equals(before, model.decoder().head().toFloats()), "two steps should have moved the weights");
        }
        RunReader run = new RunReader(folder, System.err::println);
        Set<Integer> drawn = new HashSet<>();
        for (long step : run.ledgerSteps())
            for (JsonNode completion : run.ledger(step)) for (JsonNode id : completion.get("ids")) drawn.add(id.asInt());
        assertTrue(drawn.size() > 20, "the completions should differ: " + drawn);
        assertEquals(unknown > 0, drawn.stream().anyMatch(id -> id >= tokenizer.vocabSize()),
                "ids that are no tokens should be drawn where there are some: " + drawn);
    }

    @Test void aTrainableTowerIsRefused() {
        Stage.Grpo g = Toy.grpo(Toy.Knobs.PLAIN);
        Stage.Grpo tower = new Stage.Grpo(g.name(), g.phase(), g.steps(), g.prompts(), g.completions(), g.iterations(), g.microBatch(),
                g.maxNewTokens(), g.sampling(), g.reward(),
                g.advantage(), g.loss(), g.optimizer(), List.of(Stage.Part.VISION_TOWER), g.saveEvery(), g.interimEvery(), g.rescoreEvery());
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = Toy.model(device)) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> new MinimalGrpo(tower, 1, model, Toy.data(), Toy.TOKENIZER, Set.of(Toy.TOKENIZER.eosId()))).getMessage();
            assertTrue(message.contains("vision_tower"), message);
        }
    }
}
