package lucid.kernels.simd;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.work.Grain;
import lucid.kernels.simd.work.Workers;

/// One pass over parameter, gradient and moments: bound by memory, so everything is done while the numbers are in registers. See [Optimizer].
public final class SimdOptimizer implements Optimizer {
    private final Workers workers;
    private final SimdConversion conversion;

    public SimdOptimizer(Workers workers) {
        this.workers = workers;
        conversion = new SimdConversion(workers);
    }

    @Override public void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        Arguments.adamW("optimizer.adamW", settings.step(), grad, param, m, v, bf16);
        float decay = (float) (1 - (double) settings.lr() * settings.weightDecay());
        float size = (float) (settings.lr() / (1 - StrictMath.pow(settings.beta1(), settings.step())));
        float root = (float) StrictMath.sqrt(1 - StrictMath.pow(settings.beta2(), settings.step()));
        rows(param, (r, c, n) -> adamW(settings, gradScale, decay, size, root, at(grad, r, c), at(param, r, c), at(m, r, c), at(v, r, c), n,
                HostBuffer.segment(grad), HostBuffer.segment(param), HostBuffer.segment(m), HostBuffer.segment(v)));
        if (bf16 != null) conversion.convert(param, bf16);
    }

    private interface Piece {
        void run(int row, int from, int n);
    }

    private static final int PIECE = 16384;

    // Pieces of rows: a one-row parameter of a million columns divides as well as a matrix.
    private void rows(Matrix m, Piece piece) {
        int perRow = Math.max(1, (m.cols() + PIECE - 1) / PIECE);
        workers.parallel(m.rows() * perRow, Grain.rows(Math.min(PIECE, m.cols())), (from, to, _) -> {
            for (int i = from; i < to; i++) {
                int c = i % perRow * PIECE;
                piece.run(i / perRow, c, Math.min(PIECE, m.cols() - c));
            }
        });
    }

    private static long at(Matrix m, int row, int col) { return HostBuffer.byteOffset(m) + 4 * (row * m.stride() + col); }

    private static void adamW(AdamW s, float gradScale, float decay, float size, float root, long go, long po, long mo, long vo, int n,
                              MemorySegment grad, MemorySegment param, MemorySegment m, MemorySegment v) {
        float keep1 = 1 - s.beta1();
        float keep2 = 1 - s.beta2();
        for (int i = 0; i < n; i += LANES, go += 4 * LANES, po += 4 * LANES, mo += 4 * LANES, vo += 4 * LANES) {
            int k = n - i;
            FloatVector g = load(grad, go, k).mul(gradScale);
            FloatVector first = load(m, mo, k).mul(s.beta1()).add(g.mul(keep1));
            FloatVector second = load(v, vo, k).mul(s.beta2()).add(g.mul(g).mul(keep2));
            FloatVector p = load(param, po, k).mul(decay).sub(first.mul(size).div(second.sqrt().div(root).add(s.eps())));
            put(p, param, po, k);
            put(first, m, mo, k);
            put(second, v, vo, k);
        }
    }

    private static void put(FloatVector x, MemorySegment s, long at, int k) {
        if (k >= LANES) store(x, s, at);
        else store(x, s, at, k);
    }

    @Override public void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum) {
        Arguments.update("optimizer.sgd", settings.step(), grad, param, momentum);
        rows(param, (r, c, n) -> sgd(settings, gradScale, at(grad, r, c), at(param, r, c), at(momentum, r, c), n, HostBuffer.segment(grad), HostBuffer.segment(param),
                HostBuffer.segment(momentum)));
    }

    private static void sgd(Sgd s, float gradScale, long go, long po, long bo, int n, MemorySegment grad, MemorySegment param, MemorySegment momentum) {
        float keep = 1 - s.dampening();
        for (int i = 0; i < n; i += LANES, go += 4 * LANES, po += 4 * LANES, bo += 4 * LANES) {
            int k = n - i;
            FloatVector p = load(param, po, k);
            FloatVector g = load(grad, go, k).mul(gradScale).add(p.mul(s.weightDecay()));
            FloatVector b = s.step() == 1 ? g : load(momentum, bo, k).mul(s.momentum()).add(g.mul(keep));
            FloatVector step = s.nesterov() ? g.add(b.mul(s.momentum())) : b;
            put(b, momentum, bo, k);
            put(p.sub(step.mul(s.lr())), param, po, k);
        }
    }
}
