package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Lanes.load;
import static lucid.kernels.simd.vector.Lanes.put;
import static lucid.kernels.simd.vector.Lanes.store;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;

/// One row of a norm. `x̂ = (x - mean) · rstd`, with mean 0 for RMSNorm: subtracting +0 changes no bit.
public final class NormLoops {
    private static final long STEP = LANES * 4L;

    private NormLoops() {}

    private static FloatVector normalized(FloatVector x, float mean, float rstd) { return x.sub(mean).mul(rstd); }

    /// `Σ (x - mean)²`, fma in the lanes.
    public static float squaredDeviations(MemorySegment x, long xo, float mean, int n) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        int i = 0;
        for (; i + Lanes.COUNT <= n; i += Lanes.COUNT, xo += Lanes.COUNT * 4) {
            a0 = deviation(a0, x, xo, mean, LANES);
            if (LANES <= 8) a1 = deviation(a1, x, xo + STEP, mean, LANES);
            if (LANES <= 4) {
                a2 = deviation(a2, x, xo + 2 * STEP, mean, LANES);
                a3 = deviation(a3, x, xo + 3 * STEP, mean, LANES);
            }
        }
        int rest = n - i;
        if (rest > 0) {
            a0 = deviation(a0, x, xo, mean, rest);
            if (LANES <= 8) a1 = deviation(a1, x, xo + STEP, mean, rest - LANES);
            if (LANES <= 4) {
                a2 = deviation(a2, x, xo + 2 * STEP, mean, rest - 2 * LANES);
                a3 = deviation(a3, x, xo + 3 * STEP, mean, rest - 3 * LANES);
            }
        }
        return Lanes.sum(a0, a1, a2, a3);
    }

    /// A missing lane would count mean², so it is masked out.
    private static FloatVector deviation(FloatVector acc, MemorySegment x, long xo, float mean, int n) {
        if (n <= 0) return acc;
        if (n >= LANES) {
            FloatVector d = load(x, xo).sub(mean);
            return d.fma(d, acc);
        }
        FloatVector d = FloatVector.zero(Species.F).blend(load(x, xo, n).sub(mean), Lanes.mask(n));
        return d.fma(d, acc);
    }

    /// `Σ (w·dy) · x̂`, fma in the lanes. Missing lanes have w = dy = 0.
    public static float dotNormalized(MemorySegment w, long wo, MemorySegment y, long yo, MemorySegment x, long xo, float mean, float rstd, int n) {
        FloatVector a0 = FloatVector.zero(Species.F), a1 = a0, a2 = a0, a3 = a0;
        int i = 0;
        for (; i + Lanes.COUNT <= n; i += Lanes.COUNT, wo += Lanes.COUNT * 4, yo += Lanes.COUNT * 4, xo += Lanes.COUNT * 4) {
            a0 = term(a0, w, wo, y, yo, x, xo, mean, rstd, LANES);
            if (LANES <= 8) a1 = term(a1, w, wo + STEP, y, yo + STEP, x, xo + STEP, mean, rstd, LANES);
            if (LANES <= 4) {
                a2 = term(a2, w, wo + 2 * STEP, y, yo + 2 * STEP, x, xo + 2 * STEP, mean, rstd, LANES);
                a3 = term(a3, w, wo + 3 * STEP, y, yo + 3 * STEP, x, xo + 3 * STEP, mean, rstd, LANES);
            }
        }
        int rest = n - i;
        if (rest > 0) {
            a0 = term(a0, w, wo, y, yo, x, xo, mean, rstd, rest);
            if (LANES <= 8) a1 = term(a1, w, wo + STEP, y, yo + STEP, x, xo + STEP, mean, rstd, rest - LANES);
            if (LANES <= 4) {
                a2 = term(a2, w, wo + 2 * STEP, y, yo + 2 * STEP, x, xo + 2 * STEP, mean, rstd, rest - 2 * LANES);
                a3 = term(a3, w, wo + 3 * STEP, y, yo + 3 * STEP, x, xo + 3 * STEP, mean, rstd, rest - 3 * LANES);
            }
        }
        return Lanes.sum(a0, a1, a2, a3);
    }

    private static FloatVector term(FloatVector acc, MemorySegment w, long wo, MemorySegment y, long yo, MemorySegment x, long xo,
            float mean, float rstd,
                                    int n) {
        return load(w, wo, n).mul(load(y, yo, n)).fma(normalized(load(x, xo, n), mean, rstd), acc);
    }

    /// `y = x̂ · w`.
    public static void scaled(MemorySegment x, long xo, float rstd, MemorySegment w, long wo, MemorySegment y, long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, wo += STEP, yo += STEP) store(load(x, xo).mul(rstd).mul(load(w, wo)), y, yo);
        int rest = n - bound;
        if (rest > 0) store(load(x, xo, rest).mul(rstd).mul(load(w, wo, rest)), y, yo, rest);
    }

    /// `y = x̂ · w + b`.
    public static void affine(MemorySegment x, long xo, float mean, float rstd, MemorySegment w, long wo, MemorySegment b, long bo, MemorySegment y,
            long yo, int n) {
        int bound = Species.F.loopBound(n);
        for (int i = 0; i < bound; i += LANES, xo += STEP, wo += STEP, bo += STEP, yo += STEP) {
            store(normalized(load(x, xo), mean, rstd).mul(load(w, wo)).add(load(b, bo)), y, yo);
        }
        int rest = n - bound;
        if (rest > 0) store(normalized(load(x, xo, rest), mean, rstd).mul(load(w, wo, rest)).add(load(b, bo, rest)), y, yo, rest);
    }

    /// `dx (+)= rstd · (w·dy - g - x̂·h)`, g the mean of w·dy (0 for RMSNorm) and h that of w·dy·x̂.
    public static void gradient(MemorySegment w, long wo, MemorySegment y, long yo, MemorySegment x, long xo, float mean, float rstd,
            float g, float h,
                         MemorySegment dx, long o, int n, boolean add) {
        int bound = Species.F.loopBound(n);
        if (add) addGradient(w, wo, y, yo, x, xo, mean, rstd, g, h, dx, o, bound);
        else setGradient(w, wo, y, yo, x, xo, mean, rstd, g, h, dx, o, bound);
        int rest = n - bound;
        if (rest == 0) return;
        long done = 4L * bound;
        FloatVector v = load(w, wo + done, rest).mul(load(y, yo + done, rest)).sub(g)
                .sub(normalized(load(x, xo + done, rest), mean, rstd).mul(h)).mul(rstd);
        put(v, dx, o + done, rest, add);
    }

    /// Two loops, because with the choice inside one HotSpot made an object of every vector that is added (half of all a training step allocated).
    private static void setGradient(MemorySegment w, long wo, MemorySegment y, long yo, MemorySegment x, long xo, float mean, float rstd,
            float g, float h,
                                    MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, wo += STEP, yo += STEP, xo += STEP, o += STEP) {
            store(load(w, wo).mul(load(y, yo)).sub(g).sub(normalized(load(x, xo), mean, rstd).mul(h)).mul(rstd), dx, o);
        }
    }

    private static void addGradient(MemorySegment w, long wo, MemorySegment y, long yo, MemorySegment x, long xo, float mean, float rstd,
            float g, float h,
                                    MemorySegment dx, long o, int n) {
        for (int i = 0; i < n; i += LANES, wo += STEP, yo += STEP, xo += STEP, o += STEP) {
            store(load(dx, o).add(load(w, wo).mul(load(y, yo)).sub(g).sub(normalized(load(x, xo), mean, rstd).mul(h)).mul(rstd)), dx, o);
        }
    }
}
