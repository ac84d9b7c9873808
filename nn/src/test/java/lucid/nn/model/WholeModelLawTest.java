package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The row law on the whole model, with a video prefix: what the sampler saw is what the trainer computes, bit for bit.
class WholeModelLawTest {
    private static final int[][] PROMPTS = {{5, 6, -200, 7, 8, 9}, {10, -200, 11}, {12, 13, 14, -200, 15, 16, 17, 18}};
    private static final int[] FRAMES = {4, 7, 3};

    /// Visual tokens of the given clips, in order.
    private static Tensor visual(TinyLlavaVideo model, Scope scope, int... clips) {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        int[] offsets = new int[clips.length + 1];
        for (int i = 0; i < clips.length; i++) {
            frames.writeBytes(Toy.frames(FRAMES[clips[i]], clips[i]));
            offsets[i + 1] = offsets[i] + FRAMES[clips[i]];
        }
        RowGroups groups = new RowGroups(offsets);
        Tensor features = model.trainedFeatures(scope, Tensor.bytes(scope, frames.toByteArray(), groups.rows(), 16, 16, 3), groups);
        return model.visual(scope, features, groups.times(model.config().tokensPerFrame()));
    }

    private static List<Completion> generate(TinyLlavaVideo model, int completions, int step, int... prompts) {
        try (var _ = Tape.noGrad(); Scope scope = Scope.open(model.parameters().device())) {
            PackedBatch.Builder b = model.batch();
            for (int i = 0; i < prompts.length; i++) b.sequence(model.splice(PROMPTS[prompts[i]]).rows(), i);
            GenerationSettings s = new GenerationSettings(Sampling.Rule.temperature(1.3f), 12, 1, 0.9f, 77, step);
            return new Generator(model.decoder()).generate(b.build(), visual(model, scope, prompts), completions, s, null);
        }
    }

