package lucid.kernels.simd.attention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// A plan with inputs, and what a device or the oracle makes of them. Matrices lie in strided views, so that a forgotten stride shows.
record AttentionCase(String name, AttentionPlan plan, int queryRows, int keyRows, float[] q, float[] k, float[] v, float[] dOut) {
    /// What untouched elements hold.
    static final float UNTOUCHED = -7.25f;
    private static final int GAP = 3;

    record Forward(float[] out, float[] lse) {}

    record Backward(float[] dq, float[] dk, float[] dv) {}

    static AttentionCase random(String name, long seed, int heads, int kvHeads, int headDim, int queryRows, int keyRows, Span... spans) {
        return random(name, seed, new AttentionPlan(heads, kvHeads, headDim, List.of(spans)), queryRows, keyRows);
    }

    static AttentionCase random(String name, long seed, AttentionPlan plan, int queryRows, int keyRows) {
        SplittableRandom random = new SplittableRandom(seed);
        int width = plan.heads() * plan.headDim(), kvWidth = plan.kvHeads() * plan.headDim();
        return new AttentionCase(name, plan, queryRows, keyRows, normal(random, queryRows * width), normal(random, keyRows * kvWidth),
                normal(random, keyRows * kvWidth), normal(random, queryRows * width));
    }

    private static float[] normal(SplittableRandom random, int n) {
        float[] a = new float[n];
        for (int i = 0; i < n; i++) a[i] = (float) random.nextGaussian();
        return a;
    }

    AttentionCase with(AttentionPlan other) { return new AttentionCase(name, other, queryRows, keyRows, q, k, v, dOut); }

    /// One over the root of the head's size, as in every model.
    float scale() { return (float) (1 / Math.sqrt(plan.headDim())); }

    int width() { return plan.heads() * plan.headDim(); }

    int kvWidth() { return plan.kvHeads() * plan.headDim(); }

    Forward forward(SimdDevice device) {
        List<Buffer> open = new ArrayList<>();
        Matrix out = filled(device, open, queryRows, width()), lse = filled(device, open, queryRows, plan.heads());
        device.attention().forward(plan, scale(), put(device, open, q, queryRows), put(device, open, k, keyRows),
                put(device, open, v, keyRows), out, lse);
        Forward result = new Forward(get(device, out), get(device, lse));
        open.forEach(Buffer::close);
        return result;
    }

    Backward backward(SimdDevice device, Forward f) {
        List<Buffer> open = new ArrayList<>();
        Matrix dq = filled(device, open, queryRows, width()), dk = filled(device, open, keyRows, kvWidth()),
                dv = filled(device, open, keyRows, kvWidth());
        device.attention().backward(plan, scale(), put(device, open, q, queryRows), put(device, open, k, keyRows), put(device, open, v, keyRows),
                put(device, open, f.out, queryRows), put(device, open, f.lse, queryRows), put(device, open, dOut, queryRows), dq, dk, dv);
        Backward result = new Backward(get(device, dq), get(device, dk), get(device, dv));
        open.forEach(Buffer::close);
        return result;
    }

    private static Matrix put(SimdDevice device, List<Buffer> open, float[] a, int rows) {
        int cols = rows == 0 ? 0 : a.length / rows;
        float[] wide = new float[rows * (cols + GAP)];
        for (int r = 0; r < rows; r++) System.arraycopy(a, r * cols, wide, r * (cols + GAP) + 1, cols);
        Buffer buffer = device.allocate(DType.F32, wide.length);
        device.write(buffer, 0, wide);
        open.add(buffer);
        return new Matrix(buffer, 1, rows, cols, cols + GAP);
    }

    private static Matrix filled(SimdDevice device, List<Buffer> open, int rows, int cols) {
        float[] a = new float[rows * cols];
        Arrays.fill(a, UNTOUCHED);
        return put(device, open, a, rows);
    }

    private static float[] get(SimdDevice device, Matrix m) {
        float[] wide = new float[Math.toIntExact(m.rows() * m.stride())];
        device.read(m.buffer(), 0, wide);
        float[] a = new float[m.rows() * m.cols()];
        for (int r = 0; r < m.rows(); r++) System.arraycopy(wide, (int) (m.offset() + r * m.stride()), a, r * m.cols(), m.cols());
        return a;
    }
}
