package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.run.RunState;
import lucid.kernels.CudaDevice;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The GPU's kernels learn what the CPU's learn, to the bit: supervised steps and a whole GRPO step (rollout, score, loss, backward, AdamW) through
/// the emulator, all checks on.
class DeviceLawTest {
    @TempDir Path folder;

    @Test void emulatedGpuAndCpuEndOnTheSameHash() throws IOException {
        Recipe recipe = Toy.recipe(Toy.letters(2, 100), Toy.grpo(Toy.Knobs.PLAIN.steps(1).prompts(2).microBatch(1)));
        RunState cpu = Toy.train(folder.resolve("cpu"), recipe, 2);
        long start = System.nanoTime();
        EmulatedGpu gpu = new EmulatedGpu();
        RunState emulated = Toy.train(folder.resolve("gpu"), recipe, () -> new CudaDevice(gpu));
        System.out.printf("2 supervised steps and 1 GRPO step on the emulated GPU: %d launches, %.1f s%n", gpu.launches(),
                (System.nanoTime() - start) / 1e9);
        assertEquals(cpu.hash(), emulated.hash());
        assertEquals(Toy.metrics(folder.resolve("cpu")), Toy.metrics(folder.resolve("gpu")), "every metric, and the hash of every step");
        JsonNode step = Toy.metrics(folder.resolve("gpu")).getLast();
        assertEquals(step.get("completions/tokens").asInt(), step.get("ratio_exactly_one").asInt(),
                "what the sampler saw is what the trainer computed");
        assertTrue(step.get("completions/tokens").asInt() > 0 && gpu.launches() > 100, step.toString());
    }

    /// On tensor cores the bits are others, but a row's bits still depend on nothing else: what the sampler saw, token by token, is what the trainer
    /// computes over whole sequences.
    @Tag("slow") @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void tensorCoresKeepTheRowLaw(Precision precision) throws IOException {
        Toy.train(folder.resolve("gpu"), Toy.recipe(Toy.grpo(Toy.Knobs.PLAIN.steps(1).prompts(1).microBatch(1))),
                () -> new CudaDevice(new EmulatedGpu(), precision));
        JsonNode step = Toy.metrics(folder.resolve("gpu")).getLast();
        assertTrue(step.get("completions/tokens").asInt() > 0, step.toString());
        assertEquals(step.get("completions/tokens").asInt(), step.get("ratio_exactly_one").asInt(), step.toString());
    }
}
