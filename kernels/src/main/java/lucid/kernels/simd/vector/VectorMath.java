package lucid.kernels.simd.vector;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static lucid.kernels.simd.vector.VectorCoefficients.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.math.Coefficients;

/// Lucid's elementary functions on vectors of [Species#F]: lane for lane the bits of [lucid.kernels.math.ScalarMath], where the formulas are
/// explained. A call that HotSpot does not inline boxes its vectors, so methods stay below 325 bytecodes and call each other early: past 18,000 nodes
/// (some forty vector operations) HotSpot inlines the Vector API, but nothing of ours.
///
/// The exponentials, through which all that trains or answers goes, broadcast their constants where they use them; the rest uses ready-made ones
/// ([VectorCoefficients]), which cost fewer nodes. A ready-made vector lies in a `float[]`, and a loop that stores into memory reads it again for
/// every vector, across two lines: exp took twice as long with them.
public final class VectorMath {
    private VectorMath() {}

    /// `eˣ`.
    public static FloatVector exp(FloatVector x) {
        FloatVector most = all(Coefficients.EXP_MAX), least = all(Coefficients.EXP_MIN), round = all(Coefficients.ROUND);
        FloatVector c = x.blend(most, x.compare(GT, most));
        c = c.blend(least, c.compare(LT, least));
        FloatVector z = c.fma(all(Coefficients.LOG2E), round);
        FloatVector n = z.sub(round);
        FloatVector r = n.fma(all(-Coefficients.LN2_HI), c);
        r = n.fma(all(-Coefficients.LN2_LO), r);
        FloatVector p = all(Coefficients.E4).fma(r, all(Coefficients.E3));
        p = p.fma(r, all(Coefficients.E2));
        p = p.fma(r, all(Coefficients.E1));
        p = p.fma(r, all(Coefficients.E0));
        p = p.fma(r.mul(r), r).add(all(1));
        IntVector i = z.reinterpretAsInts().sub(Coefficients.ROUND_BITS);
        IntVector half = i.lanewise(ASHR, 1);
        FloatVector first = half.add(127).lanewise(LSHL, 23).reinterpretAsFloats();
        FloatVector second = i.sub(half).add(127).lanewise(LSHL, 23).reinterpretAsFloats();
        return p.mul(first).mul(second);
    }

    /// The bits of [#exp] for x <= 0 (in fact up to 43) and for NaN: what a softmax needs, in two thirds of the operations. Nothing can overflow, so
    /// z counts from 64 and p is scaled as an integer by 2^(n+64), which is normal for every n that is left, then by 2^-64: rounded once, as in exp.
    /// The sum with c · 0 keeps a NaN one, whatever its payload.
    public static FloatVector expOfNonPositive(FloatVector x) {
        FloatVector least = all(Coefficients.EXP_MIN), round = all(Coefficients.ROUND + 64);
        FloatVector c = x.blend(least, x.compare(LT, least));
        FloatVector z = c.fma(all(Coefficients.LOG2E), round);
        FloatVector n = z.sub(round);
        FloatVector r = n.fma(all(-Coefficients.LN2_HI), c);
        r = n.fma(all(-Coefficients.LN2_LO), r);
        FloatVector p = all(Coefficients.E4).fma(r, all(Coefficients.E3));
        p = p.fma(r, all(Coefficients.E2));
        p = p.fma(r, all(Coefficients.E1));
        p = p.fma(r, all(Coefficients.E0));
        p = p.fma(r.mul(r), r).add(all(1));
        IntVector scaled = p.reinterpretAsInts().add(z.reinterpretAsInts().lanewise(LSHL, 23));
        return scaled.reinterpretAsFloats().fma(all(0x1p-64f), c.mul(all(0)));
    }

    private static FloatVector all(float c) { return FloatVector.broadcast(Species.F, c); }

