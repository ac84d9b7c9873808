package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import lucid.kernels.Device;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Fused operations against the same thing composed of small ones on the same device: values and gradients.
class TwinTest {
    /// Both sides are f32 with different roundings: a few units in the last place of numbers near 1, more after a chain of ten operations.
    private static final float TOLERANCE = 2e-5f;

    static java.util.stream.Stream<Devices> devices() { return Devices.all(); }

    @ParameterizedTest @MethodSource("devices")
    void rmsNorm(Devices d) {
        twins(d, List.of(new int[] {7, 33}, new int[] {33}), t -> t[0].rmsNorm(t[1], 1e-5f),
                t -> t[0].mul(t[0].square().rowMean().add(Tensor.full(t[0].scope(), 1e-5f, 1, 1)).unary(Unary.RSQRT)).mul(t[1]));
    }

    @ParameterizedTest @MethodSource("devices")
    void layerNorm(Devices d) {
        twins(d, List.of(new int[] {7, 33}, new int[] {33}, new int[] {33}), t -> t[0].layerNorm(t[1], t[2], 1e-5f), t -> {
            Tensor centred = t[0].sub(t[0].rowMean());
            return centred.mul(centred.square().rowMean().add(Tensor.full(t[0].scope(), 1e-5f, 1, 1)).unary(Unary.RSQRT)).mul(t[1]).add(t[2]);
        });
    }

    @ParameterizedTest @MethodSource("devices")
    void swiGlu(Devices d) {
        twins(d, List.of(new int[] {5, 19}, new int[] {5, 19}), t -> t[0].swiGlu(t[1]), t -> t[0].mul(t[0].sigmoid()).mul(t[1]));
    }

    @ParameterizedTest @MethodSource("devices")
    void gelu(Devices d) {
        twins(d, List.of(new int[] {5, 19}), t -> t[0].gelu(),
                t -> t[0].scale(0.5f).mul(t[0].scale((float) Math.sqrt(0.5)).unary(Unary.ERF).add(Tensor.full(t[0].scope(), 1f, 1, 1))));
        twins(d, List.of(new int[] {5, 19}), t -> t[0].geluTanh(), t -> t[0].scale(0.5f)
                .mul(t[0].add(t[0].mul(t[0]).mul(t[0]).scale(0.044715f)).scale((float) Math.sqrt(2 / Math.PI)).tanh()
                        .add(Tensor.full(t[0].scope(), 1f, 1, 1))));
    }

    @ParameterizedTest @MethodSource("devices")
    void softmax(Devices d) { twins(d, List.of(new int[] {5, 37}), t -> t[0].softmax(), t -> softmaxOf(t[0])); }

    private static Tensor softmaxOf(Tensor x) {
        Tensor e = x.sub(x.rowMax()).exp();
        return e.div(e.rowSum());
    }

    @ParameterizedTest @MethodSource("devices")
    void attention(Devices d) {
        attention(d, "causal, grouped queries", new AttentionPlan(4, 2, 6, List.of(Span.causal(0, 41))), 41, 41);
        attention(d, "full, as of two images", new AttentionPlan(2, 2, 9, List.of(Span.full(0, 35), Span.full(35, 6))), 41, 41);
        attention(d, "cross, as of a resampler's latents", new AttentionPlan(3, 3, 4, List.of(Span.cross(0, 3, 0, 37), Span.cross(3, 3, 37, 33))), 6,
                70);
        attention(d, "two completions of a shared prompt", new AttentionPlan(4, 2, 6,
                List.of(Span.causal(0, 37), Span.continuing(37, 5, 0, 37), Span.continuing(42, 2, 0, 37))), 44, 44);
        attention(d, "one token beside what is cached", new AttentionPlan(4, 1, 8, List.of(new Span(0, 1, 38, 0, 33, 40, 6, true))), 1, 46);
    }

