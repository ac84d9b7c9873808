package lucid.kernels.ptx.steps;

import static lucid.kernels.ptx.steps.scalar.Integers.MASK16;

import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Dot;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Integer addition, division, absolute value, minimum; opcodes that exist for floats too go on to [Floats] and [Halves] by their type.
///
/// Everything wraps (PTX ISA, "Integer Arithmetic Instructions"). Products are in [Products], carries in [Carry].
public final class Arithmetic {
    private Arithmetic() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("add", (at, context) -> sum(new Form(at, context)));
        table.put("sub", (at, context) -> sum(new Form(at, context)));
        table.put("div", (at, context) -> division(new Form(at, context)));
        table.put("rem", (at, context) -> division(new Form(at, context)));
        table.put("abs", (at, context) -> unary(new Form(at, context)));
        table.put("neg", (at, context) -> unary(new Form(at, context)));
        table.put("min", (at, context) -> extremum(new Form(at, context)));
        table.put("max", (at, context) -> extremum(new Form(at, context)));
        table.put("sad", (at, context) -> sad(new Form(at, context)));
        table.put("dp4a", (at, context) -> dp4a(new Form(at, context)));
        table.put("dp2a", (at, context) -> dp2a(new Form(at, context)));
    }

    private static Step sum(Form form) {
        boolean add = form.at().opcode().equals("add");
        if (form.lastType().floating()) {
            return Floats.arithmetic(form);
        }
        if (form.take("cc")) {
            return Carry.sum(form, !add, false, true);
        }
        boolean saturate = form.take("sat");
        PtxType type = form.type();
        form.end(3);
        if (saturate) {
            if (type != PtxType.S32) {
                throw form.unknown();
            }
            return words(form, type, add ? (a, b) -> Integers.saturate((long) a + b) : (a, b) -> Integers.saturate((long) a - b));
        }
        if (add && (type == PtxType.U16X2 || type == PtxType.S16X2)) {
            return words(form, type, (a, b) -> Integers.pack((a >> 16) + (b >> 16), a + b));
        }
        return switch (type) {
            case U16, S16 -> words(form, type, add ? (a, b) -> a + b & MASK16 : (a, b) -> a - b & MASK16);
            case U32, S32 -> words(form, type, add ? Vectors.ADD : Vectors.SUB);
            case U64, S64 -> wides(form, type, add ? Vectors.ADD_WIDE : Vectors.SUB_WIDE);
            default -> throw form.unknown();
        };
    }

    private static Step division(Form form) {
        boolean remainder = form.at().opcode().equals("rem");
        if (form.lastType().floating()) {
            if (remainder) {
                throw form.unknown();
            }
            return Approximate.division(form);
        }
        PtxType type = form.type(PtxType.U16, PtxType.S16, PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        form.end(3);
        if (type.bits() == 64) {
            return divideWides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), Integers.division(remainder, type.signed()));
        }
        int poison = type.bits() == 16 ? MASK16 : -1;
        return divideWords(form.wordTarget(0, type), form.word(1, type), form.word(2, type), poison,
                Integers.division(remainder, type.bits(), type.signed()));
    }

    private static Step divideWords(int d, int a, int b, int poison, IntBinaryOperator f) {
        return (warp, mask) -> {
            int[] r = warp.words;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                boolean zero = r[b + l] == 0;
                if (zero) {
                    divisionByZero(warp, l);
                }
                r[d + l] = zero ? poison : f.applyAsInt(r[a + l], r[b + l]);
            }
            return Step.NEXT;
        };
    }

    private static Step divideWides(int d, int a, int b, LongBinaryOperator f) {
        return (warp, mask) -> {
            long[] x = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                boolean zero = x[b + l] == 0;
                if (zero) {
                    divisionByZero(warp, l);
                }
                x[d + l] = zero ? -1 : f.applyAsLong(x[a + l], x[b + l]);
            }
            return Step.NEXT;
        };
    }

    private static void divisionByZero(Warp warp, int lane) {
        warp.finding(Kind.DIVISION_BY_ZERO, lane, "integer division by 0; PTX leaves the result open, so test the divisor before");
    }

    private static Step unary(Form form) {
        if (form.lastType().floating()) {
            return Floats.sign(form);
        }
        boolean abs = form.at().opcode().equals("abs");
        PtxType type = form.type(PtxType.S16, PtxType.S32, PtxType.S64);
        form.end(2);
        IntUnaryOperator half = abs ? a -> Math.abs((short) a) & MASK16 : a -> -a & MASK16;
        IntUnaryOperator word = abs ? Math::abs : a -> -a;
        LongUnaryOperator wide = abs ? Math::abs : a -> -a;
        return switch (type) {
            case S16 -> Lanes.words(form.wordTarget(0, type), form.word(1, type), half);
            case S32 -> Lanes.words(form.wordTarget(0, type), form.word(1, type), word);
            default -> Lanes.wides(form.wideTarget(0, type), form.wide(1, type), wide);
        };
    }

    private static Step extremum(Form form) {
        if (form.lastType().floating()) {
            return form.lastType().bits() == 16 || form.lastType() == PtxType.F16X2 || form.lastType() == PtxType.BF16X2 ? Halves.extremum(form)
                    : Extrema.decode(form);
        }
        boolean max = form.at().opcode().equals("max");
        boolean relu = form.take("relu");
        PtxType type = form.type();
        form.end(3);
        if (relu && type != PtxType.S32 && type != PtxType.S16X2) {
            throw form.unknown();
        }
        return switch (type) {
            case U16 -> words(form, type, max ? Math::max : Math::min);
            case S16 -> words(form, type, max ? (a, b) -> Math.max((short) a, (short) b)
                    & MASK16 : (a, b) -> Math.min((short) a, (short) b) & MASK16);
            case U32 -> words(form, type, max ? Integers::maxUnsigned : Integers::minUnsigned);
            case S32 -> words(form, type, relu ? (max ? (a, b) -> Integers.relu(Math.max(a, b)) : (a, b) -> Integers.relu(Math.min(a, b))) : max
                    ? Vectors.MAX : Vectors.MIN);
            case U64 -> wides(form, type, max ? Integers::maxUnsigned : Integers::minUnsigned);
            case S64 -> wides(form, type, max ? Math::max : Math::min);
            case S16X2 -> words(form, type, signedHalves(max, relu));
            case U16X2 -> words(form, type, max ? (a, b) -> Integers.pack(Math.max(a >>> 16, b >>> 16), Math.max(a & MASK16, b & MASK16))
                    : (a, b) -> Integers.pack(Math.min(a >>> 16, b >>> 16), Math.min(a & MASK16, b & MASK16)));
            default -> throw form.unknown();
        };
    }

    private static IntBinaryOperator signedHalves(boolean max, boolean relu) {
        if (relu) {
            return max ? (a, b) -> Integers.reluHalves(Integers.maxHalves(a, b)) : (a, b) -> Integers.reluHalves(Integers.minHalves(a, b));
        }
        return max ? Integers::maxHalves : Integers::minHalves;
    }

    /// `sad d, a, b, c`: c + |a - b|.
    private static Step sad(Form form) {
        PtxType type = form.type(PtxType.U16, PtxType.S16, PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        form.end(4);
        if (type.bits() == 64) {
            Lanes.LongTernary f = type.signed() ? (a, b, c) -> c + (a < b ? b - a : a - b) : (a, b, c) -> c
                    + (Long.compareUnsigned(a, b) < 0 ? b - a : a - b);
            return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), form.wide(3, type), f);
        }
        Lanes.IntTernary f = switch (type) {
            case U16 -> (a, b, c) -> c + Math.abs(a - b) & MASK16;
            case S16 -> (a, b, c) -> c + Math.abs((short) a - (short) b) & MASK16;
            case S32 -> (a, b, c) -> c + (a < b ? b - a : a - b);
            default -> (a, b, c) -> c + (Integer.compareUnsigned(a, b) < 0 ? b - a : a - b);
        };
        return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), form.word(3, type), f);
    }

    /// `dp4a.atype.btype d, a, b, c`: c plus the sum of the four products of bytes.
    private static Step dp4a(Form form) {
        PtxType a = form.type(PtxType.U32, PtxType.S32);
        PtxType b = form.type(PtxType.U32, PtxType.S32);
        form.end(4);
        PtxType c = a.signed() || b.signed() ? PtxType.S32 : PtxType.U32;
        Lanes.IntTernary f = a.signed() ? (b.signed() ? (x, y, z) -> Dot.four(x, true, y, true, z) : (x, y, z) -> Dot.four(x, true, y, false, z))
                : b.signed() ? (x, y, z) -> Dot.four(x, false, y, true, z) : (x, y, z) -> Dot.four(x, false, y, false, z);
        return Lanes.words(form.wordTarget(0, c), form.word(1, a), form.word(2, b), form.word(3, c), f);
    }

    /// `dp2a.mode.atype.btype d, a, b, c`: the two 16-bit numbers of a times the lower or upper two bytes of b.
    private static Step dp2a(Form form) {
        boolean high = form.oneOf("lo", "hi").equals("hi");
        PtxType a = form.type(PtxType.U32, PtxType.S32);
        PtxType b = form.type(PtxType.U32, PtxType.S32);
        form.end(4);
        PtxType c = a.signed() || b.signed() ? PtxType.S32 : PtxType.U32;
        Lanes.IntTernary low = a.signed() ? (b.signed() ? (x, y, z) -> Dot.two(x, true, y, true, z) : (x, y, z) -> Dot.two(x, true, y, false, z))
                : b.signed() ? (x, y, z) -> Dot.two(x, false, y, true, z) : (x, y, z) -> Dot.two(x, false, y, false, z);
        Lanes.IntTernary upper = a.signed() ? (b.signed() ? (x, y, z) -> Dot.two(x, true, y >>> 16, true, z)
                : (x, y, z) -> Dot.two(x, true, y >>> 16, false, z))
                : b.signed() ? (x, y, z) -> Dot.two(x, false, y >>> 16, true, z) : (x, y, z) -> Dot.two(x, false, y >>> 16, false, z);
        return Lanes.words(form.wordTarget(0, c), form.word(1, a), form.word(2, b), form.word(3, c), high ? upper : low);
    }

    static Step words(Form form, PtxType type, IntBinaryOperator f) {
        return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), f);
    }

    static Step wides(Form form, PtxType type, LongBinaryOperator f) {
        return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), f);
    }
}
