package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// However prompt groups are divided into micro-batches, the gradients have the same bits: a small language model with a tied head.
class MicroBatchTest {
    private static final int GROUPS = 4;
    private static final int[] ROWS = {5, 3, 7, 4};
    private static final int WIDTH = 16;
    private static final int VOCABULARY = 13;

    private static List<float[]> gradients(Device device, int groupsPerBatch, boolean checkpoint) {
        try (Scope model = Scope.open(device)) {
            Parameter embedding = new Parameter("embedding", Tensor.normal(model, 1, 0, 0.5f, VOCABULARY, WIDTH));
            Parameter norm = new Parameter("norm", Tensor.normal(model, 2, 1, 0.1f, WIDTH));
            Parameter qkv = new Parameter("qkv", Tensor.normal(model, 3, 0, 0.3f, 3 * WIDTH, WIDTH));
            Parameter bias = new Parameter("bias", Tensor.normal(model, 4, 0, 0.3f, 3 * WIDTH));
            Parameter scale = new Parameter("scale", Tensor.normal(model, 5, 1, 0.3f, WIDTH));
            Parameter last = new Parameter("last", Tensor.normal(model, 6, 0, 0.3f, WIDTH));
            for (int from = 0; from < GROUPS; from += groupsPerBatch) {
                try (Scope step = model.child()) {
                    int[] rows = Arrays.copyOfRange(ROWS, from, from + groupsPerBatch);
                    int[] offsets = new int[rows.length + 1];
                    List<Span> spans = new ArrayList<>();
                    for (int i = 0; i < rows.length; i++) {
                        offsets[i + 1] = offsets[i] + rows[i];
                        spans.add(Span.causal(offsets[i], rows[i]));
                    }
                    int first = Arrays.stream(ROWS).limit(from).sum();
                    int total = offsets[rows.length];
                    Tensor ids = Tensor.ints(step, ids(first, total, 3), total);
                    Tensor x = Tensor.embedding(ids, embedding.value(), new RowGroups(offsets));
                    AttentionPlan plan = new AttentionPlan(2, 2, WIDTH / 2, spans);
                    UnaryOperator<Tensor> block = t -> {
                        Tensor p = t.rmsNorm(norm.value(), 1e-6f).linear(qkv.value(), bias.value());
                        return t.add(p.cols(0, WIDTH).attention(p.cols(WIDTH, 2 * WIDTH), p.cols(2 * WIDTH, 3 * WIDTH), plan, 0.3f)
                                .mul(scale.value()));
                    };
                    Tensor h = (checkpoint ? Tensor.checkpoint(block, x) : block.apply(x)).layerNorm(norm.value(), last.value(), 1e-6f);
                    Tensor lp = Tensor.logProb(h, embedding.value(), Tensor.ints(step, ids(first, total, 5), total), 1f).logProb();
                    lp.backward(Tensor.full(step, -0.125f, total));
                }
            }
            return Stream.of(embedding, norm, qkv, bias, scale, last).map(p -> p.grad().toFloats()).toList();
        }
    }

