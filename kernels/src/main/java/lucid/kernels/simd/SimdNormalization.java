package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.store;
import static lucid.kernels.simd.Species.F;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Arguments;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.host.HostBuffer;

/// RMSNorm and LayerNorm, a row at a time; parameter gradients a strip of columns at a time, so that each column's chain runs over the rows in order.
/// See [Normalization].
public final class SimdNormalization implements Normalization {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final Workers workers;
    private final float[][] products;

    public SimdNormalization(Workers workers) {
        this.workers = workers;
        products = new float[workers.threads()][0];
    }

    /// A view's memory, ready for byte arithmetic.
    private record Rows(MemorySegment memory, long at, long pitch) {
        static Rows of(Matrix m) { return new Rows(HostBuffer.segment(m), HostBuffer.byteOffset(m), 4 * m.stride()); }

        long row(int r) { return at + r * pitch; }

        float get(int r) { return memory.get(FLOAT, row(r)); }

        void set(int r, float value) { memory.set(FLOAT, row(r), value); }
    }

    private float[] scratch(int thread, int n) {
        if (products[thread].length < n) products[thread] = new float[n + 64];
        return products[thread];
    }

    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) {
        Arguments.norm("normalization.rmsNorm", x, weight, y, rstd);
        int n = x.cols();
        Rows in = Rows.of(x);
        Rows out = Rows.of(y);
        Rows w = Rows.of(weight);
        Rows scale = Rows.of(rstd);
        workers.parallel(x.rows(), Grain.rows(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                float s = 1f / (float) Math.sqrt(Lanes.dot(in.memory, in.row(r), in.memory, in.row(r), n) / n + eps);
                scale.set(r, s);
                scaled(in.memory, in.row(r), s, w.memory, w.at, out.memory, out.row(r), n);
            }
        });
    }

    // y = (x · s) · w
    private static void scaled(MemorySegment x, long xo, float s, MemorySegment w, long wo, MemorySegment y, long yo, int n) {
        int i = 0;
        for (; i + LANES <= n; i += LANES, xo += 4 * LANES, wo += 4 * LANES, yo += 4 * LANES) store(load(x, xo).mul(s).mul(load(w, wo)), y, yo);
        if (i < n) store(load(x, xo, n - i).mul(s).mul(load(w, wo, n - i)), y, yo, n - i);
    }

    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx, Matrix dWeight) {
        Arguments.normBackward("normalization.rmsNorm backward", x, weight, rstd, dy, groups, dx, dWeight, null);
        // First the weight's gradient: dx may be the memory of dy.
        if (dWeight != null) weightGradient(x, null, rstd, dy, groups, dWeight);
        backwardRows(x, null, weight, rstd, dy, mode, dx);
    }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) {
        String operation = "normalization.layerNorm";
        Arguments.norm(operation, x, weight, y, rstd);
        Checks.shape(operation, "bias", bias, 1, x.cols(), DType.F32);
        Checks.shape(operation, "mean", mean, x.rows(), 1, DType.F32);
        int n = x.cols();
        Rows in = Rows.of(x);
        Rows out = Rows.of(y);
        Rows w = Rows.of(weight);
        Rows b = Rows.of(bias);
        Rows centre = Rows.of(mean);
        Rows scale = Rows.of(rstd);
        workers.parallel(x.rows(), Grain.rows(n), (from, to, thread) -> {
            float[] squares = scratch(thread, n);
            for (int r = from; r < to; r++) {
                float m = Lanes.sum(in.memory, in.row(r), n) / n;
                squaredDifferences(in.memory, in.row(r), m, squares, n);
                float s = 1f / (float) Math.sqrt(Lanes.sum(squares, 0, n) / n + eps);
                centre.set(r, m);
                scale.set(r, s);
                centred(in.memory, in.row(r), m, s, w.memory, w.at, b.memory, b.at, out.memory, out.row(r), n);
            }
        });
    }

    private static void squaredDifferences(MemorySegment x, long xo, float mean, float[] out, int n) {
        for (int i = 0; i < n; i += LANES, xo += 4 * LANES) {
            FloatVector d = load(x, xo, n - i).sub(mean);
            d.mul(d).intoArray(out, i);
        }
    }

    // y = ((x - m) · s) · w + b
    private static void centred(MemorySegment x, long xo, float m, float s, MemorySegment w, long wo, MemorySegment b, long bo, MemorySegment y, long yo, int n) {
        int i = 0;
        for (; i + LANES <= n; i += LANES, xo += 4 * LANES, wo += 4 * LANES, bo += 4 * LANES, yo += 4 * LANES) {
            store(load(x, xo).sub(m).mul(s).mul(load(w, wo)).add(load(b, bo)), y, yo);
        }
        if (i < n) store(load(x, xo, n - i).sub(m).mul(s).mul(load(w, wo, n - i)).add(load(b, bo, n - i)), y, yo, n - i);
    }

    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
                                            Matrix dWeight, Matrix dBias) {
        String operation = "normalization.layerNorm backward";
        Arguments.normBackward(operation, x, weight, rstd, dy, groups, dx, dWeight, dBias);
        Checks.shape(operation, "mean", mean, x.rows(), 1, DType.F32);
        if (dWeight != null) weightGradient(x, mean, rstd, dy, groups, dWeight);
        if (dBias != null) ColumnSums.add(workers, dy, groups, dBias);
        backwardRows(x, mean, weight, rstd, dy, mode, dx);
    }

    // dx (+)= s (g - mean(g) - x̂ mean(g x̂)), g = w dy, x̂ = (x - m) s; without a mean (RMSNorm) m and mean(g) are 0.
    private void backwardRows(Matrix x, Matrix mean, Matrix weight, Matrix rstd, Matrix dy, Accumulate mode, Matrix dx) {
        int n = x.cols();
        Rows in = Rows.of(x);
        Rows w = Rows.of(weight);
        Rows d = Rows.of(dy);
        Rows out = Rows.of(dx);
        Rows scale = Rows.of(rstd);
        Rows centre = mean == null ? null : Rows.of(mean);
        boolean add = mode == Accumulate.ADD;
        workers.parallel(x.rows(), Grain.rows(2 * n), (from, to, thread) -> {
            int half = n + LANES;
            float[] products = scratch(thread, 2 * half);
            for (int r = from; r < to; r++) {
                float s = scale.get(r);
                float m = centre == null ? 0 : centre.get(r);
                products(in.memory, in.row(r), m, s, w.memory, w.at, d.memory, d.row(r), products, half, n);
                float meanG = centre == null ? 0 : Lanes.sum(products, half, n) / n;
                float meanGx = Lanes.sum(products, 0, n) / n;
                rowGradient(in.memory, in.row(r), m, s, w.memory, w.at, d.memory, d.row(r), meanG, meanGx, add, out.memory, out.row(r), n);
            }
        });
    }

    // out[i] = g x̂, out[half + i] = g
    private static void products(MemorySegment x, long xo, float m, float s, MemorySegment w, long wo, MemorySegment dy, long dyo, float[] out, int half, int n) {
        for (int i = 0; i < n; i += LANES, xo += 4 * LANES, wo += 4 * LANES, dyo += 4 * LANES) {
            int k = n - i;
            FloatVector g = load(w, wo, k).mul(load(dy, dyo, k));
            g.mul(load(x, xo, k).sub(m).mul(s)).intoArray(out, i);
            g.intoArray(out, half + i);
        }
    }

    private static void rowGradient(MemorySegment x, long xo, float m, float s, MemorySegment w, long wo, MemorySegment dy, long dyo, float meanG, float meanGx,
                                    boolean add, MemorySegment dx, long dxo, int n) {
        for (int i = 0; i < n; i += LANES, xo += 4 * LANES, wo += 4 * LANES, dyo += 4 * LANES, dxo += 4 * LANES) {
            int k = n - i;
            FloatVector g = load(w, wo, k).mul(load(dy, dyo, k));
            FloatVector normed = load(x, xo, k).sub(m).mul(s);
            FloatVector v = g.sub(meanG).sub(normed.mul(meanGx)).mul(s);
            if (add) v = load(dx, dxo, k).add(v);
            if (k >= LANES) store(v, dx, dxo);
            else store(v, dx, dxo, k);
        }
    }

    // dW[c] += chain over the group's rows of fma(dy, x̂)
    private void weightGradient(Matrix x, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Matrix dWeight) {
        int n = x.cols();
        Rows in = Rows.of(x);
        Rows d = Rows.of(dy);
        Rows scale = Rows.of(rstd);
        Rows centre = mean == null ? null : Rows.of(mean);
        Rows out = Rows.of(dWeight);
        workers.parallel((n + LANES - 1) / LANES, Grain.rows(x.rows() * LANES), (from, to, _) -> {
            for (int v = from; v < to; v++) {
                int k = Math.min(LANES, n - v * LANES);
                long at = out.at + 4L * v * LANES;
                FloatVector total = load(out.memory, at, k);
                for (int g = 0; g < groups.count(); g++) {
                    if (groups.from(g) == groups.to(g)) continue;
                    total = total.add(columnChain(in, d, scale, centre, groups.from(g), groups.to(g), 4L * v * LANES, k));
                }
                if (k == LANES) store(total, out.memory, at);
                else store(total, out.memory, at, k);
            }
        });
    }

    private static FloatVector columnChain(Rows x, Rows dy, Rows scale, Rows centre, int from, int to, long column, int k) {
        FloatVector acc = FloatVector.zero(F);
        for (int r = from; r < to; r++) {
            FloatVector normed = load(x.memory, x.row(r) + column, k).sub(centre == null ? 0f : centre.get(r)).mul(scale.get(r));
            acc = load(dy.memory, dy.row(r) + column, k).fma(normed, acc);
        }
        return acc;
    }
}
