package lucid.bench.gpu;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.I32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.contract.operand.RowPlaces;

/// One token for every completion by a decoder of Qwen2's form with random bf16 weights, as the generator does it: a step that is repeated, with the
/// drawn ids read at its end. The cache stands half-way: what a step writes there is written again by the next one.
final class GpuDecode {
    /// @param rows completions, eight to a prompt where there are so many
    record Sizes(int layers, int hidden, int inner, int heads, int kvHeads, int headDim, int vocabulary, int rows, int prompt, int decoded) {
        int keys() { return kvHeads * headDim; }

        int prompts() { return Math.max(1, rows / 8); }

        int cacheRows() { return prompts() * prompt + rows * (decoded + 1); }

        int region(int row) { return prompts() * prompt + row * (decoded + 1); }

        private long weights() {
            long layer = hidden * (2L * heads * headDim + 2L * keys() + 3L * inner);
            return layers * layer + (long) vocabulary * hidden;
        }

        /// Weights and cache, each once.
        double bytes() { return 2.0 * weights() + 8.0 * layers * cacheRows() * keys(); }

        @Override public String toString() {
            return rows + " rows, " + layers + " layers of " + hidden + ", " + Math.round(weights() / 1e8) / 10.0 + "e9 weights";
        }
    }

    private record Layer(Matrix norm, Matrix q, Matrix k, Matrix v, Matrix qBias, Matrix keyBias, Matrix o, Matrix postNorm, Matrix gate, Matrix up,
            Matrix down, Matrix keys, Matrix values) {}

    private final Sizes s;
    private final Device device;
    private final Repetition repetition;
    private final List<Layer> layers = new ArrayList<>();
    private final Matrix head, norm, cos, sin, x, normed, rstd, q, k, v, seen, lse, gated, logits;
    private final Buffer ids, positions, counters, logProb, entropy, rowLse;
    private final AttentionPlan plan;
    private final RowPlaces places;

    GpuDecode(GpuData d, Sizes s) {
        this.s = s;
        device = d.device;
        repetition = d.repetition();
        int width = s.heads * s.headDim;
        Matrix bias = d.random(1, Math.max(width, s.keys()));
        for (int i = 0; i < s.layers; i++) {
            layers.add(new Layer(d.random(1, s.hidden), d.normal(width, s.hidden), d.normal(s.keys(), s.hidden), d.normal(s.keys(), s.hidden),
                    bias.cols(0, width), bias.cols(0, s.keys()),
                    d.normal(s.hidden, width), d.random(1, s.hidden), d.normal(s.inner, s.hidden), d.normal(s.inner, s.hidden),
                            d.normal(s.hidden, s.inner),
                    d.random(s.cacheRows(), s.keys()), d.random(s.cacheRows(), s.keys())));
        }
        head = d.normal(s.vocabulary, s.hidden);
        norm = d.random(1, s.hidden);
        int length = s.prompt + s.decoded + 1;
        cos = d.random(length, s.headDim / 2);
        sin = d.random(length, s.headDim / 2);
        device.rotary().table(1e6, s.headDim, cos, sin);
        x = matrix(d, s.hidden);
        normed = matrix(d, s.hidden);
        rstd = matrix(d, 1);
        q = matrix(d, width);
        k = matrix(d, s.keys());
        v = matrix(d, s.keys());
        seen = matrix(d, width);
        lse = matrix(d, s.heads);
        gated = matrix(d, s.inner);
        logits = matrix(d, s.vocabulary);
        ids = d.ids(s.rows, s.vocabulary);
        positions = d.buffer(I32, s.rows);
        counters = d.buffer(I32, 4L * s.rows);
        logProb = d.buffer(F32, s.rows);
        entropy = d.buffer(F32, s.rows);
        rowLse = d.buffer(F32, s.rows);
        List<Span> spans = new ArrayList<>();
        int[] rows = new int[s.rows];
        for (int r = 0; r < s.rows; r++) {
            spans.add(new Span(r, 1, length - 1, r * s.prompts() / s.rows * s.prompt, s.prompt, s.region(r), s.decoded + 1, true));
            rows[r] = s.region(r) + s.decoded;
        }
        plan = new AttentionPlan(s.heads, s.kvHeads, s.headDim, spans);
        places = new RowPlaces(rows);
    }

    private Matrix matrix(GpuData d, int cols) { return Matrix.of(d.buffer(F32, (long) s.rows * cols), s.rows, cols); }

    void step() { repetition.run(this::run); }

    private void run() {
        int[] at = new int[s.rows];
        Arrays.fill(at, s.prompt + s.decoded);
        device.write(positions, 0, at);
        device.write(counters, 0, new int[4 * s.rows]);
        device.embedding().gather(ids, head, x);
        layers.forEach(this::layer);
        device.normalization().rmsNorm(x, norm, 1e-6f, normed, rstd);
        product(normed, head, null, Accumulate.SET, logits);
        device.sampling().sample(Rule.temperature(1), logits, 1, counters, ids);
        device.logProb().ofLogits(logits, ids, 1, logProb, entropy, rowLse);
        device.read(ids, 0, at);
    }

    private void layer(Layer w) {
        device.normalization().rmsNorm(x, w.norm, 1e-6f, normed, rstd);
        product(normed, w.q, w.qBias, Accumulate.SET, q);
        product(normed, w.k, w.keyBias, Accumulate.SET, k);
        product(normed, w.v, w.keyBias, Accumulate.SET, v);
        device.rotary().rotate(q, s.headDim, positions, cos, sin, false, q);
        device.rotary().rotate(k, s.headDim, positions, cos, sin, false, k);
        device.elementwise().copyRows(k, places, w.keys);
        device.elementwise().copyRows(v, places, w.values);
        device.attention().forward(plan, (float) (1 / Math.sqrt(s.headDim)), q, w.keys, w.values, seen, lse);
        product(seen, w.o, null, Accumulate.ADD, x);
        device.normalization().rmsNorm(x, w.postNorm, 1e-6f, normed, rstd);
        device.matMul().multiplyGated(normed, w.gate, w.up, gated);
        product(gated, w.down, null, Accumulate.ADD, x);
    }

    private void product(Matrix a, Matrix weight, Matrix bias, Accumulate mode, Matrix c) {
        device.matMul().multiply(a, false, weight, true, bias, mode, c);
    }
}
