package lucid.kernels.ptx.steps.scalar;

import java.math.BigDecimal;
import java.math.BigInteger;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.number.SmallFloat;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.PtxType.Kind;

/// Conversions of single values between integers and floats, exact in every rounding.
public final class Convert {
    private static final double TWO_63 = 0x1p63;
    private static final double TWO_64 = 0x1p64;

    private Convert() {}

    /// A float rounded to an integral value: `.rni .rzi .rmi .rpi`. The sign of a zero stays.
    public static double integral(double x, String round) {
        return switch (round) {
            case "rni" -> Math.rint(x);
            case "rzi" -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case "rmi" -> Math.floor(x);
            default -> Math.ceil(x);
        };
    }

    /// Float to integer: rounded, then clamped to the type. NaN becomes 0, but the type's highest bit alone where the float is f64 or the integer has
    /// 64 bits (PTX ISA, "cvt").
    public static long toInteger(double x, String round, PtxType to, PtxType from) {
        double whole = integral(x, round);
        if (whole != whole) {
            return from == PtxType.F64 || to.bits() == 64 ? (to.signed() ? -1L : 1L) << to.bits() - 1 : 0;
        }
        if (to == PtxType.U64) {
            return whole <= 0 ? 0 : whole >= TWO_64 ? -1 : whole >= TWO_63 ? (long) (whole - TWO_63) + Long.MIN_VALUE : (long) whole;
        }
        return to == PtxType.S64 ? (long) whole : clamp((long) whole, false, to);
    }

    /// An integer clamped to the range of a type; `unsigned` tells how a 64-bit value is read.
    public static long clamp(long value, boolean unsigned, PtxType to) {
        boolean huge = unsigned && value < 0;
        if (to.kind() == Kind.SIGNED) {
            long largest = Long.MAX_VALUE >> 64 - to.bits();
            return huge ? largest : Math.clamp(value, -largest - 1, largest);
        }
        if (to == PtxType.U64) {
            return huge ? value : Math.max(value, 0);
        }
        long largest = -1L >>> 64 - to.bits();
        return huge ? largest : Math.clamp(value, 0, largest);
    }

    /// The raw bits of an integer rounded to a float type.
    public static long fromInteger(long value, boolean unsigned, Rounding rounding, PtxType to) {
        return switch (to) {
            case F16 -> SmallFloat.F16.encodeLong(value, unsigned, rounding, false);
            case BF16 -> SmallFloat.BF16.encodeLong(value, unsigned, rounding, false);
            case F32 -> Float.floatToRawIntBits(single(value, unsigned, rounding));
            default -> Double.doubleToRawLongBits(wide(value, unsigned, rounding));
        };
    }

    /// To f32 by way of a double that is rounded to odd: the sticky last bit makes the second rounding the only one that counts.
    private static float single(long value, boolean unsigned, Rounding rounding) {
        boolean huge = unsigned && value < 0;
        if (!huge && Math.abs(value) <= 1L << 53) {
            return Binary32.directed(value, 0, rounding);
        }
        long size = huge || value > 0 ? value : -value;
        int drop = 11 - Long.numberOfLeadingZeros(size);
        long kept = size >>> drop;
        double odd = Math.scalb((double) (kept | (kept << drop == size ? 0 : 1)), drop);
        return Binary32.directed(!huge && value < 0 ? -odd : odd, 0, rounding);
    }

    private static double wide(long value, boolean unsigned, Rounding rounding) {
        boolean huge = unsigned && value < 0;
        BigInteger exact = huge ? BigInteger.valueOf(value & Long.MAX_VALUE).setBit(63) : BigInteger.valueOf(value);
        double nearest = exact.doubleValue();
        return nearest == 0 ? 0 : Binary64.directed(nearest, new BigDecimal(exact), rounding);
    }
}
