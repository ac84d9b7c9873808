package lucid.kernels;

import static lucid.kernels.FamilyCases.CHAIN;
import static lucid.kernels.FamilyCases.OVER_ROWS;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// The families that are made of products. A row of a patch embedding is an image, one of attention a completion.
final class ProductCases extends MadeUpRows {
    ProductCases(Device device, int[] ids, int cols) { super(device, ids, cols); }

    @Override Map<String, Runnable> families() {
        Map<String, Runnable> all = new LinkedHashMap<>();
        all.put("matMul", this::matMul);
        all.put("attention", this::attention);
        all.put("patchEmbedding", this::patchEmbedding);
        all.put("logProb", this::logProb);
        return all;
    }

    private void matMul() {
        var f = device.matMul();
        int outputs = size("outputs", 1, 90);
        int cut = cols / 3;
        Matrix x = input("x");
        Matrix y = matrix(rows, outputs);
        Matrix bias = shared("bias", 1, outputs);
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            Matrix w = stored(shared("w", outputs, cols), type);
            f.multiply(x, false, stored(shared("wᵀ", cols, outputs), type), false, null, Accumulate.SET, y);
            f.multiply(x, false, w, true, bias, Accumulate.ADD, y);
            keep(CHAIN + "two products with " + type, y);
            f.multiplyActivated(x, w, bias, Activation.GELU_TANH, y);
            keep(CHAIN + "multiplyActivated with " + type, y);
            f.multiplyGated(x, w, stored(shared("up", outputs, cols), type), y);
            keep(CHAIN + "multiplyGated with " + type, y);
            Matrix both = matrix(rows, 2 * outputs + 5);
            f.multiplyEach(x, new MatMul.Layer(w, bias, both.cols(0, outputs)), new MatMul.Layer(stored(shared("other", outputs + 5, cols), type), null,
                    both.cols(outputs, 2 * outputs + 5)));
            keep(CHAIN + "multiplyEach with " + type, both);
            f.multiply(x.cols(0, cut), false, w.cols(0, cut), true, null, Accumulate.SET, y);
            f.multiplyContinue(x.cols(cut, cols), false, w.cols(cut, cols), true, y);
            keep(CHAIN + "multiplyContinue with " + type, y);
            device.prepack(w);
            f.multiply(x, false, w, true, null, Accumulate.SET, y);
            keep(CHAIN + "product with prepacked " + type, y);
        }
        Matrix dw = shared("dw", outputs, cols);
        f.gradWeight(input("dy", outputs), x, groups(), dw);
        keep(OVER_ROWS + "gradWeight", dw);
    }

    /// Keys or values: those of the completions, then those of the prompt, which all of them continue.
    private Matrix keys(String name, int each, int prompt, int width) {
        Matrix m = matrix(rows * each + prompt, width);
        device.write(m.buffer(), 0, values(name, ids, each * width));
        device.write(m.buffer(), (long) rows * each * width, values(name, IntStream.range(-prompt, 0).toArray(), width));
        return m;
    }

    private void attention() {
        int kvHeads = size("key heads", 1, 2);
        int heads = kvHeads * size("query heads", 1, 3);
        int headDim = size("head size", 1, 20);
        int prompt = size("prompt", 0, 70);
        int each = size("completion", 1, 40);
        int queries = rows * each;
        AttentionPlan plan = new AttentionPlan(heads, kvHeads, headDim,
                IntStream.range(0, rows).mapToObj(r -> Span.continuing(r * each, each, queries, prompt)).toList());
        Matrix q = Matrix.of(input("q", each * heads * headDim).buffer(), queries, heads * headDim);
        Matrix dOut = Matrix.of(input("dOut", each * heads * headDim).buffer(), queries, heads * headDim);
        Matrix k = keys("k", each, prompt, kvHeads * headDim);
        Matrix v = keys("v", each, prompt, kvHeads * headDim);
        Matrix out = matrix(queries, heads * headDim);
        Matrix lse = matrix(queries, heads);
        device.attention().forward(plan, 0.2f, q, k, v, out, lse);
        keep(CHAIN + "attention", out);
        keep(CHAIN + "attention lse", lse);
        Matrix dq = matrix(queries, heads * headDim);
        Matrix dk = keys("dk", each, prompt, kvHeads * headDim);
        Matrix dv = keys("dv", each, prompt, kvHeads * headDim);
        device.attention().backward(plan, 0.2f, q, k, v, out, lse, dOut, dq, dk, dv);
        keep(CHAIN + "attention dq", dq);
        keep(CHAIN + "attention dk", dk.rows(0, queries));
        keep(CHAIN + "attention dv", dv.rows(0, queries));
        keep(OVER_ROWS + "attention, all of dk", dk);
        keep(OVER_ROWS + "attention, all of dv", dv);
    }

    private void patchEmbedding() {
        var f = device.patchEmbedding();
        int patch = size("patch", 1, 9);
        int height = patch * size("down", 1, 3) + size("left below", 0, patch - 1);
        int width = patch * size("across", 1, 3) + size("left beside", 0, patch - 1);
        int patches = height / patch * (width / patch);
        int length = 3 * patch * patch;
        int hidden = size("hidden", 1, 60);
        float[] made = values("frame", ids, 3 * height * width);
        byte[] raw = new byte[made.length];
        for (int i = 0; i < raw.length; i++) raw[i] = (byte) (Float.floatToIntBits(made[i]) >> 4);
        Buffer frames = allocate(DType.U8, raw.length);
        device.write(frames, 0, raw);
        Buffer pixels = input("pixels", 3 * height * width).buffer();
        Matrix bias = shared("bias", 1, hidden);
        Matrix positions = shared("positions", patches, hidden);
        Matrix out = matrix(rows * patches, hidden);
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            Matrix weight = stored(shared("weight", hidden, length), type);
            f.forwardFrames(frames, rows, height, width, patch, weight, bias, positions, out);
            keep(CHAIN + "frames by " + type, out);
            f.forwardPixels(pixels, rows, height, width, patch, weight, bias, null, out);
            keep(CHAIN + "pixels by " + type, out);
        }
        Matrix cut = matrix(rows * patches, length);
        f.patches(frames, rows, height, width, patch, cut);
        keep("patches of frames", cut);
        f.patches(pixels, rows, height, width, patch, cut);
        keep("patches of pixels", cut);
        Matrix back = matrix(rows, 3 * height * width);
        f.patchesBackward(cut, rows, height, width, patch, back.buffer());
        keep("patches backward", back);
    }

    private void logProb() {
        var f = device.logProb();
        int width = size("width", 1, 40);
        int vocabulary = size("vocabulary", 1, 5000);
        Matrix hidden = input("hidden", width);
        Matrix head = stored(shared("head", vocabulary, width), new DType[] {DType.F32, DType.BF16}[cols % 2]);
        Buffer targets = ints(below("target", vocabulary));
        Matrix[] y = {matrix(rows, 1), matrix(rows, 1), matrix(rows, 1), matrix(rows, 1)};
        f.forward(hidden, head, targets, 0.7f, y[0].buffer(), y[1].buffer(), y[2].buffer());
        for (int i = 0; i < 3; i++) keep(CHAIN + "forward, output " + i, y[i]);
        Matrix dHidden = input("before", width);
        Matrix dHead = shared("dHead", vocabulary, width);
        f.backward(hidden, head, targets, 0.7f, y[2].buffer(), input("dLogProb", 1).buffer(), groups(), Accumulate.ADD, dHidden, dHead);
        keep(CHAIN + "dHidden", dHidden);
        keep(OVER_ROWS + "dHead", dHead);
        Matrix logits = matrix(rows, vocabulary);
        device.matMul().multiply(hidden, false, head, true, null, Accumulate.SET, logits);
        f.ofLogits(logits, targets, 0.7f, y[0].buffer(), y[1].buffer(), y[2].buffer());
        for (int i = 0; i < 3; i++) keep(CHAIN + "of logits, output " + i, y[i]);
        f.crossEntropy(logits, targets, y[0].buffer(), y[1].buffer());
        keep(CHAIN + "crossEntropy", y[0]);
        f.crossEntropyBackward(logits, targets, y[1].buffer(), input("dLoss", 1).buffer(), Accumulate.SET, logits);
        keep(CHAIN + "crossEntropy backward", logits);
        f.ratio(new LogProb.ClippedLoss(0.2f, 0.28f, 0.04f, 10), input("logProb", 1).buffer(), input("old", 1).buffer(),
                input("reference", 1).buffer(), input("advantage", 1).buffer(),
                input("token weight", 1).buffer(), y[0].buffer(), y[1].buffer(), y[2].buffer(), y[3].buffer());
        for (int i = 0; i < 4; i++) keep("ratio, output " + i, y[i]);
    }
}
