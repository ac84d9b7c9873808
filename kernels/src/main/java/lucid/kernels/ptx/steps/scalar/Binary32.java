package lucid.kernels.ptx.steps.scalar;

import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;

import lucid.kernels.ptx.number.Rounding;

/// f32 arithmetic on raw bits, exact in every rounding.
///
/// To nearest, Java's operators are IEEE's. The directed roundings take the result in double together with the sign of what double lost
/// (error-free transformations: Dekker 1971, Knuth TAOCP 2, 4.2.2; a product of two f32 is exact in double) and step to the neighbour where needed.
public final class Binary32 {
    /// The NaN that every f32 operation returns (PTX ISA, "Single-precision").
    public static final int NAN = 0x7fffffff;
    private static final int EXPONENT = 0x7f800000;
    private static final int SIGN = 0x80000000;

    private Binary32() {}

    /// `.ftz`: a subnormal becomes 0 of its sign.
    public static int flush(int bits) {
        return (bits & EXPONENT) == 0 ? bits & SIGN : bits;
    }

    /// Raw bits, with the canonical NaN.
    public static int bits(float x) {
        return x != x ? NAN : floatToRawIntBits(x);
    }

    /// `.sat`: to [0, 1]; NaN becomes +0.
    public static float saturate(float x) {
        return x > 0 ? Math.min(x, 1f) : 0f;
    }

    /// `a + b`, rounded once.
    public static float add(float a, float b, Rounding rounding) {
        if (rounding == Rounding.NEAREST_EVEN) {
            return a + b;
        }
        return sum(a, b, rounding);
    }

    /// `a · b`, rounded once.
    public static float multiply(float a, float b, Rounding rounding) {
        return rounding == Rounding.NEAREST_EVEN ? a * b : directed((double) a * b, 0, rounding);
    }

    /// `a · b + c`, rounded once.
    public static float fma(float a, float b, float c, Rounding rounding) {
        return rounding == Rounding.NEAREST_EVEN ? Math.fma(a, b, c) : sum((double) a * b, c, rounding);
    }

    /// `a / b`, rounded once.
    public static float divide(float a, float b, Rounding rounding) {
        if (rounding == Rounding.NEAREST_EVEN) {
            return a / b;
        }
        double quotient = (double) a / b;
        double rest = Double.isFinite(quotient) ? Math.fma(-quotient, b, a) : 0;
        return directed(quotient, b < 0 ? -rest : rest, rounding);
    }

    /// `√a`, rounded once.
    public static float sqrt(float a, Rounding rounding) {
        double root = Math.sqrt(a);
        if (rounding == Rounding.NEAREST_EVEN) {
            return (float) root;
        }
        return directed(root, Double.isFinite(root) ? Math.fma(-root, root, a) : 0, rounding);
    }

    /// a + b of doubles that are each exact, rounded once. An exact 0 of operands with different signs is -0 only when rounding down.
    private static float sum(double a, double b, Rounding rounding) {
        double sum = a + b;
        if (sum == 0) {
            return (float) (a == 0 && b == 0 && 1 / a == 1 / b ? a : rounding == Rounding.DOWN ? -0.0 : 0.0);
        }
        return directed(sum, Double.isFinite(sum) ? lost(a, b, sum) : 0, rounding);
    }

    /// What a rounded sum has lost, exactly.
    static double lost(double a, double b, double sum) {
        double ofB = sum - a;
        return (a - (sum - ofB)) + (b - ofB);
    }

    /// `x` plus something of the sign of `rest` that is smaller than half a unit in the last place of `x`, rounded.
    public static float directed(double x, double rest, Rounding rounding) {
        float nearest = (float) x;
        if (nearest != nearest || Double.isInfinite(x)) {
            return nearest;
        }
        double side = x == nearest ? rest : x - nearest;
        boolean negative = x < 0;
        boolean lower = side < 0 && (rounding == Rounding.DOWN || rounding == Rounding.ZERO && !negative);
        boolean higher = side > 0 && (rounding == Rounding.UP || rounding == Rounding.ZERO && negative);
        return lower ? Math.nextDown(nearest) : higher ? Math.nextUp(nearest) : nearest;
    }

    /// `min` and `max`: a NaN operand loses, -0 is below +0.
    public static int min(int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        return x != x ? bits(y) : y != y ? a : floatToRawIntBits(Math.min(x, y));
    }

    /// See [#min].
    public static int max(int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        return x != x ? bits(y) : y != y ? a : floatToRawIntBits(Math.max(x, y));
    }
}
