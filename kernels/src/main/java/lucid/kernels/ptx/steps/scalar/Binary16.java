package lucid.kernels.ptx.steps.scalar;

import lucid.kernels.ptx.number.Formats;

/// Arithmetic of the two 16-bit formats on codes. Sums and products are formed in f32 and rounded again: with 24 >= 2 * 11 + 2 bits that equals one
/// rounding (Figueroa 1995). That theorem does not hold for `fma`, which therefore goes through round-to-odd (Boldo, Melquiond 2008).
public final class Binary16 {
    /// The NaN that every operation returns.
    public static final int NAN = 0x7fff;
    private static final int SIGN = 0x8000;

    private Binary16() {}

    /// One of the two formats.
    public enum Format {
        F16(0x7c00, 0x3c00) {
            @Override
            public float decode(int code) {
                return Formats.f16ToF32(code & 0xffff);
            }

            @Override
            public int encode(float x) {
                return Formats.f32ToF16Rn(x);
            }
        },
        BF16(0x7f80, 0x3f80) {
            @Override
            public float decode(int code) {
                return Formats.bf16ToF32(code);
            }

            @Override
            public int encode(float x) {
                return Formats.f32ToBf16Rn(x);
            }
        };

        private final int exponent;
        private final int one;

        Format(int exponent, int one) {
            this.exponent = exponent;
            this.one = one;
        }

        /// The value of the lower 16 bits.
        public abstract float decode(int code);

        /// Rounded to nearest even; NaN is canonical.
        public abstract int encode(float x);

        /// A subnormal becomes 0 of its sign.
        public int flushed(int code) {
            return (code & exponent) == 0 ? code & SIGN : code;
        }

        /// Whether the code is a NaN of any payload.
        public boolean isNan(int code) {
            return (code & 0x7fff) > exponent;
        }

        /// To [0, 1]; NaN becomes +0.
        public int saturated(int code) {
            return isNan(code) || (code & SIGN) != 0 ? 0 : Math.min(code, one);
        }

        /// Negative numbers and -0 become +0; NaN is canonical.
        public int relu(int code) {
            return isNan(code) ? NAN : (code & SIGN) != 0 ? 0 : code;
        }
    }

    /// `.ftz` of f16.
    public static int flush(int code) {
        return Format.F16.flushed(code);
    }

    /// a * b + c of numbers of at most 11 bits, rounded to odd in f32: rounding the result again to 16 bits is as good as one rounding.
    public static float fmaOdd(float a, float b, float c) {
        double product = (double) a * b;
        double sum = product + c;
        if (Double.isNaN(sum) || Double.isInfinite(sum)) {
            return (float) sum;
        }
        double rest = Binary32.lost(product, c, sum);
        if (rest != 0 && (Double.doubleToRawLongBits(sum) & 1) == 0) {
            sum = rest > 0 ? Math.nextUp(sum) : Math.nextDown(sum);
        }
        float odd = (float) sum;
        if (odd != sum && (Float.floatToRawIntBits(odd) & 1) == 0) {
            odd = sum > odd ? Math.nextUp(odd) : Math.nextDown(odd);
        }
        return odd;
    }
}