    private static void attention(Devices d, String name, AttentionPlan plan, int queries, int keys) {
        int width = plan.headDim(), kv = plan.kvHeads() * width;
        twins(name, d, List.of(new int[] {queries, plan.heads() * width}, new int[] {keys, kv}, new int[] {keys, kv}),
                t -> t[0].attention(t[1], t[2], plan, 0.4f), t -> {
            List<Tensor> spans = new ArrayList<>();
            for (Span s : plan.spans()) {
                int[] seen = IntStream.range(0, s.prefixKeys() + s.ownKeys()).map(s::keyRow).toArray();
                Tensor q = t[0].rows(s.queryRow(), s.queryRow() + s.queries()), k = t[1].gatherRows(seen), v = t[2].gatherRows(seen),
                        hidden = hidden(t[0].scope(), s);
                List<Tensor> heads = new ArrayList<>();
                for (int h = 0; h < plan.heads(); h++) {
                    int from = h * plan.kvHeads() / plan.heads() * width;
                    Tensor scores = q.cols(h * width, (h + 1) * width).matmul(k.cols(from, from + width), false, true).scale(0.4f).add(hidden);
                    heads.add(softmaxOf(scores).matmul(v.cols(from, from + width)));
                }
                spans.add(Tensor.concatCols(heads));
            }
            return Tensor.concatRows(spans);
        });
    }

    /// What is added to the scores of a span, [queries, keys]: nothing to those of visible keys.
    private static Tensor hidden(Scope scope, Span s) {
        int keys = s.prefixKeys() + s.ownKeys();
        float[] mask = new float[s.queries() * keys];
        for (int i = 0; i < s.queries(); i++) Arrays.fill(mask, i * keys + s.visible(i), (i + 1) * keys, -1e30f);
        return Tensor.of(scope, mask, s.queries(), keys);
    }

    @ParameterizedTest @MethodSource("devices")
    void rotary(Devices d) {
        int[] positions = {0, 7, 2, 200, 31};
        int width = 10, half = width / 2, heads = 3;
        twins(d, List.of(new int[] {5, heads * width}), t -> {
            RotaryTable table = RotaryTable.of(t[0].scope(), 1e4, width, 201);
            return t[0].rotate(Tensor.ints(t[0].scope(), positions, 5), table.cos(), table.sin(), width);
        }, t -> {
            float[] angles = new float[positions.length * half];
            for (int i = 0; i < angles.length; i++) angles[i] = (float) (positions[i / half] * Math.pow(1e4, -2.0 * (i % half) / width));
            Tensor angle = Tensor.of(t[0].scope(), angles, 5, half), cos = angle.unary(Unary.COS), sin = angle.unary(Unary.SIN);
            List<Tensor> parts = new ArrayList<>();
            for (int at = 0; at < heads * width; at += width) {
                Tensor a = t[0].cols(at, at + half), b = t[0].cols(at + half, at + width);
                parts.add(a.mul(cos).sub(b.mul(sin)));
                parts.add(b.mul(cos).add(a.mul(sin)));
            }
            return Tensor.concatCols(parts);
        });
    }

    @ParameterizedTest @MethodSource("devices")
    void patchEmbedding(Devices d) {
        List<int[]> parameters = List.of(new int[] {6, 12}, new int[] {6}, new int[] {4, 6});
        byte[] frames = new byte[2 * 5 * 4 * 3];
        new Random(3).nextBytes(frames);
        // [n, height, width, 3] and [n, 3, height, width]: where a frame's channel c, row y, column x lies. The fifth row is in no patch.
        twins("u8 frames", d, parameters, t -> Tensor.bytes(t[0].scope(), frames, 2, 5, 4, 3).patchEmbedding(t[0], t[1], t[2], 2, null), t -> {
            float[] numbers = new float[frames.length];
            for (int i = 0; i < numbers.length; i++) numbers[i] = Byte.toUnsignedInt(frames[i]);
            Tensor pixels = Tensor.of(t[0].scope(), numbers, numbers.length, 1).scale(1 / 255f).sub(Tensor.full(t[0].scope(), 0.5f, 1, 1)).scale(2);
            return patches(pixels, (c, y, x) -> (y * 4 + x) * 3 + c).linear(t[0], t[1]).add(Tensor.concatRows(List.of(t[2], t[2])));
        });
        List<int[]> withPixels = new ArrayList<>(parameters);
        withPixels.add(new int[] {2, 3, 5, 4});
        twins("f32 pixels", d, withPixels, t -> t[3].patchEmbedding(t[0], t[1], t[2], 2, null),
                t -> patches(t[3].reshape(120, 1), (c, y, x) -> (c * 5 + y) * 4 + x).linear(t[0], t[1]).add(Tensor.concatRows(List.of(t[2], t[2]))));
    }

    private interface Place {
        int of(int channel, int row, int column);
    }

    /// The 2 x 2 patches of two frames of 5 x 4 as rows `[channel][row][column]`: im2col, number by number.
    private static Tensor patches(Tensor pixels, Place place) {
        return pixels.gatherRows(IntStream.range(0, 2 * 4 * 12).map(i -> {
            int frame = i / 48, patch = i / 12 % 4, at = i % 12;
            return frame * 60 + place.of(at / 4, patch / 2 * 2 + at / 2 % 2, patch % 2 * 2 + at % 2);
        }).toArray()).reshape(8, 12);
    }

