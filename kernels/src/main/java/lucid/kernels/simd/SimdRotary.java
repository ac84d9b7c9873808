package lucid.kernels.simd;

import static lucid.kernels.simd.Lanes.load;
import static lucid.kernels.simd.Lanes.store;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Arguments;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Rotary;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.math.ScalarMath;

/// Rotary embedding on the two halves of every head. See [Rotary].
public final class SimdRotary implements Rotary {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private final Workers workers;

    public SimdRotary(Workers workers) { this.workers = workers; }

    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) {
        Arguments.rotaryTable("rotary.table", theta, headDim, cos, sin);
        MemorySegment c = HostBuffer.segment(cos);
        MemorySegment s = HostBuffer.segment(sin);
        for (int i = 0; i < headDim / 2; i++) {
            float frequency = (float) StrictMath.pow(theta, -2.0 * i / headDim);
            for (int p = 0; p < cos.rows(); p++) {
                float angle = p * frequency;
                c.set(FLOAT, HostBuffer.byteOffset(cos) + 4 * (p * cos.stride() + i), ScalarMath.cos(angle));
                s.set(FLOAT, HostBuffer.byteOffset(sin) + 4 * (p * sin.stride() + i), ScalarMath.sin(angle));
            }
        }
    }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) {
        String operation = "rotary.rotate";
        Arguments.rotate(operation, x, headDim, positions, cos, sin, y);
        MemorySegment at = HostBuffer.of(positions).segment();
        for (int r = 0; r < x.rows(); r++) Checks.index(operation, "positions", r, at.get(INT, 4L * r), cos.rows());
        MemorySegment in = HostBuffer.segment(x);
        MemorySegment out = HostBuffer.segment(y);
        MemorySegment c = HostBuffer.segment(cos);
        MemorySegment s = HostBuffer.segment(sin);
        long half = 2L * headDim;
        workers.parallel(x.rows(), Grain.rows(x.cols()), (from, to, _) -> {
            for (int r = from; r < to; r++) {
                int p = at.get(INT, 4L * r);
                long co = HostBuffer.byteOffset(cos) + 4 * p * cos.stride();
                long so = HostBuffer.byteOffset(sin) + 4 * p * sin.stride();
                long xo = HostBuffer.byteOffset(x) + 4 * r * x.stride();
                long yo = HostBuffer.byteOffset(y) + 4 * r * y.stride();
                for (int h = 0; h < x.cols(); h += headDim, xo += 2 * half, yo += 2 * half) {
                    head(in, xo, out, yo, c, co, s, so, half, headDim / 2, inverse);
                }
            }
        });
    }

    private static void head(MemorySegment x, long xo, MemorySegment y, long yo, MemorySegment c, long co, MemorySegment s, long so, long half, int n, boolean inverse) {
        for (int i = 0; i < n; i += LANES, xo += 4 * LANES, yo += 4 * LANES, co += 4 * LANES, so += 4 * LANES) {
            int k = n - i;
            FloatVector a = load(x, xo, k);
            FloatVector b = load(x, xo + half, k);
            FloatVector cosine = load(c, co, k);
            FloatVector sine = inverse ? load(s, so, k).neg() : load(s, so, k);
            FloatVector first = a.mul(cosine).sub(b.mul(sine));
            FloatVector second = b.mul(cosine).add(a.mul(sine));
            if (k >= LANES) {
                store(first, y, yo);
                store(second, y, yo + half);
            } else {
                store(first, y, yo, k);
                store(second, y, yo + half, k);
            }
        }
    }
}
