package lucid.kernels.ptx.steps.scalar;

import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;

/// Integer functions of the ISA that Java has no operator for, on the raw values of registers: 16-bit values have zeros above.
public final class Integers {
    /// The bits of a 16-bit value.
    public static final int MASK16 = 0xffff;

    private Integers() {}

    /// To the range of s32.
    public static int saturate(long x) {
        return Math.clamp(x, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /// Two 16-bit halves as one word.
    public static int pack(int high, int low) {
        return high << 16 | low & MASK16;
    }

    /// The 24-bit operands of `mul24` and `mad24`.
    public static long signed24(int a) {
        return a << 8 >> 8;
    }

    /// The lower 24 bits, see [#signed24].
    public static long unsigned24(int a) {
        return a & 0xffffff;
    }

    /// A u32 as a number.
    public static long unsigned(int a) {
        return a & 0xffffffffL;
    }

    /// The upper word of the product of two u32.
    public static int mulHiUnsigned(int a, int b) {
        return (int) (unsigned(a) * unsigned(b) >>> 32);
    }

    /// The upper word of the product of two s32.
    public static int mulHi(int a, int b) {
        return (int) ((long) a * b >> 32);
    }

    /// The lesser of two u32.
    public static int minUnsigned(int a, int b) {
        return a + Integer.MIN_VALUE < b + Integer.MIN_VALUE ? a : b;
    }

    /// The greater of two u32.
    public static int maxUnsigned(int a, int b) {
        return a + Integer.MIN_VALUE > b + Integer.MIN_VALUE ? a : b;
    }

    /// The lesser of two u64.
    public static long minUnsigned(long a, long b) {
        return a + Long.MIN_VALUE < b + Long.MIN_VALUE ? a : b;
    }

    /// The greater of two u64.
    public static long maxUnsigned(long a, long b) {
        return a + Long.MIN_VALUE > b + Long.MIN_VALUE ? a : b;
    }

    /// 0 for a negative s32.
    public static int relu(int a) {
        return Math.max(a, 0);
    }

    /// `min` and `max` of both halves as s16; the halves of the result are taken apart from each other.
    public static int minHalves(int a, int b) {
        return pack(Math.min(a >> 16, b >> 16), Math.min((short) a, (short) b));
    }

    /// See [#minHalves].
    public static int maxHalves(int a, int b) {
        return pack(Math.max(a >> 16, b >> 16), Math.max((short) a, (short) b));
    }

    /// [#relu] of both halves as s16.
    public static int reluHalves(int a) {
        return maxHalves(a, 0);
    }

    /// A quotient or remainder, and what a division by 0 leaves behind after the finding: all ones, as the hardware's sequence does.
    public static IntBinaryOperator division(boolean remainder, int bits, boolean signed) {
        if (bits == 16) {
            return signed ? (a, b) -> (remainder ? (short) a % (short) b : (short) a / (short) b) & MASK16 : (a, b) -> remainder ? a % b : a / b;
        }
        if (signed) {
            return remainder ? (a, b) -> a % b : (a, b) -> a / b;
        }
        return remainder ? Integer::remainderUnsigned : Integer::divideUnsigned;
    }

    /// The same of 64 bits.
    public static LongBinaryOperator division(boolean remainder, boolean signed) {
        if (signed) {
            return remainder ? (a, b) -> a % b : (a, b) -> a / b;
        }
        return remainder ? Long::remainderUnsigned : Long::divideUnsigned;
    }
}