    private static int[] ids(int first, int count, int factor) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) ids[i] = (first + i) * factor % VOCABULARY;
        return ids;
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void anyDivisionGivesTheSameGradients(Devices which) {
        try (Device device = which.open()) {
            List<float[]> whole = gradients(device, GROUPS, false);
            for (int groups : new int[] {1, 2, 4}) {
                for (boolean checkpoint : new boolean[] {false, true}) {
                    List<float[]> parts = gradients(device, groups, checkpoint);
                    for (int i = 0; i < whole.size(); i++) {
                        String what = "parameter " + i + ", micro-batches of " + groups + (checkpoint ? " groups, checkpointed" : " groups");
                        assertSame(which, whole.get(i), parts.get(i), what);
                    }
                }
            }
        }
    }

    /// Images of four groups through a patch embedding with positions.
    private static List<float[]> visionGradients(Device device, int groupsPerBatch) {
        int[] images = {2, 1, 3, 1};
        try (Scope model = Scope.open(device)) {
            Parameter weight = new Parameter("weight", Tensor.normal(model, 1, 0, 0.2f, WIDTH, 3, 4, 4));
            Parameter bias = new Parameter("bias", Tensor.normal(model, 2, 0, 0.2f, WIDTH));
            Parameter positions = new Parameter("positions", Tensor.normal(model, 3, 0, 0.2f, 6, WIDTH));
            int first = 0;
            for (int from = 0; from < GROUPS; from += groupsPerBatch) {
                try (Scope step = model.child()) {
                    int[] offsets = new int[groupsPerBatch + 1];
                    for (int i = 0; i < groupsPerBatch; i++) offsets[i + 1] = offsets[i] + images[from + i] * 6;
                    int n = offsets[groupsPerBatch] / 6;
                    byte[] frames = new byte[n * 8 * 12 * 3];
                    for (int i = 0; i < frames.length; i++) frames[i] = (byte) ((first * 8 * 12 * 3 + i) * 2654435761L >> 13);
                    first += n;
                    Tensor y = Tensor.bytes(step, frames, n, 8, 12, 3).patchEmbedding(weight.value(), bias.value(), positions.value(), 4,
                            new RowGroups(offsets));
                    y.tanh().sum().backward();
                }
            }
            return List.of(weight.grad().toFloats(), bias.grad().toFloats(), positions.grad().toFloats());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void anyDivisionGivesTheSameVisionGradients(Devices which) {
        try (Device device = which.open()) {
            List<float[]> whole = visionGradients(device, GROUPS);
            for (int groups : new int[] {1, 2}) {
                List<float[]> parts = visionGradients(device, groups);
                for (int i = 0; i < whole.size(); i++)
                    assertSame(which, whole.get(i), parts.get(i), "parameter " + i + ", micro-batches of " + groups + " groups");
            }
        }
    }

    @Test void anyNumberOfThreadsGivesTheSameGradients() {
        List<float[]> wanted = null;
        for (int threads = 1; threads <= 3; threads++) {
            try (Device device = new SimdDevice(threads)) {
                List<float[]> found = new ArrayList<>(gradients(device, 2, true));
                found.addAll(visionGradients(device, 2));
                if (wanted == null) wanted = found;
                for (int i = 0; i < wanted.size(); i++)
                    assertArrayEquals(wanted.get(i), found.get(i), "parameter " + i + ", " + threads + " threads");
            }
        }
    }

    /// The textbook device sums in double over all rows at once and rounds per call; the law of bits holds on the others.
    private static void assertSame(Devices which, float[] wanted, float[] found, String what) {
        if (which == Devices.REFERENCE) assertArrayEquals(wanted, found, 1e-5f, what);
        else assertArrayEquals(wanted, found, what);
    }

    @Test void aCombinedGradientIsNotAddedTo() {
        try (Device device = new ReferenceDevice(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 2f, 2));
            Runnable pass = () -> w.value().mul(w.value()).sum().backward();
            pass.run();
            pass.run();
            assertArrayEquals(new float[] {8, 8}, w.grad().toFloats());
            assertArrayEquals(new float[] {8, 8}, w.grad().toFloats());
            var e = assertThrows(IllegalStateException.class, pass::run);
            assertTrue(e.getMessage().contains("zeroGrad"), e.getMessage());
            w.zeroGrad();
            pass.run();
            assertArrayEquals(new float[] {4, 4}, w.grad().toFloats());
        }
    }

    @Test void partsOfAParameterGatherInTheirPlaces() {
        try (Device device = new ReferenceDevice(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.full(scope, 2f, 3, 2));
            w.value().rows(1, 2).sum().add(w.value().cols(1, 2).scale(10f).sum()).backward();
            assertArrayEquals(new float[] {0, 10, 1, 11, 0, 10}, w.grad().toFloats());
        }
    }
}