    @ParameterizedTest @MethodSource("devices")
    void gatherRows(Devices d) {
        int[] ids = {4, 0, 4, 22};
        twins(d, List.of(new int[] {23, 7}), t -> t[0].gatherRows(ids), t -> oneHot(t[0].scope(), ids, 23).matmul(t[0]));
    }

    @ParameterizedTest @MethodSource("devices")
    void weightedSum(Devices d) {
        twins(d, List.of(new int[] {5, 19}, new int[] {95}), t -> t[0].weightedSum(t[1]), t -> t[0].reshape(95).mul(t[1]).sum());
    }

    /// Three steps with a clipped gradient; the parameter's bf16 image is the parameter, rounded.
    @ParameterizedTest @MethodSource("devices")
    void adamW(Devices d) {
        float lr = 0.02f, beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f, decay = 0.1f, clip = 0.7f;
        try (Device device = d.open(); Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            Tensor p = Tensor.of(scope, GradientTest.random(77, -1, 1, 1), 7, 11), m = Tensor.zeros(scope, 7, 11), v = Tensor.zeros(scope, 7, 11);
            Tensor fused = p.copy(), fusedM = m.copy(), fusedV = v.copy(), image = Tensor.undefined(scope, DType.BF16, 7, 11);
            for (int step = 1; step <= 3; step++) {
                Tensor g = Tensor.of(scope, GradientTest.random(77, -1, 1, 10 + step), 7, 11);
                device.optimizer().adamW(new Optimizer.AdamW(lr, beta1, beta2, eps, decay, step), clip, g.matrix(), fused.matrix(), fusedM.matrix(),
                        fusedV.matrix(), image.matrix());
                Tensor clipped = g.scale(clip);
                m = m.scale(beta1).add(clipped.scale(1 - beta1));
                v = v.scale(beta2).add(clipped.square().scale(1 - beta2));
                Tensor root = v.scale((float) (1 / (1 - Math.pow(beta2, step)))).sqrt().add(Tensor.full(scope, eps, 1, 1));
                p = p.scale(1 - lr * decay).sub(m.scale((float) (lr / (1 - Math.pow(beta1, step)))).div(root));
                assertArrayEquals(m.toFloats(), fusedM.toFloats(), TOLERANCE);
                assertArrayEquals(v.toFloats(), fusedV.toFloats(), TOLERANCE);
                assertArrayEquals(p.toFloats(), fused.toFloats(), TOLERANCE);
                assertArrayEquals(fused.to(DType.BF16).to(DType.F32).toFloats(), image.to(DType.F32).toFloats());
            }
        }
    }

    @ParameterizedTest @MethodSource("devices")
    void crossEntropy(Devices d) {
        int[] targets = {4, 0, 22, 9, 1};
        twins(d, List.of(new int[] {5, 23}), t -> Tensor.crossEntropy(t[0], Tensor.ints(t[0].scope(), targets, 5)),
                t -> logProbOf(t[0], targets).neg());
    }

    @ParameterizedTest @MethodSource("devices")
    void logProb(Devices d) {
        int[] targets = {4, 0, 22, 9, 1};
        twins(d, List.of(new int[] {5, 11}, new int[] {23, 11}),
                t -> Tensor.logProb(t[0], t[1], Tensor.ints(t[0].scope(), targets, 5), 0.7f).logProb(),
                t -> logProbOf(t[0].linear(t[1], null).scale(1 / 0.7f), targets));
    }

