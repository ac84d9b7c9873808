package lucid.bench.gpu;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F32;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.Optimizer.AdamW;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Precision;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.gpu.JCudaGpu;

/// What is timed: the shapes of Qwen2.5-3B and SigLIP so400m at full size; a hundredth of them in the emulator.
final class GpuCases {
    private final boolean small;
    private final List<GpuCase> cases = new ArrayList<>();

    private GpuCases(boolean small) { this.small = small; }

    /// @param small for the emulator
    static List<GpuCase> all(boolean small) {
        GpuCases c = new GpuCases(small);
        c.launches();
        for (Precision p : Precision.values()) c.products(p);
        for (Precision p : List.of(Precision.EXACT, Precision.TENSOR, Precision.WGMMA)) c.attention(p);
        for (Precision p : List.of(Precision.EXACT, Precision.TENSOR, Precision.WGMMA)) c.decoding(p);
        c.logProb();
        c.streaming();
        c.patches();
        return c.cases;
    }

    private int size(int full, int toy) { return small ? toy : full; }

    private void launches() {
        cases.add(new GpuCase("Elementwise.fill", "1 element (the cost of a launch)", Precision.EXACT, 0, 4, d -> {
            Matrix x = Matrix.of(d.buffer(F32, 1), 1, 1);
            return () -> d.device.elementwise().fill(x, 1);
        }));
    }

    private void products(Precision p) {
        for (int full : new int[] {4096, 8192}) {
            if (p == Precision.EXACT && full > 4096) continue;
            int n = size(full, full / 64);
            product(p, n, n, n);
        }
        for (int rows : new int[] {1, 8, 64}) product(p, rows, size(11008, 172), size(2048, 128));
        for (int rows : new int[] {1, 64}) gated(p, rows, size(11008, 172), size(2048, 128));
        gated(p, size(4096, 64), size(11008, 172), size(2048, 128));
        activated(p, size(11664, 81), size(4304, 136), size(1152, 72));
    }

    private void gated(Precision p, int m, int n, int k) {
        boolean memory = m <= 64;
        cases.add(new GpuCase("MatMul.multiplyGated", m + " x 2 " + n + " x " + k + " bf16 weights", p, memory ? 0 : 4.0 * m * n * k,
                4.0 * n * k + 4.0 * m * (n + k), d -> {
            Matrix a = d.random(m, k), gate = d.random(BF16, n, k), up = d.random(BF16, n, k), c = d.random(m, n);
            return () -> d.device.matMul().multiplyGated(a, gate, up, c);
        }));
    }

    private void activated(Precision p, int m, int n, int k) {
        cases.add(new GpuCase("MatMul.multiplyActivated", m + " x " + n + " x " + k + " bf16 weights, GELU", p, 2.0 * m * n * k,
                2.0 * n * k + 4.0 * m * (n + k), d -> {
            Matrix a = d.random(m, k), w = d.random(BF16, n, k), bias = d.random(1, n), c = d.random(m, n);
            return () -> d.device.matMul().multiplyActivated(a, w, bias, Activation.GELU_TANH, c);
        }));
    }

    private void product(Precision p, int m, int n, int k) {
        double bytes = 2.0 * n * k + 4.0 * m * (n + k);
        boolean memory = m <= 64;
        cases.add(new GpuCase("MatMul.multiply", m + " x " + n + " x " + k + " bf16 weights", p, memory ? 0 : 2.0 * m * n * k, bytes, d -> {
            Matrix a = d.random(m, k);
            Matrix b = d.random(BF16, n, k);
            Matrix c = d.random(m, n);
            return () -> d.device.matMul().multiply(a, false, b, true, null, Accumulate.SET, c);
        }));
    }

    private void attention(Precision p) {
        int n = size(1112, 70);
        AttentionPlan decoder = new AttentionPlan(size(16, 4), 2, 128, List.of(AttentionPlan.Span.causal(0, n)));
        attention(p, "causal " + n + ", " + decoder.heads() + "/2 heads of 128", decoder, n, 0.5);
        int patches = size(729, 49);
        AttentionPlan tower = new AttentionPlan(size(16, 2), size(16, 2), 72, List.of(AttentionPlan.Span.full(0, patches)));
        attention(p, "full " + patches + ", " + tower.heads() + " heads of 72", tower, patches, 1);
    }

