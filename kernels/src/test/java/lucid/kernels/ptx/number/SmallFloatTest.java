package lucid.kernels.ptx.number;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every code of every format, and every boundary between two neighbours in every rounding; then the fast forms against the general one.
class SmallFloatTest {
    /// Value of a non-negative finite code by the definition of the format: exponent bits, fraction bits, bias.
    private static double value(SmallFloat f, int code) {
        int[] shape = switch (f) {
            case F16 -> new int[] {10, 15};
            case BF16 -> new int[] {7, 127};
            case TF32 -> new int[] {10, 127};
            case E4M3 -> new int[] {3, 7};
            case E5M2 -> new int[] {2, 15};
        };
        int field = code >> shape[0];
        double fraction = (code & (1 << shape[0]) - 1) / Math.pow(2, shape[0]);
        return field == 0 ? fraction * Math.pow(2, 1 - shape[1]) : (1 + fraction) * Math.pow(2, field - shape[1]);
    }

    @ParameterizedTest
    @EnumSource(SmallFloat.class)
    void decodesEveryFiniteCode(SmallFloat f) {
        int sign = 1 << f.bits() - 1;
        for (int code = 0; code <= f.largest(); code++) {
            assertEquals(value(f, code), f.decode(code), f + " " + Integer.toHexString(code));
            assertEquals(-value(f, code), f.decode(code | sign), f + " -" + Integer.toHexString(code));
        }
        if (f == SmallFloat.F16) {
            for (int code = 0; code < 0x10000; code++) assertEquals(Float.float16ToFloat((short) code), f.decode(code));
        }
    }

    @Test void knowsInfinityAndNaN() {
        assertEquals(Float.POSITIVE_INFINITY, SmallFloat.E5M2.decode(0x7c));
        assertEquals(Float.NaN, SmallFloat.E5M2.decode(0x7d));
        assertEquals(Float.NaN, SmallFloat.E4M3.decode(0xff));
        assertEquals(448f, SmallFloat.E4M3.decode(0x7e));
        assertEquals(Float.NEGATIVE_INFINITY, SmallFloat.BF16.decode(0xff80));
        assertEquals(0x7fff, SmallFloat.BF16.encode(Double.NaN, Rounding.ZERO, true, true));
        assertEquals(0x7f, SmallFloat.E4M3.encode(Double.NaN, Rounding.NEAREST_EVEN, true, true));
        assertEquals(0x7f, SmallFloat.E5M2.encode(Double.NaN, Rounding.NEAREST_EVEN, true, false));
        assertEquals(0xfe, SmallFloat.E4M3.encode(Double.NEGATIVE_INFINITY, Rounding.NEAREST_EVEN, true, false));
        assertEquals(0xfb, SmallFloat.E5M2.encode(-1e9, Rounding.NEAREST_EVEN, true, false));
        assertEquals(0x7c00, SmallFloat.F16.encode(65520, Rounding.NEAREST_EVEN));
        assertEquals(0x7bff, SmallFloat.F16.encode(65519.999, Rounding.NEAREST_EVEN));
        assertEquals(0x7bff, SmallFloat.F16.encode(1e30, Rounding.ZERO));
        assertEquals(0xfbff, SmallFloat.F16.encode(-1e30, Rounding.UP));
        assertEquals(0xfc00, SmallFloat.F16.encode(-1e30, Rounding.DOWN));
        assertEquals(0, SmallFloat.F16.encode(-0.0, Rounding.NEAREST_EVEN, false, true));
        assertEquals(0x8000, SmallFloat.F16.encode(-0.0, Rounding.NEAREST_EVEN));
        assertEquals(0x8001, SmallFloat.F16.encode(-1e-300, Rounding.DOWN));
        assertEquals(0x0001, SmallFloat.BF16.encode(Double.MIN_VALUE, Rounding.UP));
        assertEquals(0, SmallFloat.BF16.encode(Double.MIN_VALUE, Rounding.NEAREST_AWAY));
    }

    @ParameterizedTest
    @EnumSource(SmallFloat.class)
    void roundsAtEveryBoundary(SmallFloat f) {
        int sign = 1 << f.bits() - 1;
        for (int code = 0; code < f.largest(); code++) {
            double low = value(f, code);
            double high = value(f, code + 1);
            double middle = (low + high) / 2;
            check(f, low, sign, code, code, code, code, code);
            check(f, middle, sign, (code & 1) == 0 ? code : code + 1, code + 1, code, code, code + 1);
            check(f, Math.nextDown(middle), sign, code, code, code, code, code + 1);
            check(f, Math.nextUp(middle), sign, code + 1, code + 1, code, code, code + 1);
            check(f, Math.nextUp(low), sign, code, code, code, code, code + 1);
            check(f, Math.nextDown(high), sign, code + 1, code + 1, code, code, code + 1);
        }
    }