    @Test void aSequenceThatIsTooLongIsRefusedNotCut() {
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = Toy.model(device, 3)) {
            int most = model.config().maxLength();
            int[] longest = new int[1 + most - model.visualTokens()];
            longest[0] = -200;
            assertEquals(most, model.splice(longest).length());
            String message = assertThrows(IllegalArgumentException.class, () -> model.splice(Arrays.copyOf(longest, longest.length + 1)))
                    .getMessage();
            assertTrue(message.contains((most + 1) + " rows; wanted at most tokenizer_model_max_length = " + most), message);
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void trainingForwardIsWhatTheSamplerSaw(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3)) {
            List<Completion> found = generate(model, 4, 5, 0, 1, 2);
            assertEquals(12, found.size());
            assertTrue(found.stream().anyMatch(Completion::ended) && found.stream().anyMatch(c -> !c.ended()), "the test wants both kinds of end");
            try (Scope scope = Scope.open(device)) {
                PackedBatch.Builder b = model.batch();
                for (int p = 0; p < 3; p++) b.group(model.splice(PROMPTS[p]).rows(), p, completionsOf(found, p));
                LogProbs scored = model.logProbs(scope, b.build(), visual(model, scope, 0, 1, 2), 0.9f, false);
                which.assertSame(join(found, Completion::logProbs), scored.logProb().toFloats(), "log-probabilities");
                which.assertSame(join(found, Completion::entropy), scored.entropy().toFloats(), "entropy");
                // One completion as a sequence of its own, nothing shared: prefill of the whole.
                Completion c = found.get(6);
                LogProbs alone = model.logProbs(scope, model.batch().group(model.splice(PROMPTS[1]).rows(), 0, List.of(c.ids())).build(),
                        visual(model, scope, 1), 0.9f, false);
                which.assertSame(c.logProbs(), alone.logProb().toFloats(), "alone");
            }
        }
    }

    private static List<int[]> completionsOf(List<Completion> all, int prompt) {
        return all.stream().filter(c -> c.prompt() == prompt).map(Completion::ids).toList();
    }

    private static float[] join(List<Completion> all, java.util.function.Function<Completion, float[]> part) {
        float[] out = new float[all.stream().mapToInt(Completion::length).sum()];
        int at = 0;
        for (Completion c : all) {
            System.arraycopy(part.apply(c), 0, out, at, c.length());
            at += c.length();
        }
        return out;
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void wholeSequenceInOneSpanGivesTheSameBits(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device)) {
            int[] prompt = model.splice(PROMPTS[2]).rows();
            int[] answer = {3, 9, 4, 4, 27, 60, 1};
            int[] whole = Arrays.copyOf(prompt, prompt.length + answer.length);
            System.arraycopy(answer, 0, whole, prompt.length, answer.length);
            int[] labels = new int[whole.length];
            Arrays.fill(labels, -100);
            System.arraycopy(answer, 0, labels, prompt.length, answer.length);
            Tensor visual = visual(model, scope, 2);
            float[] shared = model.logProbs(scope, model.batch().group(prompt, 0, List.of(answer, answer)).build(), visual, 1f, false).logProb()
                    .toFloats();
            float[] plain = model.logProbs(scope, model.batch().sequence(whole, 0, labels, -100).build(), visual, 1f, false).logProb().toFloats();
            assertArrayEquals(plain, Arrays.copyOf(shared, answer.length));
            assertArrayEquals(plain, Arrays.copyOfRange(shared, answer.length, 2 * answer.length));
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void aCompletionDoesNotDependOnItsNeighbours(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3)) {
            List<Completion> all = generate(model, 3, 9, 0, 1);
            List<Completion> first = generate(model, 1, 9, 0);
            assertArrayEquals(all.get(0).ids(), first.getFirst().ids());
            assertArrayEquals(all.get(0).logProbs(), first.getFirst().logProbs());
            List<Completion> otherStep = generate(model, 3, 10, 0, 1);
            assertFalse(Arrays.deepEquals(all.stream().map(Completion::ids).toArray(), otherStep.stream().map(Completion::ids).toArray()),
                    "the step is part of the counter");
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void aChunkReadAloneGivesTheRowsOfItsClip(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device)) {
            Tensor features = model.features(scope, Tensor.bytes(scope, Toy.frames(3, 5), 3, 16, 16, 3));
            int n = features.shape().rows();
            int tokens = model.visualTokens();
            float[] whole = model.visual(scope, features, RowGroups.single(n)).toFloats();
            assertEquals(24, n, "three frames of eight patches, three chunks");
            float[] chunks = model.connector().forwardChunks(scope, features, RowGroups.uniform(3, 8), new int[] {0, 1, 2}).toFloats();
            which.assertSame(whole, chunks, "chunks");
            float[] second = model.connector().forwardChunks(scope, features.rows(8, 16), RowGroups.single(8), new int[] {1}).toFloats();
            int width = whole.length / tokens;
            which.assertSame(Arrays.copyOfRange(whole, 2 * width, 4 * width), second, "the second chunk");
        }
    }

    /// Gradients of all trained parameters when the three groups come in micro-batches of the given sizes.
    private static Map<String, float[]> gradients(TinyLlavaVideo model, boolean checkpoint, int... sizes) {
        model.parameters().zeroGrad();
        int group = 0;
        for (int size : sizes) {
            try (Scope scope = Scope.open(model.parameters().device())) {
                int[] clips = new int[size];
                PackedBatch.Builder b = model.batch();
                for (int i = 0; i < size; i++, group++) {
                    clips[i] = group;
                    b.group(model.splice(PROMPTS[group]).rows(), i, List.of(new int[] {4 + group, 5, 1}, new int[] {9, 8, 7, 6, 20}, new int[] {33}));
                }
                PackedBatch batch = b.build();
                LogProbs scored = model.logProbs(scope, batch, visual(model, scope, clips), 1f, checkpoint);
                float[] coefficient = new float[batch.scored()];
                int before = (group - size) * 9;   // every group has nine scored tokens
                for (int i = 0; i < coefficient.length; i++) coefficient[i] = 0.1f * (((before + i) * 7 + 3) % 5 - 2) + 0.01f;
                scored.logProb().backward(Tensor.of(scope, coefficient, coefficient.length));
            }
        }
        Map<String, float[]> out = new TreeMap<>();
        for (Parameter p : model.parameters().trainable()) out.put(p.name(), p.grad().toFloats());
        return out;
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void microBatchesAndCheckpointsGiveTheSameGradientBits(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 4)) {
            // The tower too, but for what the features do not reach: its last block, its last norm, its head.
            model.parameters().train(n -> !n.contains("encoder.layers.2.") && !n.contains("post_layernorm") && !n.contains("vision_model.head."));
            Map<String, float[]> whole = gradients(model, false, 3);
            assertEquals(model.parameters().trainable().size(), whole.size());
            assertTrue(whole.values().stream().allMatch(g -> { for (float v : g) if (v != 0) return true; return false; }),
                    "every parameter has a gradient");
            for (int[] sizes : new int[][] {{1, 1, 1}, {1, 2}, {2, 1}}) same(which, whole, gradients(model, false, sizes), Arrays.toString(sizes));
            same(which, whole, gradients(model, true, 2, 1), "checkpointed");
        }
    }

    @Test void threadsChangeNothing() {
        Map<String, float[]> one = null;
        for (int threads : new int[] {1, 2, 3}) {
            try (Device device = new SimdDevice(threads); TinyLlavaVideo model = Toy.model(device, 4)) {
                model.parameters().train(TinyLlavaVideo::decoderOrConnector);
                Map<String, float[]> found = gradients(model, false, 3);
                if (one == null) one = found;
                same(Devices.SIMD, one, found, threads + " threads");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Devices.class)
    void stepsLeaveNoMemoryBehind(Devices which) {
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 4)) {
            model.parameters().train(TinyLlavaVideo::decoderOrConnector);
            long before = device.liveBytes();
            for (int i = 0; i < 5; i++) {
                gradients(model, i % 2 == 1, 2, 1);
                model.parameters().zeroGrad();
                assertEquals(before, device.liveBytes(), "after step " + i);
            }
        }
    }

    private static void same(Devices which, Map<String, float[]> a, Map<String, float[]> b, String how) {
        assertEquals(a.keySet(), b.keySet());
        a.forEach((name, g) -> which.assertSame(g, b.get(name), how + ": " + name));
    }
}