    private void attention(Precision p, String shape, AttentionPlan plan, int n, double visible) {
        int width = plan.heads() * plan.headDim();
        int keys = plan.kvHeads() * plan.headDim();
        double flops = 4.0 * n * n * width * visible;
        cases.add(new GpuCase("Attention.forward", shape, p, flops, 8.0 * n * (width + keys), d -> {
            Matrix q = d.random(n, width), k = d.random(n, keys), v = d.random(n, keys), out = d.random(n, width), lse = d.random(n, plan.heads());
            return () -> d.device.attention().forward(plan, 0.1f, q, k, v, out, lse);
        }));
        if (p == Precision.WGMMA) return;       // TENSOR's kernels
        cases.add(new GpuCase("Attention.backward", shape, p, 2.5 * flops, 16.0 * n * (width + keys), d -> {
            Matrix q = d.random(n, width), k = d.random(n, keys), v = d.random(n, keys), out = d.random(n, width), lse = d.random(n, plan.heads()),
                    dOut = d.random(n, width);
            Matrix dq = d.random(n, width), dk = d.random(n, keys), dv = d.random(n, keys);
            d.device.attention().forward(plan, 0.1f, q, k, v, out, lse);
            return () -> d.device.attention().backward(plan, 0.1f, q, k, v, out, lse, dOut, dq, dk, dv);
        }));
    }

    /// Qwen2.5-3B, 64 completions of 8 prompts.
    private void decoding(Precision p) {
        GpuDecode.Sizes sizes = small ? new GpuDecode.Sizes(2, 64, 96, 4, 2, 16, 300, 9, 6, 3)
                : new GpuDecode.Sizes(36, 2048, 11008, 16, 2, 128, 151936, 64, 512, 128);
        cases.add(new GpuCase("Decode.step", sizes.toString(), p, 0, sizes.bytes(), d -> new GpuDecode(d, sizes)::step));
    }

    private void logProb() {
        int rows = size(4096, 5);
        int width = size(2048, 64);
        int vocabulary = size(151936, 2100);
        String shape = rows + " x " + width + " x " + vocabulary;
        double product = 2.0 * rows * width * vocabulary;
        double weights = 2.0 * width * vocabulary;
        for (Precision p : List.of(Precision.EXACT, Precision.TENSOR, Precision.WGMMA)) {
            cases.add(new GpuCase("LogProb.forward", shape, p, product, weights, d -> {
                Matrix hidden = d.random(rows, width);
                Matrix head = d.random(BF16, vocabulary, width);
                Buffer targets = d.ids(rows, vocabulary), logProb = d.buffer(F32, rows), entropy = d.buffer(F32, rows), lse = d.buffer(F32, rows);
                return () -> d.device.logProb().forward(hidden, head, targets, 1, logProb, entropy, lse);
            }));
            cases.add(new GpuCase("LogProb.backward", shape, p, 3 * product, weights + 8.0 * width * vocabulary, d -> {
                Matrix hidden = d.random(rows, width), dHidden = d.random(rows, width);
                Matrix head = d.random(BF16, vocabulary, width), dHead = Matrix.of(d.buffer(F32, (long) vocabulary * width), vocabulary, width);
                Buffer targets = d.ids(rows, vocabulary), lse = d.random(1, rows).buffer(), coefficient = d.random(1, rows).buffer();
                d.device.elementwise().fill(dHead, 0);
                return () -> d.device.logProb().backward(hidden, head, targets, 1, lse, coefficient, RowGroups.single(rows), Accumulate.SET,
                        dHidden, dHead);
            }));
        }
        for (Precision p : List.of(Precision.EXACT, Precision.TENSOR)) {
            cases.add(new GpuCase("LogProb.ofLogits", "8 x " + vocabulary, p, 0, 32.0 * vocabulary, d -> {
                Matrix logits = d.random(8, vocabulary);
                Buffer targets = d.ids(8, vocabulary), logProb = d.buffer(F32, 8), entropy = d.buffer(F32, 8), lse = d.buffer(F32, 8);
                return () -> d.device.logProb().ofLogits(logits, targets, 1, logProb, entropy, lse);
            }));
        }
    }

