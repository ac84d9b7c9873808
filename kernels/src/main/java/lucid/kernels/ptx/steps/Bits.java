package lucid.kernels.ptx.steps;

import static lucid.kernels.ptx.steps.scalar.Integers.MASK16;

import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.LongToIntFunction;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Counting, finding and moving bits: `popc clz bfind brev bfe bfi fns bmsk szext prmt`.
public final class Bits {
    private Bits() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("popc", (at, context) -> count(new Form(at, context), Integer::bitCount, Long::bitCount));
        table.put("clz", (at, context) -> count(new Form(at, context), Integer::numberOfLeadingZeros, Long::numberOfLeadingZeros));
        table.put("bfind", (at, context) -> find(new Form(at, context)));
        table.put("brev", (at, context) -> reverse(new Form(at, context)));
        table.put("bfe", (at, context) -> extract(new Form(at, context)));
        table.put("bfi", (at, context) -> insert(new Form(at, context)));
        table.put("fns", (at, context) -> nth(new Form(at, context)));
        table.put("bmsk", (at, context) -> mask(new Form(at, context)));
        table.put("szext", (at, context) -> extend(new Form(at, context)));
        table.put("prmt", (at, context) -> permute(new Form(at, context)));
    }

    private static Step count(Form form, IntUnaryOperator word, LongToIntFunction wide) {
        PtxType type = form.type(PtxType.B32, PtxType.B64);
        form.end(2);
        return result(form, type, word, wide);
    }

    /// A word result of a source of 32 or 64 bits.
    private static Step result(Form form, PtxType type, IntUnaryOperator word, LongToIntFunction wide) {
        int d = form.wordTarget(0, PtxType.U32);
        return type.bits() == 32 ? Lanes.words(d, form.word(1, type), word) : Lanes.narrow(d, form.wide(1, type), wide);
    }

    /// The most significant bit that is not a sign bit; `.shiftamt` counts the shift that brings it to the top. -1 when there is none.
    private static Step find(Form form) {
        boolean shift = form.take("shiftamt");
        PtxType type = form.type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        form.end(2);
        if (type.signed()) {
            return shift ? result(form, type, a -> shiftAmount(a ^ a >> 31), a -> shiftAmount(a ^ a >> 63))
                    : result(form, type, a -> 31 - Integer.numberOfLeadingZeros(a ^ a >> 31), a -> 63 - Long.numberOfLeadingZeros(a ^ a >> 63));
        }
        return shift ? result(form, type, a -> shiftAmount(a), a -> shiftAmount(a))
                : result(form, type, a -> 31 - Integer.numberOfLeadingZeros(a), a -> 63 - Long.numberOfLeadingZeros(a));
    }

    private static int shiftAmount(int a) {
        return a == 0 ? -1 : Integer.numberOfLeadingZeros(a);
    }

    private static int shiftAmount(long a) {
        return a == 0 ? -1 : Long.numberOfLeadingZeros(a);
    }

    private static Step reverse(Form form) {
        PtxType type = form.type(PtxType.B32, PtxType.B64);
        form.end(2);
        return type.bits() == 32 ? Lanes.words(form.wordTarget(0, type), form.word(1, type), Integer::reverse)
                : Lanes.wides(form.wideTarget(0, type), form.wide(1, type), Long::reverse);
    }

    private static Step extract(Form form) {
        PtxType type = form.type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        form.end(4);
        int position = form.octet(2);
        int length = form.octet(3);
        if (type.bits() == 32) {
            return Lanes.words(form.wordTarget(0, type), form.word(1, type), position, length,
                    type.signed() ? (a, p, n) -> (int) extractSigned(a, p & 255, n & 255, 31)
                            : (a, p, n) -> (int) extractUnsigned(Integers.unsigned(a), p & 255, n & 255));
        }
        int d = form.wideTarget(0, type);
        int a = form.wide(1, type);
        boolean signed = type.signed();
        return (warp, mask) -> {
            int[] r = warp.words;
            long[] x = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                int p = r[position + l] & 255;
                int n = r[length + l] & 255;
                x[d + l] = signed ? extractSigned(x[a + l], p, n, 63) : extractUnsigned(x[a + l], p, n);
            }
            return Step.NEXT;
        };
    }

    static long extractUnsigned(long a, int position, int length) {
        long field = position > 63 ? 0 : a >>> position;
        return length > 63 ? field : field & (1L << length) - 1;
    }

    /// Above the field: copies of bit min(position + length - 1, msb). `a` is sign-extended from bit `msb`.
    static long extractSigned(long a, int position, int length, int msb) {
        if (length == 0) {
            return 0;
        }
        int top = Math.min(position + length - 1, msb);
        if (position > msb) {
            return a >> msb;
        }
        return a << 63 - top >> 63 - top + position;
    }

    /// `bfi f, a, b, c, d`: the lowest `d` bits of a over bits c.. of b.
    private static Step insert(Form form) {
        PtxType type = form.type(PtxType.B32, PtxType.B64);
        form.end(5);
        int position = form.octet(3);
        int length = form.octet(4);
        if (type.bits() == 32) {
            int d = form.wordTarget(0, type);
            int a = form.word(1, type);
            int b = form.word(2, type);
            return (warp, mask) -> {
                int[] r = warp.words;
                for (int left = mask; left != 0; left &= left - 1) {
                    int l = Integer.numberOfTrailingZeros(left);
                    r[d + l] = (int) inserted(Integers.unsigned(r[a + l]), Integers.unsigned(r[b + l]), r[position + l] & 255, r[length + l] & 255);
                }
                return Step.NEXT;
            };
        }
        int d = form.wideTarget(0, type);
        int a = form.wide(1, type);
        int b = form.wide(2, type);
        return (warp, mask) -> {
            int[] r = warp.words;
            long[] x = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                x[d + l] = inserted(x[a + l], x[b + l], r[position + l] & 255, r[length + l] & 255);
            }
            return Step.NEXT;
        };
    }

    static long inserted(long a, long b, int position, int length) {
        if (position > 63 || length == 0) {
            return b;
        }
        long field = (length > 63 ? -1L : (1L << length) - 1) << position;
        return b & ~field | a << position & field;
    }

    /// `fns.b32 d, mask, base, offset`: the offset-th set bit of the mask, counted from the base up (offset > 0) or down (offset < 0).
    private static Step nth(Form form) {
        form.type(PtxType.B32);
        form.end(4);
        return Lanes.words(form.wordTarget(0, PtxType.B32), form.word(1, PtxType.B32), form.word(2, PtxType.U32), form.word(3, PtxType.S32),
                Bits::nthSet);
    }

    static int nthSet(int mask, int base, int offset) {
        int position = base & 31;
        if (offset == 0) {
            return (mask >>> position & 1) != 0 ? position : -1;
        }
        int step = offset > 0 ? 1 : -1;
        long remaining = Math.abs((long) offset);
        for (; position >= 0 && position < 32; position += step) {
            if ((mask >>> position & 1) != 0 && --remaining == 0) {
                return position;
            }
        }
        return -1;
    }

    private static Step mask(Form form) {
        boolean clamp = form.oneOf("clamp", "wrap").equals("clamp");
        form.type(PtxType.B32);
        form.end(3);
        return Lanes.words(form.wordTarget(0, PtxType.B32), form.word(1, PtxType.B32), form.word(2, PtxType.B32),
                clamp ? Bits::maskClamped : (a, b) -> field(a & 31, b & 31));
    }

    /// Ones in bits position .. position + width - 1, as far as there are such bits.
    private static int field(int position, int width) {
        int end = position + width;
        return -1 << position & (end >= 32 ? -1 : ~(-1 << end));
    }

    private static int maskClamped(int a, int b) {
        if (Integer.compareUnsigned(a, 32) >= 0) {
            return 0;
        }
        return field(a, Integer.compareUnsigned(b, 32) >= 0 ? 32 : b);
    }

    private static Step extend(Form form) {
        boolean clamp = form.oneOf("clamp", "wrap").equals("clamp");
        PtxType type = form.type(PtxType.U32, PtxType.S32);
        form.end(3);
        int d = form.wordTarget(0, type);
        int a = form.word(1, type);
        int b = form.word(2, PtxType.U32);
        if (type.signed()) {
            return Lanes.words(d, a, b, clamp ? (x, n) -> Integer.compareUnsigned(n, 32) >= 0 ? x : signExtended(x, n)
                    : (x, n) -> signExtended(x, n & 31));
        }
        return Lanes.words(d, a, b, clamp ? (x, n) -> Integer.compareUnsigned(n, 32) >= 0 ? x : x & (1 << n) - 1 : (x, n) -> x & (1 << (n & 31)) - 1);
    }

    private static int signExtended(int a, int bits) {
        return bits == 0 ? 0 : a << 32 - bits >> 32 - bits;
    }

    private static Step permute(Form form) {
        form.type(PtxType.B32);
        String mode = form.option("f4e", "b4e", "rc8", "ecl", "ecr", "rc16");
        form.end(4);
        Lanes.IntTernary f = switch (mode) {
            case "f4e" -> (a, b, c) -> bytes(a, b, c & 3, 1);
            case "b4e" -> (a, b, c) -> bytes(a, b, c & 3, -1);
            case "rc8" -> (a, b, c) -> (a >>> 8 * (c & 3) & 0xff) * 0x01010101;
            case "ecl" -> (a, b, c) -> edge(a, c & 3, true);
            case "ecr" -> (a, b, c) -> edge(a, c & 3, false);
            case "rc16" -> (a, b, c) -> (a >>> 16 * (c & 1) & MASK16) * 0x00010001;
            default -> Bits::permuted;
        };
        return Products.words(form, PtxType.B32, f);
    }

    /// Default mode: nibble i of the selector picks byte i out of {b, a}; its bit 3 replicates that byte's sign instead.
    static int permuted(int a, int b, int selector) {
        long source = (long) b << 32 | Integers.unsigned(a);
        int result = 0;
        for (int i = 0; i < 4; i++) {
            int nibble = selector >>> 4 * i;
            int octet = (int) (source >>> 8 * (nibble & 7));
            octet = (nibble & 8) == 0 ? octet & 0xff : (byte) octet >> 7 & 0xff;
            result |= octet << 8 * i;
        }
        return result;
    }

    /// Four bytes of {b, a} from `start`, forward (`.f4e`) or backward (`.b4e`); byte numbers are modulo 8.
    private static int bytes(int a, int b, int start, int step) {
        long source = (long) b << 32 | Integers.unsigned(a);
        int result = 0;
        for (int i = 0; i < 4; i++) {
            result |= ((int) (source >>> 8 * (start + step * i & 7)) & 0xff) << 8 * i;
        }
        return result;
    }

    /// `.ecl`: byte i is byte max(i, c) of a; `.ecr`: byte min(i, c).
    private static int edge(int a, int c, boolean left) {
        int result = 0;
        for (int i = 0; i < 4; i++) {
            int from = left ? Math.max(i, c) : Math.min(i, c);
            result |= (a >>> 8 * from & 0xff) << 8 * i;
        }
        return result;
    }
}
