package lucid.kernels.simd;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.put;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.rows.BinaryLoops;
import lucid.kernels.simd.rows.ColumnLoops;
import lucid.kernels.simd.rows.FingerprintLoop;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// Rows are dealt to the workers; the sums of a row are in [Lanes], those down the columns in [ColumnLoops]. See [Reduce].
public final class SimdReduce implements Reduce {
    private static final long STEP = LANES * 4L;
    /// Columns of a piece in [#addSumOfSquares].
    private static final int PIECE = 4096;

    private final Workers workers;
    private float[] partial = new float[1024];

    public SimdReduce(Workers workers) { this.workers = workers; }

    @Override public void rowSum(Matrix x, Matrix y) {
        Arguments.rows("reduce.rowSum", x, y);
        MemorySegment xs = HostBuffer.segment(x);
        rows(x, y, r -> Lanes.sum(xs, at(x, r, 0), x.cols()));
    }

    @Override public void rowMax(Matrix x, Matrix y) {
        Arguments.rows("reduce.rowMax", x, y);
        MemorySegment xs = HostBuffer.segment(x);
        rows(x, y, r -> Lanes.max(xs, at(x, r, 0), x.cols()));
    }

    @Override public void rowDot(Matrix a, Matrix b, Matrix y) {
        Arguments.rowDot(a, b, y);
        MemorySegment as = HostBuffer.segment(a);
        MemorySegment bs = HostBuffer.segment(b);
        rows(a, y, r -> Lanes.dot(as, at(a, r, 0), bs, at(b, r, 0), a.cols()));
    }

    @FunctionalInterface
    private interface RowFunction {
        float of(int row);
    }

    private void rows(Matrix x, Matrix y, RowFunction f) {
        MemorySegment ys = HostBuffer.segment(y);
        workers.parallel(x.rows(), Strips.grain(x.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) ys.set(ValueLayout.JAVA_FLOAT, at(y, r, 0), f.of(r));
        });
    }

    @Override public void columnSums(Matrix x, RowGroups groups, Matrix y) {
        Arguments.columnSums(x, groups, y);
        ColumnLoops.sums(workers, x, groups, y);
    }

    @Override public void addSumOfSquares(Matrix x, Matrix y) {
        Arguments.addSumOfSquares(x, y);
        MemorySegment xs = HostBuffer.segment(x);
        int perRow = Math.ceilDiv(x.cols(), PIECE);
        int pieces = Math.multiplyExact(x.rows(), perRow);
        if (partial.length < pieces) partial = new float[pieces];
        float[] sums = partial;
        workers.parallel(pieces, Strips.grain(Math.min(PIECE, x.cols())), (from, to, _) -> {
            for (int p = from; p < to; p++) {
                int col = p % perRow * PIECE;
                long xo = at(x, p / perRow, col);
                sums[p] = Lanes.dot(xs, xo, xs, xo, Math.min(PIECE, x.cols() - col));
            }
        });
        float total = 0;
        for (int p = 0; p < pieces; p++) total += sums[p];
        MemorySegment ys = HostBuffer.segment(y);
        long yo = at(y, 0, 0);
        ys.set(ValueLayout.JAVA_FLOAT, yo, ys.get(ValueLayout.JAVA_FLOAT, yo) + total);
    }

    @Override public void addFingerprint(Matrix x, Matrix y) {
        Arguments.addFingerprint(x, y);
        MemorySegment xs = HostBuffer.segment(x);
        AtomicInteger low = new AtomicInteger();
        AtomicInteger high = new AtomicInteger();
        Strips.run(workers, x.rows(), x.cols(), x.isDense(), (row, col, n, _) -> {
            long sums = FingerprintLoop.sums(xs, at(x, row, col), n, (int) (row * x.cols() + col));
            low.addAndGet((int) sums);
            high.addAndGet((int) (sums >>> 32));
        });
        MemorySegment ys = HostBuffer.segment(y);
        long yo = at(y, 0, 0);
        ys.set(ValueLayout.JAVA_INT, yo, ys.get(ValueLayout.JAVA_INT, yo) + low.get());
        ys.set(ValueLayout.JAVA_INT, yo + 4, ys.get(ValueLayout.JAVA_INT, yo + 4) + high.get());
    }

    @Override public void softmax(Matrix x, Matrix y) {
        Arguments.softmax(x, y);
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment ys = HostBuffer.segment(y);
        int n = x.cols();
        workers.parallel(x.rows(), Strips.grain(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long xo = at(x, r, 0);
                long yo = at(y, r, 0);
                exponentials(xs, xo, Lanes.max(xs, xo, n), ys, yo, n);
                BinaryLoops.div(ys, yo, Lanes.sum(ys, yo, n), ys, yo, n);
            }
        });
    }

    @Override public void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx) {
        Arguments.softmaxBackward(y, dy, dx);
        MemorySegment ys = HostBuffer.segment(y);
        MemorySegment gs = HostBuffer.segment(dy);
        MemorySegment ds = HostBuffer.segment(dx);
        int n = y.cols();
        boolean add = mode == Accumulate.ADD;
        workers.parallel(y.rows(), Strips.grain(n), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                long yo = at(y, r, 0);
                long go = at(dy, r, 0);
                softmaxGradient(ys, yo, gs, go, Lanes.dot(gs, go, ys, yo, n), ds, at(dx, r, 0), n, add);
            }
        });
    }

    /// `y = exp(x - max)`.
    private static void exponentials(MemorySegment x, long xo, float max, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, yo += STEP) store(VectorMath.expOfNonPositive(load(x, xo).sub(max)), y, yo);
        if (bound < n) store(VectorMath.expOfNonPositive(load(x, xo, n - bound).sub(max)), y, yo, n - bound);
    }

    private static void softmaxGradient(MemorySegment y, long yo, MemorySegment g, long go, float dot, MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, yo += STEP, go += STEP, o += STEP) put(load(y, yo).mul(load(g, go).sub(dot)), dx, o, add);
        int rest = n - bound;
        if (rest > 0) put(load(y, yo, rest).mul(load(g, go, rest).sub(dot)), dx, o, rest, add);
    }
}