    private void streaming() {
        int rows = size(8896, 9);
        int width = size(2048, 70);
        int wide = size(11008, 90);
        double cells = (double) rows * width;
        cases.add(new GpuCase("Normalization.rmsNorm", rows + " x " + width, Precision.EXACT, 0, 8 * cells, d -> {
            Matrix x = d.random(rows, width), w = d.random(1, width), y = d.random(rows, width), rstd = d.random(rows, 1);
            return () -> d.device.normalization().rmsNorm(x, w, 1e-6f, y, rstd);
        }));
        cases.add(new GpuCase("Normalization.rmsNormBackward", rows + " x " + width, Precision.EXACT, 0, 12 * cells, d -> {
            Matrix x = d.random(rows, width), w = d.random(1, width), y = d.random(rows, width), rstd = d.random(rows, 1), dx = d.random(rows, width),
                    dw = d.random(1, width);
            d.device.normalization().rmsNorm(x, w, 1e-6f, y, rstd);
            return () -> d.device.normalization().rmsNormBackward(x, w, rstd, y, RowGroups.single(rows), Accumulate.SET, dx, dw);
        }));
        cases.add(new GpuCase("Elementwise.swiGlu", rows + " x " + wide, Precision.EXACT, 0, 12.0 * rows * wide, d -> {
            Matrix gate = d.random(rows, wide), up = d.random(rows, wide), y = d.random(rows, wide);
            return () -> d.device.elementwise().swiGlu(gate, up, y);
        }));
        cases.add(new GpuCase("Reduce.softmax", rows + " x " + width, Precision.EXACT, 0, 8 * cells, d -> {
            Matrix x = d.random(rows, width), y = d.random(rows, width);
            return () -> d.device.reduce().softmax(x, y);
        }));
        cases.add(GpuCase.byCudnn("Reduce.softmax", rows + " x " + width, 0, 8 * cells, d -> {
            Matrix x = d.random(rows, width), y = d.random(rows, width);
            long from = CudaBuffer.address(x), to = CudaBuffer.address(y);
            return () -> ((JCudaGpu) d.gpu).cudnn().softmax(rows, width, from, to);
        }));
        int parameters = size(11008, 12);
        cases.add(new GpuCase("Optimizer.adamW", parameters + " x " + wide + " with bf16 image", Precision.EXACT, 0, 30.0 * parameters * wide, d -> {
            Matrix grad = d.random(parameters, wide), param = d.random(parameters, wide), m = d.random(parameters, wide),
                    v = d.random(parameters, wide);
            Matrix image = Matrix.of(d.buffer(DType.BF16, grad.size()), parameters, wide);
            d.device.elementwise().fill(v, 1);
            return () -> d.device.optimizer().adamW(new AdamW(1e-6f, 0.9f, 0.999f, 1e-8f, 0.01f, 3), 1, grad, param, m, v, image);
        }));
        cases.add(new GpuCase("Reduce.addSumOfSquares", parameters + " x " + wide, Precision.EXACT, 0, 4.0 * parameters * wide, d -> {
            Matrix x = d.random(parameters, wide), y = d.random(1, 1);
            return () -> d.device.reduce().addSumOfSquares(x, y);
        }));
        cases.add(new GpuCase("Reduce.addFingerprint", parameters + " x " + wide, Precision.EXACT, 0, 4.0 * parameters * wide, d -> {
            Matrix x = d.random(parameters, wide), sums = Matrix.row(d.ids(2, 1));
            return () -> d.device.reduce().addFingerprint(x, sums);
        }));
        cases.add(new GpuCase("Embedding.gather", rows + " of " + wide + " x " + width, Precision.EXACT, 0, 6 * cells, d -> {
            Matrix table = d.random(BF16, wide, width), y = d.random(rows, width);
            Buffer ids = d.ids(rows, wide);
            return () -> d.device.embedding().gather(ids, table, y);
        }));
    }

    private void patches() {
        int frames = size(16, 1);
        int side = size(384, 30);
        int hidden = size(1152, 40);
        int count = (side / 14) * (side / 14);
        String shape = frames + " frames of " + side + " x " + side + ", hidden " + hidden;
        double flops = 2.0 * frames * count * 588 * hidden;
        double bytes = 4.0 * frames * count * hidden;
        GpuCase.Preparation work = d -> {
            Buffer pixels = d.bytes(frames * side * side * 3);
            Matrix weight = d.random(hidden, 588), bias = d.random(1, hidden), positions = d.random(count, hidden),
                    out = d.random(frames * count, hidden);
            return () -> d.device.patchEmbedding().forwardFrames(pixels, frames, side, side, 14, weight, bias, positions, out);
        };
        for (Precision p : List.of(Precision.EXACT, Precision.TENSOR))
            cases.add(new GpuCase("PatchEmbedding.forwardFrames", shape, p, flops, bytes, work));
        cases.add(GpuCase.byCudnn("PatchEmbedding.forwardFrames", shape, flops, bytes, work));
    }
}
