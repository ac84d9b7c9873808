package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.data.Example;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.kernels.SimdDevice;
import lucid.kernels.simd.vector.Species;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What changes speed, or what is written down, changes no bit: a whole run (supervised stage, then GRPO) ends on the same hash.
class SpeedLawTest {
    private static final Toy.Knobs PLAIN = Toy.Knobs.PLAIN;
    private static String wanted;
    private static List<JsonNode> metrics;

    @TempDir Path folder;

    @BeforeAll static void once(@TempDir Path plain) throws IOException {
        wanted = Toy.train(plain, Toy.recipe(PLAIN), 2).hash();
        metrics = Toy.metrics(plain);
    }

    static Stream<Arguments> settings() {
        return Stream.of(Arguments.of("one group at a time, one thread", PLAIN.microBatch(1), 1),
                Arguments.of("two groups at a time, three threads", PLAIN.microBatch(2), 3),
                Arguments.of("groups that do not divide", PLAIN.microBatch(3), 2),
                        Arguments.of("more saved, evaluated and measured", PLAIN.writing(1, 2, 1), 2));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    void sameHash(String name, Toy.Knobs knobs, int threads) throws IOException {
        Recipe recipe = Toy.recipe(knobs);
        assertEquals(wanted, Toy.train(folder, recipe, threads).hash(), name);
        boolean evaluated = Toy.metrics(folder).stream().anyMatch(l -> l.has("eval/accuracy"));
        assertEquals(knobs.interimEvery() > 0, evaluated, "interim evaluations happen when they are asked for");
    }

    /// Clips and texts, of which the last micro-batch may hold fewer, or texts alone.
    @ParameterizedTest @ValueSource(ints = {1, 2, 3, Integer.MAX_VALUE})
    void supervisedMicroBatches(int groups) throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(10, 100).withMicroBatch(groups), Toy.grpo(PLAIN));
        assertEquals(wanted, Toy.train(folder, recipe, 2).hash());
        assertEquals(metrics, Toy.metrics(folder));
    }

    /// Single frames; then several texts about each clip, of which one may have nothing to learn.
    @Test void supervisedMicroBatchesOfFramesAndOfSharedClips() throws IOException {
        List<Stage.Supervised> stages = List.of(supervised("frames", "frame_caption", 5),
                supervised("clips", "motion", 3, "description", 3, "path", 2, "document", 2));
        String together = Toy.train(folder.resolve("all"), Toy.recipe(stages.toArray(Stage[]::new)), 2).hash();
        for (int groups : new int[] {1, 2, 3}) {
            Path apart = folder.resolve("" + groups);
            assertEquals(together, Toy.train(apart, Toy.recipe(stages.stream().map(s -> s.withMicroBatch(groups)).toArray(Stage[]::new)), 2).hash(),
                    groups + " groups");
            assertEquals(Toy.metrics(folder.resolve("all")), Toy.metrics(apart));
        }
    }

    /// A micro-batch in which nothing is scored.
    @Test void supervisedMicroBatchesWithNothingToLearn() throws IOException {
        ToyData toy = Toy.data();
        TrainingData data = (TrainingData) Proxy.newProxyInstance(TrainingData.class.getClassLoader(), new Class<?>[] {TrainingData.class},
                (_, method, arguments) -> {
            Object result = method.invoke(toy, arguments);
            if (!(result instanceof Example e) || (int) arguments[4] != 1) return result;
            int[] nothing = new int[e.ids().length];
            Arrays.fill(nothing, Example.IGNORE);
            return new Example(e.kind(), e.visual(), e.ids(), nothing);
        });
        Stage.Supervised stage = supervised("letters", "open", 3, "early_document", 2);
        List<String> hashes = new ArrayList<>();
        for (Integer groups : new Integer[] {null, 1})
            hashes.add(Toy.train(folder.resolve("" + groups), Toy.recipe(stage.withMicroBatch(groups)), () -> new SimdDevice(2), data,
                    Console.silent()).hash());
        assertEquals(hashes.getFirst(), hashes.getLast());
    }

    private static Stage.Supervised supervised(String name, Object... mix) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (int i = 0; i < mix.length; i += 2) counts.put((String) mix[i], (Integer) mix[i + 1]);
        return new Stage.Supervised(name, "base", 3, counts, Toy.adamW(1e-2), List.of(Stage.Part.values()), 100);
    }

    @Test void namesAndEvaluationsAreNoPartOfTheHash() {
        Recipe r = Toy.recipe(PLAIN);
        Recipe other = new Recipe("other", "another text", "elsewhere", List.of("none"), r.seed(), r.model(), r.tokenizer(), r.data(), r.stages(),
                new Recipe.EvaluationSpec(2, 1, 3, 4));
        assertEquals(wanted, Toy.train(folder, other, 2).hash());
    }

    /// The widths that this process does not have.
    static IntStream widths() { return IntStream.of(128, 256, 512).filter(bits -> bits != Species.BITS); }

    @ParameterizedTest(name = "{0} bits")
    @MethodSource("widths")
    void sameHashAtEveryVectorWidth(int bits) throws IOException, InterruptedException {
        Path recipe = Files.writeString(folder.resolve("recipe.json"), RecipeReader.write(Toy.recipe(PLAIN)));
        try (Child child = new Child(folder.resolve("run"), recipe, bits / 128, bits)) {
            assertEquals(wanted, child.hash());
        }
    }

    @Test void whatIsLearnedChangesTheHash() throws IOException {
        Recipe recipe = Toy.recipe(PLAIN);
        assertNotEquals(wanted, Toy.train(folder.resolve("steps"), Toy.recipe(PLAIN.steps(2)), 2).hash());
        assertNotEquals(wanted, Toy.train(folder.resolve("seed"), recipe.withSeed(recipe.seed() + 1), 2).hash());
    }

    @Test void twoUpdatesPerRolloutAreClipped() throws IOException {
        String free = Toy.train(folder.resolve("free"), Toy.recipe(PLAIN.iterations(2, null)), 2).hash();
        String clipped = Toy.train(folder.resolve("clipped"), Toy.recipe(PLAIN.iterations(2, 0.01)), 2).hash();
        assertNotEquals(wanted, free);
        assertNotEquals(free, clipped);
        List<JsonNode> steps = Toy.metrics(folder.resolve("clipped")).stream().filter(l -> l.has("clip_ratio/region_mean")).toList();
        assertEquals(3, steps.size());
        for (JsonNode step : steps)
            assertEquals(step.get("completions/tokens").asInt(), step.get("ratio_exactly_one").asInt(),
                    "the first update after a rollout is on-policy");
        assertTrue(steps.stream().anyMatch(l -> l.get("clip_ratio/low_mean").asDouble() > 0), steps.toString());
        assertTrue(steps.stream().anyMatch(l -> l.get("clip_ratio/high_mean").asDouble() > 0), steps.toString());
        for (JsonNode step : steps) assertTrue(step.get("clip_ratio/region_mean").asDouble() <= 0.5, "half of the updates have the ratio 1: " + step);
    }
}
