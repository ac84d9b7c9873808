package lucid.kernels.ptx.number;

import static java.lang.Math.getExponent;
import static java.lang.Math.max;
import static java.lang.Math.scalb;

/// The floating-point formats below f32, by their parameters: sign, exponent, fraction bits, the largest finite code.
///
/// ```
/// f16   s eeeee ffffffffff        e5m2  s eeeee ff
/// bf16  s eeeeeeee fffffff        e4m3  s eeee fff   (no infinity; s1111111 is its only NaN)
/// tf32  s eeeeeeee ffffffffff     the upper 19 bits of an f32 register
/// ```
/// A code is right-aligned in an int (tf32: 19 bits). NaN is encoded with all bits but the sign set, the canonical NaN of PTX's 16-bit formats
/// (0x7fff); that the 8-bit formats use the same (0x7f) for e5m2 is our assumption.
public enum SmallFloat {
    F16(5, 10, 0x7bff), BF16(8, 7, 0x7f7f), TF32(8, 10, 0x3fbff), E4M3(4, 3, 0x7e), E5M2(5, 2, 0x7b);

    private final int fractionBits;
    private final int bias;
    private final int signBit;
    private final int exponentMask;
    private final int largest;
    private final int nan;

    SmallFloat(int exponentBits, int fractionBits, int largest) {
        this.fractionBits = fractionBits;
        this.bias = (1 << exponentBits - 1) - 1;
        this.signBit = 1 << exponentBits + fractionBits;
        this.exponentMask = (1 << exponentBits) - 1;
        this.largest = largest;
        this.nan = signBit - 1;
    }

    /// Bits of one number: 8, 16 or 19.
    public int bits() { return Integer.numberOfTrailingZeros(signBit) + 1; }

    /// The largest finite code.
    public int largest() { return largest; }

    /// `x` rounded once. Infinity stays infinity (e4m3 has none: NaN).
    public int encode(double x, Rounding rounding) { return encode(x, rounding, false, false); }

    /// `x` rounded once.
    ///
    /// @param satfinite what is beyond the largest finite number, infinity too, becomes that number with its sign; NaN stays NaN
    /// @param relu negative results and -0 become +0; NaN stays (canonical) NaN
    public int encode(double x, Rounding rounding, boolean satfinite, boolean relu) {
        if (Double.isNaN(x)) return nan;
        boolean negative = Double.doubleToRawLongBits(x) < 0;
        if (negative && relu) return 0;
        return magnitude(Math.abs(x), negative, rounding, satfinite) | (negative ? signBit : 0);
    }

    private int magnitude(double x, boolean negative, Rounding rounding, boolean satfinite) {
        int infinity = this == E4M3 ? nan : largest + 1;
        if (Double.isInfinite(x)) return satfinite ? largest : infinity;
        int smallest = 1 - bias;
        int exponent = max(getExponent(x), smallest);
        // Units of the last place: below 2^(fractionBits + 1), so exact in double; the subtraction too.
        double units = scalb(x, fractionBits - exponent);
        int whole = (int) units;
        double rest = units - whole;
        if (rounding.awayFromZero(negative, (whole & 1) != 0, Double.compare(rest, 0.5), rest == 0)) whole++;
        // The hidden bit of a normal number adds 1 to the exponent field, as does a carry out of the fraction.
        long code = ((long) (exponent - smallest) << fractionBits) + whole;
        if (code <= largest) return (int) code;
        return satfinite || !rounding.overflowsToInfinity(negative) ? largest : infinity;
    }

    /// The exact value of a code; of NaN only that it is one.
    public float decode(int code) {
        int field = code >>> fractionBits & exponentMask;
        int fraction = code & (1 << fractionBits) - 1;
        boolean negative = (code & signBit) != 0;
        float magnitude;
        if (this == E4M3 ? (code & nan) == nan : field == exponentMask) {
            magnitude = this != E4M3 && fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else if (field == 0) {
            magnitude = scalb((float) fraction, 1 - bias - fractionBits);
        } else {
            magnitude = scalb((float) (fraction | 1 << fractionBits), field - bias - fractionBits);
        }
        return negative ? -magnitude : magnitude;
    }

    /// A 64-bit integer rounded once (a detour over double would round twice): the bits that double cannot hold are kept as one sticky bit.
    public int encodeLong(long x, boolean unsigned, Rounding rounding, boolean satfinite) {
        boolean negative = !unsigned && x < 0;
        long size = negative ? -x : x;
        int drop = max(0, 11 - Long.numberOfLeadingZeros(size));
        long kept = size >>> drop;
        if (kept << drop != size) kept |= 1;
        double value = scalb((double) kept, drop);
        return encode(negative ? -value : value, rounding, satfinite, false);
    }
}
