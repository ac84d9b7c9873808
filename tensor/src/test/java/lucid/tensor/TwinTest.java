package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import lucid.kernels.Device;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.AttentionPlan.Span;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.LogProb;
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
                .mul(t[0].add(t[0].mul(t[0]).mul(t[0]).scale(0.044715f)).scale((float) Math.sqrt(2 / Math.PI)).tanh().add(Tensor.full(t[0].scope(), 1f, 1, 1))));
    }

    @ParameterizedTest @MethodSource("devices")
    void softmax(Devices d) { twins(d, List.of(new int[] {5, 37}), t -> t[0].softmax(), t -> softmaxOf(t[0])); }

    private static Tensor softmaxOf(Tensor x) {
        Tensor e = x.sub(x.rowMax()).exp();
        return e.div(e.rowSum());
    }

    @ParameterizedTest @MethodSource("devices")
    void attention(Devices d) {
        int length = 41;
        AttentionPlan plan = new AttentionPlan(4, 2, 6, List.of(Span.causal(0, length)));
        twins(d, List.of(new int[] {length, 24}, new int[] {length, 12}, new int[] {length, 12}), t -> t[0].attention(t[1], t[2], plan, 0.4f), t -> {
            float[] mask = new float[length * length];
            for (int i = 0; i < length; i++) Arrays.fill(mask, i * length + i + 1, (i + 1) * length, -1e30f);
            Tensor hidden = Tensor.of(t[0].scope(), mask, length, length);
            List<Tensor> heads = new ArrayList<>();
            for (int h = 0; h < 4; h++) {
                int kv = h / 2 * 6;
                Tensor scores = t[0].cols(h * 6, h * 6 + 6).matmul(t[1].cols(kv, kv + 6), false, true).scale(0.4f).add(hidden);
                heads.add(softmaxOf(scores).matmul(t[2].cols(kv, kv + 6)));
            }
            return Tensor.concatCols(heads);
        });
    }

    @ParameterizedTest @MethodSource("devices")
    void crossEntropy(Devices d) {
        int[] targets = {4, 0, 22, 9, 1};
        twins(d, List.of(new int[] {5, 23}), t -> Tensor.crossEntropy(t[0], Tensor.ints(t[0].scope(), targets, 5)), t -> logProbOf(t[0], targets).neg());
    }

    @ParameterizedTest @MethodSource("devices")
    void logProb(Devices d) {
        int[] targets = {4, 0, 22, 9, 1};
        twins(d, List.of(new int[] {5, 11}, new int[] {23, 11}), t -> Tensor.logProb(t[0], t[1], Tensor.ints(t[0].scope(), targets, 5), 0.7f).logProb(),
                t -> logProbOf(t[0].linear(t[1], null).scale(1 / 0.7f), targets));
    }

    /// The clipped loss with k3 and its closed-form coefficient against the same loss composed, walked back by the tape: fresh tokens (ratio exactly 1), both clip sides with both signs
    /// of the advantage, estimates above the clamp, masked tokens.
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
            LogProbs.PolicyTerms fused = new LogProbs(logProb, logProb, logProb).policyTerms(settings, before, anchor, advantage, w);

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
        int cols = logits.shape().cols();
        float[] oneHot = new float[targets.length * cols];
        for (int r = 0; r < targets.length; r++) oneHot[r * cols + targets[r]] = 1;
        Tensor shifted = logits.sub(logits.rowMax());
        Tensor lse = shifted.exp().rowSum().log();
        return shifted.mul(Tensor.of(logits.scope(), oneHot, targets.length, cols)).rowSum().sub(lse).reshape(targets.length);
    }

    private static void twins(Devices which, List<int[]> shapes, Function<Tensor[], Tensor> fused, Function<Tensor[], Tensor> composed) {
        try (Device device = which.open()) {
            List<float[]> a = run(device, shapes, fused);
            List<float[]> b = run(device, shapes, composed);
            for (int i = 0; i < a.size(); i++) {
                float largest = 1;
                for (float v : b.get(i)) largest = Math.max(largest, Math.abs(v));
                for (int j = 0; j < b.get(i).length; j++) {
                    assertEquals(b.get(i)[j], a.get(i)[j], TOLERANCE * largest, (i == 0 ? "value" : "gradient of input " + (i - 1)) + ", element " + j);
                }
            }
        }
    }

    private static List<float[]> run(Device device, List<int[]> shapes, Function<Tensor[], Tensor> f) {
        try (Scope scope = Scope.open(device)) {
            Tensor[] in = new Tensor[shapes.size()];
            for (int i = 0; i < in.length; i++) in[i] = Tensor.of(scope, GradientTest.random(new Shape(shapes.get(i)).size(), -2, 2, 5 + i), shapes.get(i)).requireGrad();
            Tensor y = f.apply(in);
            List<float[]> out = new ArrayList<>();
            out.add(y.toFloats());
            y.backward(Tensor.of(scope, GradientTest.random(y.shape().size(), -1, 1, 99), y.shape().dims()));
            for (Tensor t : in) out.add(t.grad().toFloats());
            return out;
        }
    }
}
