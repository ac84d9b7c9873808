package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import lucid.grpo.recipe.Stage;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.WeightFileException;
import lucid.nn.memory.MemoryPlans;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What saves memory changes no bit.
class PolicyMemoryTest {
    private static final TinyLlavaConfig CONFIG = TinyLlavaConfig.of(new Qwen2Config(64, 24, 40, 3, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1),
            new SiglipVisionConfig(8, 12, 2, 2, 6, 2, 1e-6f), new ResamplerConfig(8, 24, 2, 6, 1, 2, 8, 2), 400, 1);
    private static final int FRAMES = 700;

    private static Policy policy(Device device) { return new Policy(TinyLlavaVideo.random(device, CONFIG, 3, Initialization.fanIn(3, 2))); }

    @Test void clipsInPartsAreClipsAtOnce() {
        int clips = 5;
        assertEquals(2, MemoryPlans.clipsTogether(clips, FRAMES * 9), "this test is about parts");
        byte[] frames = new byte[clips * FRAMES * 6 * 6 * 3];
        new Random(1).nextBytes(frames);
        try (Device device = new SimdDevice(2); Policy policy = policy(device); Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            List<Integer> asked = new ArrayList<>();
            int clip = frames.length / clips;
            Tensor parts = policy.features((from, to) -> {
                asked.add(to - from);
                return Arrays.copyOfRange(frames, from * clip, to * clip);
            }, clips, FRAMES, 6);
            assertEquals(List.of(2, 2, 1), asked, "never all of them in one array");
            assertArrayEquals(parts.toFloats(), policy.features(frames, clips, FRAMES, 6).toFloats());
            long held = device.liveBytes();
            Tensor once = policy.model().features(scope, Tensor.bytes(scope, frames, clips * FRAMES, 6, 6, 3));
            assertTrue(device.liveBytes() - held > parts.shape().size() * 8L, "at once leaves more behind");
            assertArrayEquals(once.toFloats(), parts.toFloats());
            Tensor visual = policy.connect(parts, clips);
            assertArrayEquals(policy.model().visual(scope, once, RowGroups.uniform(clips, once.shape().rows() / clips)).toFloats(),
                    visual.toFloats());
            assertEquals(clips, visual.rowGroups().count());
        }
    }

    /// A run that is taken up again has its model already: the plan that admitted it knows no second one.
    @Test void weightsAreReadAndCopiedWithoutASecondModel(@TempDir Path folder) {
        try (Device device = new SimdDevice(1); Policy trained = policy(device);
                Policy begun = new Policy(TinyLlavaVideo.random(device, CONFIG, 4, Initialization.fanIn(3, 2)))) {
            trained.save(folder);
            long held = device.liveBytes();
            begun.load(folder);
            assertEquals(held, device.peakBytes(), "nothing beside the two models");
            assertSameWeights(trained, begun);
            try (Policy copy = begun.copy()) {
                assertEquals(held + held / 2, device.peakBytes());
                assertSameWeights(trained, copy);
            }
        }
    }

    private static void assertSameWeights(Policy wanted, Policy found) {
        for (Parameter p : wanted.parameters().all())
            assertArrayEquals(p.value().toFloats(), found.parameters().get(p.name()).value().toFloats(), p.name());
    }

    @Test void aCheckpointOfAnotherModelIsRefusedAndChangesNothing(@TempDir Path folder) {
        try (Device device = new SimdDevice(1); Policy policy = policy(device); Policy before = policy(device)) {
            TinyLlavaConfig deeper = TinyLlavaConfig.of(new Qwen2Config(64, 24, 40, 4, 4, 2, 6, 1e-6f, 1e4, 512, true, 0.02, 1), CONFIG.vision(),
                    CONFIG.resampler(), 400, 1);
            try (Policy other = new Policy(TinyLlavaVideo.random(device, deeper, 4, Initialization.fanIn(4, 2))); Policy otherBefore = other.copy()) {
                other.save(folder);
                assertTrue(assertThrows(WeightFileException.class, () -> policy.load(folder)).getMessage().contains("layers.3."));
                policy.save(folder);
                assertTrue(assertThrows(WeightFileException.class, () -> other.load(folder)).getMessage().contains("is missing"));
                assertSameWeights(before, policy);
                assertSameWeights(otherBefore, other);
            }
        }
    }

    @Test void blocksComputedAgainGiveTheSameGradients() {
        Map<String, float[]> kept = gradients(false);
        Map<String, float[]> again = gradients(true);
        assertEquals(kept.keySet(), again.keySet());
        assertTrue(kept.size() > 30 && kept.containsKey("connector._connector.latents"));
        kept.forEach((name, g) -> assertArrayEquals(g, again.get(name), name));
    }

    private static Map<String, float[]> gradients(boolean recompute) {
        byte[] frames = new byte[2 * 4 * 6 * 6 * 3];
        new Random(2).nextBytes(frames);
        Map<String, float[]> out = new TreeMap<>();
        try (Device device = new SimdDevice(1); Policy policy = policy(device)) {
            policy.recompute(recompute);
            policy.train(EnumSet.of(Stage.Part.CONNECTOR, Stage.Part.LANGUAGE_MODEL));
            try (Scope scope = Scope.open(device)) {
                Tensor visual = policy.connect(policy.features(frames, 2, 4, 6), 2);
                int[] prompt = {1, 2, -200, 3};
                PackedBatch.Builder batch = PackedBatch.builder(policy.visualTokens());
                for (int clip = 0; clip < 2; clip++)
                    batch.group(policy.splice(prompt, true), clip, List.of(new int[] {5, 6, 7, 8}, new int[] {9, 10}));
                LogProbs scored = policy.score(batch.build(), visual, 1f);
                float[] seeds = new float[scored.logProb().shape().size()];
                Arrays.fill(seeds, -0.1f);
                int records = Tape.of(device).size();
                assertTrue(recompute ? records < 60 : records > 60, recompute + ": " + records + " records");
                scored.logProb().backward(Tensor.of(scope, seeds, seeds.length));
            }
            policy.parameters().trainable().forEach(p -> out.put(p.name(), p.grad().toFloats()));
        }
        return out;
    }
}
