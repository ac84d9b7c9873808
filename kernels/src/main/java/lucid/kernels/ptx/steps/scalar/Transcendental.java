package lucid.kernels.ptx.steps.scalar;

/// The functions behind the approximate instructions, in double from IEEE operations only, so that every platform gives the same bits.
/// Their relative errors (below 1e-11) vanish beside the rounding to f32 that follows.
public final class Transcendental {
    private static final double LN2 = 0x1.62e42fefa39efp-1;
    private static final double LOG2E_TWICE = 2 / LN2;
    private static final double SQRT2 = 0x1.6a09e667f3bcdp0;
    /// Adding and subtracting this rounds a double below 2^51 to an integer.
    private static final double ROUND = 0x1.8p52;

    private Transcendental() {}

    /// 2^x: the Taylor series of exp(f ln 2) for |f| <= 1/2, scaled by the integer part.
    public static double exp2(double x) {
        if (!(x > -1100)) {
            return x != x ? x : 0;
        }
        if (x > 1100) {
            return Double.POSITIVE_INFINITY;
        }
        double whole = x + ROUND - ROUND;
        double t = (x - whole) * LN2;
        double p = 1.0 / 3628800;
        p = p * t + 1.0 / 362880;
        p = p * t + 1.0 / 40320;
        p = p * t + 1.0 / 5040;
        p = p * t + 1.0 / 720;
        p = p * t + 1.0 / 120;
        p = p * t + 1.0 / 24;
        p = p * t + 1.0 / 6;
        p = p * t + 0.5;
        p = p * t + 1;
        p = p * t + 1;
        return scale(p, (int) whole);
    }

    /// p * 2^n in two exact steps, each factor a normal double.
    private static double scale(double p, int n) {
        int half = n >> 1;
        return p * power(half) * power(n - half);
    }

    private static double power(int n) {
        return Double.longBitsToDouble((long) (n + 1023) << 52);
    }

    /// log2 of an f32, as exponent + 2 artanh((m - 1) / (m + 1)) / ln 2 with m in [sqrt 1/2, sqrt 2): no cancellation near 1.
    public static double log2(double x) {
        if (!(x > 0)) {
            return x == 0 ? Double.NEGATIVE_INFINITY : Double.NaN;
        }
        if (x == Double.POSITIVE_INFINITY) {
            return x;
        }
        int exponent = Math.getExponent(x);
        double m = x * power(-exponent);
        if (m > SQRT2) {
            m *= 0.5;
            exponent++;
        }
        double s = (m - 1) / (m + 1);
        double z = s * s;
        double p = 1.0 / 17;
        p = p * z + 1.0 / 15;
        p = p * z + 1.0 / 13;
        p = p * z + 1.0 / 11;
        p = p * z + 1.0 / 9;
        p = p * z + 1.0 / 7;
        p = p * z + 1.0 / 5;
        p = p * z + 1.0 / 3;
        p = p * z + 1;
        return exponent + LOG2E_TWICE * s * p;
    }

    /// 1 - 2 / (e^2x + 1), and three terms of the series where that would cancel.
    public static double tanh(double x) {
        if (Math.abs(x) < 0x1p-6) {
            double z = x * x;
            return x * (1 + z * (-1.0 / 3 + z * (2.0 / 15 - z * (17.0 / 315))));
        }
        return 1 - 2 / (exp2(x * LOG2E_TWICE) + 1);
    }
}