    /// The clipped loss with k3 and its closed-form coefficient against the same loss composed, walked back by the tape: fresh tokens (ratio exactly
    /// 1), both clip sides with both signs of the advantage, estimates above the clamp, masked tokens.
    @ParameterizedTest @MethodSource("devices")
    void policyTerms(Devices d) {
        int rows = 61;
        LogProb.ClippedLoss settings = new LogProb.ClippedLoss(0.2f, 0.3f, 0.5f, 0.25f);
        float[] now = GradientTest.random(rows, -3, 0, 1);
        float[] old = GradientTest.random(rows, -0.6, 0.6, 2);
        float[] reference = GradientTest.random(rows, -1, 1, 3);
        for (int i = 0; i < rows; i++) {
            old[i] = i % 4 == 0 ? now[i] : now[i] + old[i];
            reference[i] += now[i];
        }
        float[] weight = GradientTest.random(rows, 0.1, 1, 4);
        for (int i = 0; i < rows; i += 5) weight[i] = 0;
        try (Device device = d.open(); Scope scope = Scope.open(device)) {
            Tensor logProb = Tensor.of(scope, now, rows).requireGrad();
            Tensor before = Tensor.of(scope, old, rows), anchor = Tensor.of(scope, reference, rows), w = Tensor.of(scope, weight, rows);
            Tensor advantage = Tensor.of(scope, GradientTest.random(rows, -2, 2, 5), rows);
            LogProbs.PolicyTerms fused = new LogProbs(logProb, logProb, logProb, logProb).policyTerms(settings, before, anchor, advantage, w);

            Tensor ratio = logProb.sub(before).exp();
            Tensor clipped = least(most(ratio, 1 - settings.epsilonLow()), Tensor.full(scope, 1 + settings.epsilonHigh(), rows));
            Tensor apart = anchor.sub(logProb);
            Tensor kl = least(apart.exp().sub(apart).sub(Tensor.full(scope, 1, rows)), Tensor.full(scope, settings.klClamp(), rows));
            Tensor loss = least(ratio.mul(advantage), clipped.mul(advantage)).neg().add(kl.scale(settings.beta()));
            loss.mul(w).sum().backward();
            assertArrayEquals(ratio.toFloats(), fused.ratio().toFloats(), TOLERANCE);
            assertArrayEquals(kl.toFloats(), fused.kl().toFloats(), TOLERANCE);
            assertArrayEquals(loss.toFloats(), fused.loss().toFloats(), TOLERANCE);
            assertArrayEquals(logProb.grad().toFloats(), fused.coefficient().toFloats(), TOLERANCE);
        }
    }

    // The rectifier's gradient at 0 is 0, so that of a tie is a's, as in the fused loss.
    private static Tensor least(Tensor a, Tensor b) { return a.sub(a.sub(b).relu()); }

    private static Tensor most(Tensor a, float b) { return a.add(Tensor.full(a.scope(), b, a.shape().size()).sub(a).relu()); }

    private static Tensor logProbOf(Tensor logits, int[] targets) {
        Tensor shifted = logits.sub(logits.rowMax());
        Tensor lse = shifted.exp().rowSum().log();
        return shifted.mul(oneHot(logits.scope(), targets, logits.shape().cols())).rowSum().sub(lse).reshape(targets.length);
    }

    private static Tensor oneHot(Scope scope, int[] ids, int cols) {
        float[] ones = new float[ids.length * cols];
        for (int r = 0; r < ids.length; r++) ones[r * cols + ids[r]] = 1;
        return Tensor.of(scope, ones, ids.length, cols);
    }

    private static void twins(Devices which, List<int[]> shapes, Function<Tensor[], Tensor> fused, Function<Tensor[], Tensor> composed) {
        twins("", which, shapes, fused, composed);
    }

    private static void twins(String name, Devices which, List<int[]> shapes, Function<Tensor[], Tensor> fused, Function<Tensor[], Tensor> composed) {
        try (Device device = which.open()) {
            List<float[]> a = run(device, shapes, fused);
            List<float[]> b = run(device, shapes, composed);
            for (int i = 0; i < a.size(); i++) {
                float largest = 1;
                for (float v : b.get(i)) largest = Math.max(largest, Math.abs(v));
                for (int j = 0; j < b.get(i).length; j++) {
                    assertEquals(b.get(i)[j], a.get(i)[j], TOLERANCE * largest, name + " " + (i == 0 ? "value" : "gradient of input " + (i - 1))
                            + ", element " + j);
                }
            }
        }
    }

    private static List<float[]> run(Device device, List<int[]> shapes, Function<Tensor[], Tensor> f) {
        try (Scope scope = Scope.open(device)) {
            Tensor[] in = new Tensor[shapes.size()];
            for (int i = 0; i < in.length; i++)
                in[i] = Tensor.of(scope, GradientTest.random(new Shape(shapes.get(i)).size(), -2, 2, 5 + i), shapes.get(i)).requireGrad();
            Tensor y = f.apply(in);
            List<float[]> out = new ArrayList<>();
            out.add(y.toFloats());
            y.backward(Tensor.of(scope, GradientTest.random(y.shape().size(), -1, 1, 99), y.shape().dims()));
            for (Tensor t : in) out.add(t.grad().toFloats());
            return out;
        }
    }
}
