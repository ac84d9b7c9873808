package lucid.kernels.simd;

import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.rows.ColumnLoops;
import lucid.kernels.simd.rows.NormLoops;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// Rows are dealt to the workers; the loops of a row are in [NormLoops], the parameter gradients in [ColumnLoops]. See [Normalization].
public final class SimdNormalization implements Normalization {
    private final Workers workers;

    public SimdNormalization(Workers workers) { this.workers = workers; }

    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) {
        Arguments.rmsNorm("normalization.rmsNorm", x, weight, y, rstd);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ws = HostBuffer.segment(weight);
        MemorySegment ys = HostBuffer.segment(y);
        MemorySegment rs = HostBuffer.segment(rstd);
        int n = x.cols();
        workers.parallel(x.rows(), Strips.grain(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long xo = at(x, r, 0);
                float s = ScalarMath.rsqrt(Lanes.dot(xs, xo, xs, xo, n) / n + eps);
                rs.set(ValueLayout.JAVA_FLOAT, at(rstd, r, 0), s);
                NormLoops.scaled(xs, xo, s, ws, at(weight, 0, 0), ys, at(y, r, 0), n);
            }
        });
    }

    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
            Matrix dWeight) {
        Arguments.rmsNormBackward("normalization.rmsNorm backward", x, weight, rstd, dy, groups, dx, dWeight);
        backward(x, weight, null, rstd, dy, groups, mode, dx, dWeight);
    }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) {
        Arguments.layerNorm("normalization.layerNorm", x, weight, bias, y, mean, rstd);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ws = HostBuffer.segment(weight);
        MemorySegment bs = HostBuffer.segment(bias);
        MemorySegment ys = HostBuffer.segment(y);
        MemorySegment ms = HostBuffer.segment(mean);
        MemorySegment rs = HostBuffer.segment(rstd);
        int n = x.cols();
        workers.parallel(x.rows(), Strips.grain(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long xo = at(x, r, 0);
                float m = Lanes.sum(xs, xo, n) / n;
                float s = ScalarMath.rsqrt(NormLoops.squaredDeviations(xs, xo, m, n) / n + eps);
                ms.set(ValueLayout.JAVA_FLOAT, at(mean, r, 0), m);
                rs.set(ValueLayout.JAVA_FLOAT, at(rstd, r, 0), s);
                NormLoops.affine(xs, xo, m, s, ws, at(weight, 0, 0), bs, at(bias, 0, 0), ys, at(y, r, 0), n);
            }
        });
    }

    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups,
            Accumulate mode, Matrix dx,
                                            Matrix dWeight, Matrix dBias) {
        Arguments.layerNormBackward("normalization.layerNorm backward", x, weight, mean, rstd, dy, groups, dx, dWeight, dBias);
        // Before dx is written, because dx may be dy.
        if (dBias != null) ColumnLoops.sums(workers, dy, groups, dBias);
        backward(x, weight, mean, rstd, dy, groups, mode, dx, dWeight);
    }

    /// The parameter's gradient first: dx may be the same memory as x or dy.
    private void backward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
                          Matrix dWeight) {
        if (dWeight != null) ColumnLoops.normalized(workers, dy, x, mean, rstd, groups, dWeight);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ws = HostBuffer.segment(weight);
        MemorySegment gs = HostBuffer.segment(dy);
        MemorySegment ds = HostBuffer.segment(dx);
        MemorySegment rs = HostBuffer.segment(rstd);
        MemorySegment ms = mean == null ? null : HostBuffer.segment(mean);
        long wo = at(weight, 0, 0);
        int n = x.cols();
        boolean add = mode == Accumulate.ADD;
        workers.parallel(x.rows(), Strips.grain(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long xo = at(x, r, 0);
                long go = at(dy, r, 0);
                float s = rs.get(ValueLayout.JAVA_FLOAT, at(rstd, r, 0));
                float m = ms == null ? 0f : ms.get(ValueLayout.JAVA_FLOAT, at(mean, r, 0));
                float g = ms == null ? 0f : Lanes.dot(ws, wo, gs, go, n) / n;
                float h = NormLoops.dotNormalized(ws, wo, gs, go, xs, xo, m, s, n) / n;
                NormLoops.gradient(ws, wo, gs, go, xs, xo, m, s, g, h, ds, at(dx, r, 0), n, add);
            }
        });
    }
}