    /// `ln x`.
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> denormal = x.compare(LT, MIN_NORMAL);
        IntVector bits = x.mul(ONE.blend(TWO_23, denormal)).reinterpretAsInts();
        IntVector e = bits.sub(SQRT_HALF_BITS).lanewise(ASHR, 23);
        FloatVector f = bits.sub(e.lanewise(LSHL, 23)).reinterpretAsFloats().sub(ONE);
        FloatVector n = ((FloatVector) e.convert(VectorOperators.I2F, 0)).sub(ZERO.blend(TWENTY_THREE, denormal));
        FloatVector y = n.fma(LN2_HI, n.fma(LN2_LO, logPolynomial(f)).add(f));
        y = y.blend(NAN, x.compare(LT, ZERO));
        y = y.blend(MINUS_INFINITY, x.compare(EQ, ZERO));
        return x.blend(y, x.compare(LT, INFINITY));
    }

    private static FloatVector logPolynomial(FloatVector f) {
        FloatVector p = L8.fma(f, L7);
        p = p.fma(f, L6);
        p = p.fma(f, L5);
        p = p.fma(f, L4);
        p = p.fma(f, L3);
        p = p.fma(f, L2);
        p = p.fma(f, L1);
        p = p.fma(f, L0);
        return p.fma(f, MINUS_HALF).mul(f.mul(f));
    }

    /// `tanh x`.
    public static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector far = ONE.sub(TWO.div(expOfNonPositive(twiceUpTo40(a)).add(ONE)));
        FloatVector z = a.mul(a);
        FloatVector p = T7.fma(z, T6);
        p = p.fma(z, T5);
        p = p.fma(z, T4);
        p = p.fma(z, T3);
        p = p.fma(z, T2);
        p = p.fma(z, T1);
        p = p.fma(z, T0);
        FloatVector near = p.fma(a.mul(z), a);
        FloatVector magnitude = far.blend(near, a.compare(LT, ONE));
        return magnitude.reinterpretAsInts().or(x.reinterpretAsInts().and(SIGN)).reinterpretAsFloats();
    }

    /// Twice a number that is not negative, for [#tanh], which is 1 from 2x = 18 on: so this stays where [#expOfNonPositive] is right.
    private static FloatVector twiceUpTo40(FloatVector a) {
        FloatVector twice = a.add(a), most = all(40);
        return twice.blend(most, twice.compare(GT, most));
    }

    /// `erf x`.
    public static FloatVector erf(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector far = ONE.sub(expOfNonPositive(erfExponent(a.blend(ERF_ONE, a.compare(GT, ERF_ONE)))));
        FloatVector z = a.mul(a);
        FloatVector p = R7.fma(z, R6);
        p = p.fma(z, R5);
        p = p.fma(z, R4);
        p = p.fma(z, R3);
        p = p.fma(z, R2);
        p = p.fma(z, R1);
        p = p.fma(z, R0);
        FloatVector magnitude = far.blend(p.fma(a, a), a.compare(LT, ONE));
        return magnitude.reinterpretAsInts().or(x.reinterpretAsInts().and(SIGN)).reinterpretAsFloats();
    }

    private static FloatVector erfExponent(FloatVector t) {
        FloatVector q = Q6.fma(t, Q5);
        q = q.fma(t, Q4);
        q = q.fma(t, Q3);
        q = q.fma(t, Q2);
        q = q.fma(t, Q1);
        return q.fma(t, Q0).neg();
    }

    /// `1/√x`, a root and a division, each rounded.
    public static FloatVector rsqrt(FloatVector x) { return ONE.div(x.sqrt()); }

    /// `σ(x) = 1/(1 + e⁻ˣ)`.
    public static FloatVector sigmoid(FloatVector x) { return all(1).div(expOrNothing(x.neg()).add(all(1))); }

    /// The bits of [#exp] from -40 on and for NaN; below, something whose sum with 1 is 1 as well. So nothing can underflow, and p is scaled as in
    /// [#expOfNonPositive], with z counted from -64.
    private static FloatVector expOrNothing(FloatVector x) {
        FloatVector most = all(Coefficients.EXP_MAX), least = all(-40), round = all(Coefficients.ROUND - 64);
        FloatVector c = x.blend(most, x.compare(GT, most));
        c = c.blend(least, c.compare(LT, least));
        FloatVector z = c.fma(all(Coefficients.LOG2E), round);
        FloatVector n = z.sub(round);
        FloatVector r = n.fma(all(-Coefficients.LN2_HI), c);
        r = n.fma(all(-Coefficients.LN2_LO), r);
        FloatVector p = all(Coefficients.E4).fma(r, all(Coefficients.E3));
        p = p.fma(r, all(Coefficients.E2));
        p = p.fma(r, all(Coefficients.E1));
        p = p.fma(r, all(Coefficients.E0));
        p = p.fma(r.mul(r), r).add(all(1));
        IntVector scaled = p.reinterpretAsInts().add(z.reinterpretAsInts().lanewise(LSHL, 23));
        return scaled.reinterpretAsFloats().fma(all(0x1p64f), c.mul(all(0)));
    }

    /// For |x| <= [lucid.kernels.math.Coefficients#TRIG_MAX].
    public static FloatVector sin(FloatVector x) {
        FloatVector a = x.abs();
        IntVector sign = x.reinterpretAsInts().and(SIGN);
        return octant(a, ZERO_BITS).reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    /// For |x| <= [lucid.kernels.math.Coefficients#TRIG_MAX].
    public static FloatVector cos(FloatVector x) { return octant(x.abs(), ONE_BITS); }

    /// Whether an angle is too large for [#sin] and [#cos]; then the caller takes the scalar form. (Were the branch in here, its two results would
    /// meet as a boxed vector.)
    public static boolean beyondTrig(FloatVector x) { return x.abs().compare(GT, TRIG_MAX).anyTrue(); }

    private static FloatVector octant(FloatVector a, IntVector quarter) {
        FloatVector t = a.fma(TWO_OVER_PI, ROUND);
        FloatVector n = t.sub(ROUND);
        IntVector k = t.reinterpretAsInts().add(quarter);
        FloatVector r1 = n.fma(MINUS_PIO2_1, a);
        FloatVector h = n.mul(PIO2_2);
        FloatVector r = r1.sub(h);
        FloatVector low = n.fma(MINUS_PIO2_3, r1.sub(r).sub(h).sub(n.fma(PIO2_2, h.neg())));
        VectorMask<Float> odd = k.lanewise(LSHL, 31).compare(LT, ZERO_BITS).cast(Species.F);
        FloatVector v = sinNear(r, low).blend(cosNear(r, low), odd);
        IntVector sign = k.and(QUADRANT).lanewise(LSHL, 30);
        return v.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    private static FloatVector sinNear(FloatVector r, FloatVector low) {
        FloatVector z = r.mul(r);
        FloatVector s = S3.fma(z, S2);
        s = s.fma(z, S1);
        s = s.fma(z, S0);
        return r.add(s.fma(r.mul(z), low));
    }

    private static FloatVector cosNear(FloatVector r, FloatVector low) {
        FloatVector z = r.mul(r);
        FloatVector h = z.mul(HALF);
        FloatVector c = C2.fma(z, C1);
        c = c.fma(z, C0);
        FloatVector w = ONE.sub(h);
        FloatVector small = c.fma(z.mul(z), r.mul(low).neg());
        return w.add(ONE.sub(w).sub(h).add(small));
    }
}