    private static void check(SmallFloat f, double x, int sign, int rn, int rna, int rz, int rm, int rp) {
        assertEquals(rn, f.encode(x, Rounding.NEAREST_EVEN), () -> f + " rn " + x);
        assertEquals(rna, f.encode(x, Rounding.NEAREST_AWAY), () -> f + " rna " + x);
        assertEquals(rz, f.encode(x, Rounding.ZERO), () -> f + " rz " + x);
        assertEquals(rm, f.encode(x, Rounding.DOWN), () -> f + " rm " + x);
        assertEquals(rp, f.encode(x, Rounding.UP), () -> f + " rp " + x);
        assertEquals(sign | rn, f.encode(-x, Rounding.NEAREST_EVEN), () -> f + " rn -" + x);
        assertEquals(sign | rp, f.encode(-x, Rounding.DOWN), () -> f + " rm -" + x);
        assertEquals(sign | rm, f.encode(-x, Rounding.UP), () -> f + " rp -" + x);
        assertEquals(0, f.encode(-x, Rounding.NEAREST_EVEN, true, true), () -> f + " relu -" + x);
    }

    @Test void fastFormsAreTheGeneralOnes() {
        Random random = new Random(3);
        for (int i = 0; i < 400_000; i++) {
            int bits = i < 65536 ? i << 16 : i < 131072 ? i << 16 | 0x8000 : random.nextInt();
            float x = Float.intBitsToFloat(bits);
            String at = Integer.toHexString(bits);
            assertEquals(SmallFloat.BF16.encode(x, Rounding.NEAREST_EVEN), Formats.f32ToBf16Rn(x), at);
            assertEquals(SmallFloat.F16.encode(x, Rounding.NEAREST_EVEN), Formats.f32ToF16Rn(x), at);
            if (x == x) {
                assertEquals(SmallFloat.BF16.encode(x, Rounding.ZERO), Formats.f32ToBf16Rz(x), at);
                assertEquals(SmallFloat.TF32.encode(x, Rounding.NEAREST_AWAY) << 13, Formats.f32ToTf32Rna(x), at);
                assertEquals(SmallFloat.TF32.decode(SmallFloat.TF32.encode(x, Rounding.ZERO)), Formats.tf32ToF32(bits), at);
            } else {
                assertEquals(0x7fff, Formats.f32ToBf16Rz(x), at);
                assertEquals(0x7fffffff, Formats.f32ToTf32Rna(x), at);
                assertEquals(Float.NaN, Formats.tf32ToF32(bits), at);
            }
        }
    }

    @Test void pairsPutTheFirstOperandHigh() {
        assertEquals(0x3f80_4000, Formats.f32ToBf16x2Rn(1f, 2f));
        assertEquals(0x3c00_c000, Formats.f32ToF16x2Rn(1f, -2f));
        assertEquals(0x38_40, Formats.toE4m3x2(1, 2, false));
        assertEquals(0x3c_00, Formats.toE5m2x2(1, -2, true));
        assertEquals(0x3c00_4000, Formats.e4m3x2ToF16x2(0x38_40, false));
        assertEquals(0x3c00_0000, Formats.e5m2x2ToF16x2(0x3c_c0, true));
        assertEquals(0x7fff_7c00, Formats.e5m2x2ToF16x2(0x7f_7c, false));
    }

    @Test void longsRoundOnce() {
        // 2^62 plus half a unit of bf16; one more decides, and a double of that size has lost it.
        long tie = 1L << 62 | 1L << 54;
        assertEquals(SmallFloat.BF16.encode(0x1p62, Rounding.ZERO), SmallFloat.BF16.encodeLong(tie, false, Rounding.NEAREST_EVEN, false));
        assertEquals(SmallFloat.BF16.encode(0x1p62, Rounding.ZERO) + 1, SmallFloat.BF16.encodeLong(tie + 1, false, Rounding.NEAREST_EVEN, false));
        assertEquals(SmallFloat.BF16.encode(-0x1p63, Rounding.ZERO), SmallFloat.BF16.encodeLong(Long.MIN_VALUE, false, Rounding.NEAREST_EVEN, false));
        assertEquals(SmallFloat.BF16.encode(0x1p64, Rounding.ZERO), SmallFloat.BF16.encodeLong(-1L, true, Rounding.NEAREST_EVEN, false));
        assertEquals(0x7c00, SmallFloat.F16.encodeLong(1L << 40, false, Rounding.NEAREST_EVEN, false));
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            long x = random.nextLong() >> random.nextInt(63);
            int code = SmallFloat.BF16.encodeLong(x, false, Rounding.ZERO, false);
            BigInteger exact = BigInteger.valueOf(x).abs();
            BigInteger cut = exact.shiftRight(Math.max(0, exact.bitLength() - 8)).shiftLeft(Math.max(0, exact.bitLength() - 8));
            assertEquals(cut.doubleValue() * Long.signum(x), SmallFloat.BF16.decode(code), Long.toString(x));
        }
    }
}
