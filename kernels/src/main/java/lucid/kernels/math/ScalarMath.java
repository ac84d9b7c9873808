package lucid.kernels.math;

import static lucid.kernels.math.Coefficients.*;

/// Lucid's elementary functions on one number. Only IEEE operations (add, multiply, divide, square root, fused multiply-add) and bit moves, each
/// rounded as written, so the result has the same bits on every machine; `VectorMath` computes the same bits lane by lane.
public final class ScalarMath {
    private ScalarMath() {}

    /// `e^x`. Range reduction `x = n ln2 + r`; the power of two is multiplied in by two halves, so that overflow and denormals round once.
    public static float exp(float x) {
        float c = x > EXP_MAX ? EXP_MAX : x;
        c = c < EXP_MIN ? EXP_MIN : c;
        float z = Math.fma(c, LOG2E, ROUND);
        float n = z - ROUND;
        float r = Math.fma(n, -LN2_HI, c);
        r = Math.fma(n, -LN2_LO, r);
        float p = Math.fma(E4, r, E3);
        p = Math.fma(p, r, E2);
        p = Math.fma(p, r, E1);
        p = Math.fma(p, r, E0);
        p = Math.fma(p, r * r, r) + 1f;
        int i = Float.floatToRawIntBits(z) - ROUND_BITS;
        int half = i >> 1;
        return p * Float.intBitsToFloat((half + 127) << 23) * Float.intBitsToFloat((i - half + 127) << 23);
    }

    /// Natural logarithm; `-infinity` at 0, NaN below.
    public static float log(float x) {
        if (!(x < Float.POSITIVE_INFINITY)) return x;
        if (x < 0) return Float.NaN;
        if (x == 0) return Float.NEGATIVE_INFINITY;
        boolean denormal = x < Float.MIN_NORMAL;
        int bits = Float.floatToRawIntBits(denormal ? x * 0x1p23f : x);
        int e = (bits - SQRT_HALF_BITS) >> 23;
        float f = Float.intBitsToFloat(bits - (e << 23)) - 1f;
        float n = denormal ? e - 23 : e;
        float p = Math.fma(L8, f, L7);
        p = Math.fma(p, f, L6);
        p = Math.fma(p, f, L5);
        p = Math.fma(p, f, L4);
        p = Math.fma(p, f, L3);
        p = Math.fma(p, f, L2);
        p = Math.fma(p, f, L1);
        p = Math.fma(p, f, L0);
        p = Math.fma(p, f, -0.5f) * (f * f);
        return Math.fma(n, LN2_HI, Math.fma(n, LN2_LO, p) + f);
    }

    /// At most 1 ulp from the exact value, with the sign of x: an odd polynomial below 1, from there on `1 - 2 / (e^2x + 1)`.
    public static float tanh(float x) {
        float a = Math.abs(x);
        float z = a * a;
        float p = Math.fma(T7, z, T6);
        p = Math.fma(p, z, T5);
        p = Math.fma(p, z, T4);
        p = Math.fma(p, z, T3);
        p = Math.fma(p, z, T2);
        p = Math.fma(p, z, T1);
        p = Math.fma(p, z, T0);
        float near = Math.fma(p, a * z, a);
        float far = 1f - 2f / (exp(a + a) + 1f);
        return withSign(a < 1f ? near : far, x);
    }

    /// `2/√π ∫₀ˣ e^(-t²) dt`, at most 1.25 ulp from the exact value: an odd polynomial below 1, `1 - exp(-P6(x))` to 4, then 1.
    public static float erf(float x) {
        float a = Math.abs(x);
        float z = a * a;
        float p = Math.fma(R7, z, R6);
        p = Math.fma(p, z, R5);
        p = Math.fma(p, z, R4);
        p = Math.fma(p, z, R3);
        p = Math.fma(p, z, R2);
        p = Math.fma(p, z, R1);
        p = Math.fma(p, z, R0);
        float near = Math.fma(p, a, a);
        float t = a > ERF_ONE ? ERF_ONE : a;
        float q = Math.fma(Q6, t, Q5);
        q = Math.fma(q, t, Q4);
        q = Math.fma(q, t, Q3);
        q = Math.fma(q, t, Q2);
        q = Math.fma(q, t, Q1);
        q = Math.fma(q, t, Q0);
        float far = 1f - exp(-q);
        return withSign(a < 1f ? near : far, x);
    }

    /// `1/√x`: two IEEE operations, not an estimate.
    public static float rsqrt(float x) { return 1f / (float) Math.sqrt(x); }

    /// `1/(1 + e^-x)`.
    public static float sigmoid(float x) { return 1f / (exp(-x) + 1f); }

    /// x in radians; at most 0.9 ulp from the exact value. Beyond [Coefficients#TRIG_MAX] by fdlibm, which Java specifies to the bit.
    public static float sin(float x) {
        float a = Math.abs(x);
        if (a > TRIG_MAX) return (float) StrictMath.sin(x);
        float v = octant(a, 0);
        return Float.intBitsToFloat(Float.floatToRawIntBits(v) ^ (Float.floatToRawIntBits(x) & 0x80000000));
    }

    /// As [#sin].
    public static float cos(float x) {
        float a = Math.abs(x);
        if (a > TRIG_MAX) return (float) StrictMath.cos(x);
        return octant(a, 1);
    }

    /// sin(a + quarter · π/2) for a in [0, TRIG_MAX]: three-part Cody-Waite reduction to r + low, then the polynomial that the quadrant asks for.
    private static float octant(float a, int quarter) {
        float t = Math.fma(a, TWO_OVER_PI, ROUND);
        float n = t - ROUND;
        int k = Float.floatToRawIntBits(t) + quarter;
        float r1 = Math.fma(n, -PIO2_1, a);
        float h = n * PIO2_2;
        float r = r1 - h;
        // Exact where r1 and h nearly cancel (Sterbenz), which is where the low part matters.
        float low = Math.fma(n, -PIO2_3, ((r1 - r) - h) - Math.fma(n, PIO2_2, -h));
        float z = r * r;
        float s = Math.fma(S3, z, S2);
        s = Math.fma(s, z, S1);
        s = Math.fma(s, z, S0);
        s = r + Math.fma(s, r * z, low);
        float c = Math.fma(C2, z, C1);
        c = Math.fma(c, z, C0);
        float w = 1f - 0.5f * z;
        // What 1 - z/2 lost in rounding comes back with the small terms.
        c = w + (((1f - w) - 0.5f * z) + Math.fma(c, z * z, -(r * low)));
        float v = (k & 1) == 0 ? s : c;
        return Float.intBitsToFloat(Float.floatToRawIntBits(v) ^ ((k & 2) << 30));
    }

    private static float withSign(float magnitude, float sign) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | (Float.floatToRawIntBits(sign) & 0x80000000));
    }
}
