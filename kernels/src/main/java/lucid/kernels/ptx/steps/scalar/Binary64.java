package lucid.kernels.ptx.steps.scalar;

import java.math.BigDecimal;
import lucid.kernels.ptx.number.Rounding;

/// f64 arithmetic, exact in every rounding. To nearest, Java's operators are IEEE's. The directed roundings are rare and compare the nearest result
/// with the exact one in [BigDecimal], which no underflow of an error term can fool.
public final class Binary64 {
    private Binary64() {}

    /// NaN payloads of f64 are not specified; Lucid returns Java's canonical one.
    public static long bits(double x) {
        return Double.doubleToLongBits(x);
    }

    /// `a + b`, rounded once.
    public static double add(double a, double b, Rounding rounding) {
        double nearest = a + b;
        if (rounding == Rounding.NEAREST_EVEN || !finite(a, b)) {
            return nearest;
        }
        return nearest == 0 ? zero(a, b, rounding) : directed(nearest, exact(a).add(exact(b)), rounding);
    }

    /// `a · b`, rounded once.
    public static double multiply(double a, double b, Rounding rounding) {
        double nearest = a * b;
        if (rounding == Rounding.NEAREST_EVEN || !finite(a, b) || a == 0 || b == 0) {
            return nearest;
        }
        return directed(nearest, exact(a).multiply(exact(b)), rounding);
    }

    /// `a · b + c`, rounded once.
    public static double fma(double a, double b, double c, Rounding rounding) {
        double nearest = Math.fma(a, b, c);
        if (rounding == Rounding.NEAREST_EVEN || !finite(a, b) || !Double.isFinite(c)) {
            return nearest;
        }
        BigDecimal exact = exact(a).multiply(exact(b)).add(exact(c));
        return exact.signum() == 0 ? zero(a * b, c, rounding) : directed(nearest, exact, rounding);
    }

    /// The quotient's side of the nearest number: that of a - nearest * b, seen from b's sign.
    public static double divide(double a, double b, Rounding rounding) {
        double nearest = a / b;
        if (rounding == Rounding.NEAREST_EVEN || !finite(a, b) || a == 0 || b == 0) {
            return nearest;
        }
        boolean negative = a < 0 != b < 0;
        if (Double.isInfinite(nearest)) {
            return step(nearest, negative ? 1 : -1, negative, rounding);
        }
        int side = exact(a).subtract(exact(nearest).multiply(exact(b))).signum();
        return step(nearest, b < 0 ? -side : side, negative, rounding);
    }

    /// `√a`, rounded once.
    public static double sqrt(double a, Rounding rounding) {
        double nearest = Math.sqrt(a);
        if (rounding == Rounding.NEAREST_EVEN || !(a > 0) || Double.isInfinite(a)) {
            return nearest;
        }
        return step(nearest, exact(a).subtract(exact(nearest).pow(2)).signum(), false, rounding);
    }

    /// An exact value that is not 0, rounded.
    static double directed(double nearest, BigDecimal exact, Rounding rounding) {
        int side = Double.isInfinite(nearest) ? (nearest > 0 ? -1 : 1) : exact.compareTo(exact(nearest));
        return step(nearest, side, exact.signum() < 0, rounding);
    }

    private static double step(double nearest, int side, boolean negative, Rounding rounding) {
        boolean lower = side < 0 && (rounding == Rounding.DOWN || rounding == Rounding.ZERO && !negative);
        boolean higher = side > 0 && (rounding == Rounding.UP || rounding == Rounding.ZERO && negative);
        return lower ? Math.nextDown(nearest) : higher ? Math.nextUp(nearest) : nearest;
    }

    /// A sum that is exactly 0.
    private static double zero(double a, double b, Rounding rounding) {
        return a == 0 && b == 0 && 1 / a == 1 / b ? a : rounding == Rounding.DOWN ? -0.0 : 0.0;
    }

    private static boolean finite(double a, double b) {
        return Double.isFinite(a) && Double.isFinite(b);
    }

    static BigDecimal exact(double x) {
        return new BigDecimal(x);
    }

    /// `min` on raw bits: a NaN operand loses, -0 is below +0.
    public static long min(long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        return x != x ? bits(y) : y != y ? a : Double.doubleToRawLongBits(Math.min(x, y));
    }

    /// `max` on raw bits, as [#min].
    public static long max(long a, long b) {
        double x = Double.longBitsToDouble(a);
        double y = Double.longBitsToDouble(b);
        return x != x ? bits(y) : y != y ? a : Double.doubleToRawLongBits(Math.max(x, y));
    }
}
