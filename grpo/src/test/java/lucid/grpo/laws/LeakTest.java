package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lucid.grpo.console.Console;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ownership law: a step leaves behind what it found.
class LeakTest {
    @TempDir Path folder;

    /// Bytes that are alive before every step of a stage; checks that the run as a whole leaves the model alone.
    private List<Long> liveBytes(Stage stage) {
        List<Long> live = new ArrayList<>();
        Recipe recipe = Toy.recipe(stage);
        try (Device device = new SimdDevice(2)) {
            try (Policy policy = new Policy(Toy.model(device)); RunFolder run = Toy.open(folder, recipe, false)) {
                long before = device.liveBytes();
                new Trainer(recipe, Toy.data(() -> live.add(device.liveBytes())), Toy.TOKENIZER, policy, run, Console.silent()).run();
                assertEquals(before, device.liveBytes(), "after the run only the model is left");
            }
            assertEquals(0, device.liveBytes(), "nothing outlives its owner");
        }
        return live;
    }

    private static void assertFlat(List<Long> live) {
        // The first step makes the optimiser's moments, which stay until the stage ends.
        assertTrue(live.getLast() > live.getFirst(), "moments: " + live);
        List<Long> later = live.stream().filter(n -> !n.equals(live.getFirst())).toList();
        assertTrue(later.stream().allMatch(later.getFirst()::equals), "live bytes before each step: " + live);
    }

    @ParameterizedTest @ValueSource(ints = {1, 2, 5})
    void supervised(int microBatch) {
        List<Long> live = liveBytes(Toy.letters(8, 3).withMicroBatch(microBatch));
        assertEquals(8 * 2, live.size(), "two kinds of examples a step");
        assertFlat(live);
    }

    @Test void grpo() {
        List<Long> live = liveBytes(Toy.grpo(Toy.Knobs.PLAIN.steps(8).prompts(2).iterations(2, 0.2).microBatch(1).writing(3, 2, 2)));
        assertEquals(8, live.size());
        assertFlat(live);
        assertEquals(7, live.stream().filter(live.getLast()::equals).count());
    }
}
