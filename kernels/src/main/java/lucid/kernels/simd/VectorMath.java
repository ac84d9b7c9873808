package lucid.kernels.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static lucid.kernels.math.Coefficients.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Lucid's elementary functions on vectors of [Species#F]: lane for lane the bits of [lucid.kernels.math.ScalarMath], where the formulas are explained.
/// Methods stay small so that HotSpot inlines them (325 bytecodes): a call that is not inlined would box its vectors.
final class VectorMath {
    private VectorMath() {}

    private static FloatVector all(float c) { return FloatVector.broadcast(Species.F, c); }

    private static FloatVector fma(FloatVector a, FloatVector b, float c) { return a.fma(b, all(c)); }

    static FloatVector exp(FloatVector x) {
        FloatVector c = x.blend(EXP_MAX, x.compare(GT, EXP_MAX));
        c = c.blend(EXP_MIN, c.compare(LT, EXP_MIN));
        FloatVector z = fma(c, all(LOG2E), ROUND);
        FloatVector n = z.sub(ROUND);
        FloatVector r = n.fma(all(-LN2_HI), c);
        r = n.fma(all(-LN2_LO), r);
        FloatVector p = fma(all(E4), r, E3);
        p = fma(p, r, E2);
        p = fma(p, r, E1);
        p = fma(p, r, E0);
        p = p.fma(r.mul(r), r).add(1f);
        IntVector i = z.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = i.lanewise(ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(i.sub(half)));
    }

    private static FloatVector powerOfTwo(IntVector n) { return n.add(127).lanewise(LSHL, 23).reinterpretAsFloats(); }

    static FloatVector log(FloatVector x) {
        VectorMask<Float> denormal = x.compare(LT, Float.MIN_NORMAL);
        IntVector bits = x.mul(all(1f).blend(0x1p23f, denormal)).reinterpretAsInts();
        IntVector e = bits.sub(SQRT_HALF_BITS).lanewise(ASHR, 23);
        FloatVector f = bits.sub(e.lanewise(LSHL, 23)).reinterpretAsFloats().sub(1f);
        FloatVector n = ((FloatVector) e.convert(VectorOperators.I2F, 0)).sub(all(0f).blend(23f, denormal));
        FloatVector y = n.fma(all(LN2_HI), n.fma(all(LN2_LO), logPolynomial(f)).add(f));
        y = y.blend(Float.NaN, x.compare(LT, 0f));
        y = y.blend(Float.NEGATIVE_INFINITY, x.compare(EQ, 0f));
        return x.blend(y, x.compare(LT, Float.POSITIVE_INFINITY));
    }

    private static FloatVector logPolynomial(FloatVector f) {
        FloatVector p = fma(all(L8), f, L7);
        p = fma(p, f, L6);
        p = fma(p, f, L5);
        p = fma(p, f, L4);
        p = fma(p, f, L3);
        p = fma(p, f, L2);
        p = fma(p, f, L1);
        p = fma(p, f, L0);
        return fma(p, f, -0.5f).mul(f.mul(f));
    }

    static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector z = a.mul(a);
        FloatVector p = fma(all(T7), z, T6);
        p = fma(p, z, T5);
        p = fma(p, z, T4);
        p = fma(p, z, T3);
        p = fma(p, z, T2);
        p = fma(p, z, T1);
        p = fma(p, z, T0);
        FloatVector near = p.fma(a.mul(z), a);
        FloatVector far = all(1f).sub(all(2f).div(exp(a.add(a)).add(1f)));
        return withSign(far.blend(near, a.compare(LT, 1f)), x);
    }

    static FloatVector erf(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector far = all(1f).sub(exp(erfExponent(a.blend(ERF_ONE, a.compare(GT, ERF_ONE)))));
        return withSign(far.blend(erfNear(a), a.compare(LT, 1f)), x);
    }

    private static FloatVector erfNear(FloatVector a) {
        FloatVector z = a.mul(a);
        FloatVector p = fma(all(R7), z, R6);
        p = fma(p, z, R5);
        p = fma(p, z, R4);
        p = fma(p, z, R3);
        p = fma(p, z, R2);
        p = fma(p, z, R1);
        p = fma(p, z, R0);
        return p.fma(a, a);
    }

    private static FloatVector erfExponent(FloatVector t) {
        FloatVector q = fma(all(Q6), t, Q5);
        q = fma(q, t, Q4);
        q = fma(q, t, Q3);
        q = fma(q, t, Q2);
        q = fma(q, t, Q1);
        return fma(q, t, Q0).neg();
    }

    static FloatVector rsqrt(FloatVector x) { return all(1f).div(x.sqrt()); }

    static FloatVector sigmoid(FloatVector x) { return all(1f).div(exp(x.neg()).add(1f)); }

    /// For |x| <= [lucid.kernels.math.Coefficients#TRIG_MAX].
    static FloatVector sin(FloatVector x) {
        FloatVector a = x.abs();
        IntVector sign = x.reinterpretAsInts().and(0x80000000);
        return octant(a, 0).reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    /// For |x| <= [lucid.kernels.math.Coefficients#TRIG_MAX].
    static FloatVector cos(FloatVector x) { return octant(x.abs(), 1); }

    /// Whether an angle is too large for [#sin] and [#cos]; then the caller takes the scalar form. (Were the branch in here, its two results would
    /// meet as a boxed vector.)
    static boolean beyondTrig(FloatVector x) { return x.abs().compare(GT, TRIG_MAX).anyTrue(); }

    private static FloatVector octant(FloatVector a, int quarter) {
        FloatVector t = fma(a, all(TWO_OVER_PI), ROUND);
        FloatVector n = t.sub(ROUND);
        IntVector k = t.reinterpretAsInts().add(quarter);
        FloatVector r1 = n.fma(all(-PIO2_1), a);
        FloatVector h = n.mul(PIO2_2);
        FloatVector r = r1.sub(h);
        FloatVector low = n.fma(all(-PIO2_3), r1.sub(r).sub(h).sub(n.fma(all(PIO2_2), h.neg())));
        VectorMask<Float> odd = k.lanewise(LSHL, 31).compare(LT, 0).cast(Species.F);
        FloatVector v = sinNear(r, low).blend(cosNear(r, low), odd);
        IntVector sign = k.and(2).lanewise(LSHL, 30);
        return v.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    private static FloatVector sinNear(FloatVector r, FloatVector low) {
        FloatVector z = r.mul(r);
        FloatVector s = fma(all(S3), z, S2);
        s = fma(s, z, S1);
        s = fma(s, z, S0);
        return r.add(s.fma(r.mul(z), low));
    }

    private static FloatVector cosNear(FloatVector r, FloatVector low) {
        FloatVector z = r.mul(r);
        FloatVector h = z.mul(0.5f);
        FloatVector c = fma(all(C2), z, C1);
        c = fma(c, z, C0);
        FloatVector w = all(1f).sub(h);
        FloatVector small = c.fma(z.mul(z), r.mul(low).neg());
        return w.add(all(1f).sub(w).sub(h).add(small));
    }

    private static FloatVector withSign(FloatVector magnitude, FloatVector sign) {
        return magnitude.reinterpretAsInts().or(sign.reinterpretAsInts().and(0x80000000)).reinterpretAsFloats();
    }
}
