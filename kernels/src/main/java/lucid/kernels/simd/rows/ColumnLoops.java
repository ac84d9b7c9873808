package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.put;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// Sums down the columns, in the order of [RowGroups]: per group that has rows one chain over them ascending from 0, then added to what is there.
/// Threads take ranges of columns, never of rows, so the chains stay whole; four vectors side by side hide the latency of a chain.
public final class ColumnLoops {
    private static final long STEP = LANES * 4L;
    private static final int TILE = 4 * LANES;

    private ColumnLoops() {}

    /// `y[c] += Σ_r x[r, c]`.
    public static void sums(Workers workers, Matrix x, RowGroups groups, Matrix y) {
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        columns(workers, x, (col, n) -> {
            for (int g = 0; g < groups.count(); g++) {
                int rows = groups.to(g) - groups.from(g);
                if (rows == 0) continue;
                long xo = at(x, groups.from(g), col);
                if (n == TILE) sumTile(xs, xo, x.stride() * 4, rows, ys, at(y, 0, col));
                else sumVector(xs, xo, x.stride() * 4, rows, ys, at(y, 0, col), n);
            }
        });
    }

    /// `y[c] += Σ_r dy[r, c] · x̂[r, c]` (fma), `x̂ = (x - mean) · rstd`; mean null: 0.
    public static void normalized(Workers workers, Matrix dy, Matrix x, Matrix mean, Matrix rstd, RowGroups groups, Matrix y) {
        Normalized sums = new Normalized(HostBuffer.segment(dy), dy.stride() * 4, HostBuffer.segment(x), x.stride() * 4,
                mean == null ? null : HostBuffer.segment(mean), mean == null ? 0 : mean.stride() * 4, HostBuffer.segment(rstd), rstd.stride() * 4);
        MemorySegment ys = HostBuffer.segment(y);
        columns(workers, x, (col, n) -> {
            for (int g = 0; g < groups.count(); g++) {
                int from = groups.from(g);
                int rows = groups.to(g) - from;
                if (rows == 0) continue;
                long mo = mean == null ? 0 : at(mean, from, 0);
                if (n == TILE) sums.tile(at(dy, from, col), at(x, from, col), mo, at(rstd, from, 0), rows, ys, at(y, 0, col));
                else sums.vector(at(dy, from, col), at(x, from, col), mo, at(rstd, from, 0), rows, ys, at(y, 0, col), n);
            }
        });
    }

    @FunctionalInterface
    private interface Columns {
        /// Columns `col .. col + n`: n is [#TILE], or at most one vector.
        void run(int col, int n);
    }

    private static void columns(Workers workers, Matrix x, Columns body) {
        int cols = x.cols();
        int tiles = (cols + TILE - 1) / TILE;
        int grain = (int) Math.max(1, Strips.PARALLEL / Math.max(1L, (long) x.rows() * TILE));
        workers.parallel(tiles, grain, (from, to, _) -> {
            for (int t = from; t < to; t++) {
                int col = t * TILE;
                if (cols - col >= TILE) body.run(col, TILE);
                else for (; col < cols; col += LANES) body.run(col, Math.min(LANES, cols - col));
            }
        });
    }

    private static void sumTile(MemorySegment x, long xo, long stride, int rows, MemorySegment y, long yo) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        for (int r = 0; r < rows; r++, xo += stride) {
            a0 = a0.add(load(x, xo));
            a1 = a1.add(load(x, xo + STEP));
            a2 = a2.add(load(x, xo + 2 * STEP));
            a3 = a3.add(load(x, xo + 3 * STEP));
        }
        put(a0, y, yo, true);
        put(a1, y, yo + STEP, true);
        put(a2, y, yo + 2 * STEP, true);
        put(a3, y, yo + 3 * STEP, true);
    }

    private static void sumVector(MemorySegment x, long xo, long stride, int rows, MemorySegment y, long yo, int n) {
        FloatVector a = FloatVector.zero(Species.F);
        for (int r = 0; r < rows; r++, xo += stride) a = a.add(load(x, xo, n));
        add(a, y, yo, n);
    }

    private static void add(FloatVector a, MemorySegment y, long yo, int n) {
        if (n == LANES) put(a, y, yo, true);
        else put(a, y, yo, n, true);
    }

    /// The operands of [#normalized] with their row strides in bytes.
    private record Normalized(MemorySegment dy, long dyStride, MemorySegment x, long xStride, MemorySegment mean, long meanStride, MemorySegment rstd,
                              long rstdStride) {
        void tile(long go, long xo, long mo, long ro, int rows, MemorySegment y, long yo) {
            FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
            for (int r = 0; r < rows; r++, go += dyStride, xo += xStride, mo += meanStride, ro += rstdStride) {
                float m = mean == null ? 0f : mean.get(ValueLayout.JAVA_FLOAT, mo);
                float s = rstd.get(ValueLayout.JAVA_FLOAT, ro);
                a0 = load(dy, go).fma(load(x, xo).sub(m).mul(s), a0);
                a1 = load(dy, go + STEP).fma(load(x, xo + STEP).sub(m).mul(s), a1);
                a2 = load(dy, go + 2 * STEP).fma(load(x, xo + 2 * STEP).sub(m).mul(s), a2);
                a3 = load(dy, go + 3 * STEP).fma(load(x, xo + 3 * STEP).sub(m).mul(s), a3);
            }
            put(a0, y, yo, true);
            put(a1, y, yo + STEP, true);
            put(a2, y, yo + 2 * STEP, true);
            put(a3, y, yo + 3 * STEP, true);
        }

        void vector(long go, long xo, long mo, long ro, int rows, MemorySegment y, long yo, int n) {
            FloatVector a = FloatVector.zero(Species.F);
            for (int r = 0; r < rows; r++, go += dyStride, xo += xStride, mo += meanStride, ro += rstdStride) {
                float m = mean == null ? 0f : mean.get(ValueLayout.JAVA_FLOAT, mo);
                float s = rstd.get(ValueLayout.JAVA_FLOAT, ro);
                a = load(dy, go, n).fma(load(x, xo, n).sub(m).mul(s), a);
            }
            add(a, y, yo, n);
        }
    }
}
