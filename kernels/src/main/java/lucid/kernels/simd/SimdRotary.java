package lucid.kernels.simd;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.work.Strips.at;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.work.Strips;
import lucid.kernels.simd.work.Workers;

/// See [Rotary].
public final class SimdRotary implements Rotary {
    private static final long STEP = LANES * 4L;

    private final Workers workers;

    public SimdRotary(Workers workers) { this.workers = workers; }

    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) {
        Arguments.rotaryTable("rotary.table", theta, headDim, cos, sin);
        float[] frequency = new float[headDim / 2];
        for (int i = 0; i < frequency.length; i++) frequency[i] = (float) StrictMath.pow(theta, -2.0 * i / headDim);
        MemorySegment cs = HostBuffer.segment(cos);
        MemorySegment ss = HostBuffer.segment(sin);
        workers.parallel(cos.rows(), Strips.grain(headDim), (from, to, _) -> {
            for (int p = from; p < to; p++) {
                for (int i = 0; i < frequency.length; i++) {
                    float angle = p * frequency[i];
                    cs.set(ValueLayout.JAVA_FLOAT, at(cos, p, i), ScalarMath.cos(angle));
                    ss.set(ValueLayout.JAVA_FLOAT, at(sin, p, i), ScalarMath.sin(angle));
                }
            }
        });
    }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) {
        String operation = "rotary.rotate";
        Arguments.rotate(operation, x, headDim, positions, cos, sin, y);
        MemorySegment ps = HostBuffer.of(positions).segment();
        for (int r = 0; r < x.rows(); r++) Checks.index(operation, "positions", r, ps.getAtIndex(ValueLayout.JAVA_INT, r), cos.rows());
        MemorySegment xs = HostBuffer.segment(x);
        MemorySegment cs = HostBuffer.segment(cos);
        MemorySegment ss = HostBuffer.segment(sin);
        MemorySegment ys = HostBuffer.segment(y);
        int half = headDim / 2;
        workers.parallel(x.rows(), Strips.grain(x.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                int p = ps.getAtIndex(ValueLayout.JAVA_INT, r);
                for (int c = 0; c < x.cols(); c += headDim)
                    head(xs, at(x, r, c), cs, at(cos, p, 0), ss, at(sin, p, 0), inverse, ys, at(y, r, c), half);
            }
        });
    }

    /// Both halves of a pair are read before one is written: y may be x.
    private static void head(MemorySegment x, long xo, MemorySegment cos, long co, MemorySegment sin, long so, boolean inverse,
            MemorySegment y, long yo,
                             int half) {
        long apart = half * 4L;
        // x·(-sin) is -(x·sin) to the bit, so the way back only flips the sine's sign.
        FloatVector turn = FloatVector.broadcast(Species.F, inverse ? -1f : 1f);
        int bound = Species.F.loopBound(half);
        for (int i = 0; i < bound; i += LANES, xo += STEP, co += STEP, so += STEP, yo += STEP) {
            FloatVector a = load(x, xo);
            FloatVector b = load(x, xo + apart);
            FloatVector c = load(cos, co);
            FloatVector s = load(sin, so).mul(turn);
            store(a.mul(c).sub(b.mul(s)), y, yo);
            store(b.mul(c).add(a.mul(s)), y, yo + apart);
        }
        int rest = half - bound;
        if (rest > 0) {
            FloatVector a = load(x, xo, rest);
            FloatVector b = load(x, xo + apart, rest);
            FloatVector c = load(cos, co, rest);
            FloatVector s = load(sin, so, rest).mul(turn);
            store(a.mul(c).sub(b.mul(s)), y, yo, rest);
            store(b.mul(c).add(a.mul(s)), y, yo + apart, rest);
        }
    }
}
