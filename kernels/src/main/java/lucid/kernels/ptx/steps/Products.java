package lucid.kernels.ptx.steps;

import static lucid.kernels.ptx.steps.scalar.Integers.MASK16;
import static lucid.kernels.ptx.steps.scalar.Integers.signed24;
import static lucid.kernels.ptx.steps.scalar.Integers.unsigned;
import static lucid.kernels.ptx.steps.scalar.Integers.unsigned24;

import java.util.Map;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Integer products: `mul`, `mad`, `mul24`, `mad24`. A product has twice the operands' bits; `.lo` and `.hi` are its halves, `.wide` is all of it.
public final class Products {
    private Products() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("mul", (at, context) -> mul(new Form(at, context)));
        table.put("mad", (at, context) -> mad(new Form(at, context)));
        table.put("mul24", (at, context) -> mul24(new Form(at, context)));
        table.put("mad24", (at, context) -> mad24(new Form(at, context)));
    }

    private static Step mul(Form form) {
        if (form.lastType().floating()) {
            return Floats.arithmetic(form);
        }
        String part = form.oneOf("lo", "hi", "wide");
        PtxType type = form.type();
        form.end(3);
        return switch (part) {
            case "lo" -> low(form, type);
            case "hi" -> high(form, type);
            default -> wide(form, type);
        };
    }

    private static Step low(Form form, PtxType type) {
        return switch (type) {
            case U16, S16 -> Arithmetic.words(form, type, (a, b) -> a * b & MASK16);
            case U32, S32 -> Arithmetic.words(form, type, Vectors.MUL);
            case U64, S64 -> Arithmetic.wides(form, type, (a, b) -> a * b);
            default -> throw form.unknown();
        };
    }

    private static Step high(Form form, PtxType type) {
        return switch (type) {
            case U16 -> Arithmetic.words(form, type, (a, b) -> a * b >>> 16);
            case S16 -> Arithmetic.words(form, type, (a, b) -> (short) a * (short) b >> 16 & MASK16);
            case U32 -> Arithmetic.words(form, type, Integers::mulHiUnsigned);
            case S32 -> Arithmetic.words(form, type, Integers::mulHi);
            case U64 -> Arithmetic.wides(form, type, Math::unsignedMultiplyHigh);
            case S64 -> Arithmetic.wides(form, type, Math::multiplyHigh);
            default -> throw form.unknown();
        };
    }

    private static Step wide(Form form, PtxType type) {
        PtxType result = doubled(form, type);
        if (result.bits() == 32) {
            return Lanes.words(form.wordTarget(0, result), form.word(1, type), form.word(2, type),
                    type.signed() ? (a, b) -> (short) a * (short) b : (a, b) -> a * b);
        }
        return Lanes.widen(form.wideTarget(0, result), form.word(1, type), form.word(2, type),
                type.signed() ? Vectors.MUL_SIGNED : Vectors.MUL_UNSIGNED);
    }

    private static PtxType doubled(Form form, PtxType type) {
        return switch (type) {
            case U16 -> PtxType.U32;
            case S16 -> PtxType.S32;
            case U32 -> PtxType.U64;
            case S32 -> PtxType.S64;
            default -> throw form.unknown();
        };
    }

    private static Step mad(Form form) {
        if (form.lastType().floating()) {
            return Floats.fma(form);
        }
        String part = form.oneOf("lo", "hi", "wide");
        if (!part.equals("wide") && form.take("cc")) {
            return Carry.mad(form, part.equals("hi"), false, true);
        }
        boolean saturate = part.equals("hi") && form.take("sat");
        PtxType type = form.type();
        form.end(4);
        if (saturate && type != PtxType.S32) {
            throw form.unknown();
        }
        return switch (part) {
            case "lo" -> madLow(form, type);
            case "hi" -> saturate ? words(form, type, (a, b, c) -> Integers.saturate((long) Integers.mulHi(a, b) + c)) : madHigh(form, type);
            default -> madWide(form, type);
        };
    }

    private static Step madLow(Form form, PtxType type) {
        return switch (type) {
            case U16, S16 -> words(form, type, (a, b, c) -> a * b + c & MASK16);
            case U32, S32 -> words(form, type, Vectors.MAD);
            case U64, S64 -> wides(form, type, (a, b, c) -> a * b + c);
            default -> throw form.unknown();
        };
    }

    private static Step madHigh(Form form, PtxType type) {
        return switch (type) {
            case U16 -> words(form, type, (a, b, c) -> (a * b >>> 16) + c & MASK16);
            case S16 -> words(form, type, (a, b, c) -> ((short) a * (short) b >> 16) + c & MASK16);
            case U32 -> words(form, type, (a, b, c) -> Integers.mulHiUnsigned(a, b) + c);
            case S32 -> words(form, type, (a, b, c) -> Integers.mulHi(a, b) + c);
            case U64 -> wides(form, type, (a, b, c) -> Math.unsignedMultiplyHigh(a, b) + c);
            case S64 -> wides(form, type, (a, b, c) -> Math.multiplyHigh(a, b) + c);
            default -> throw form.unknown();
        };
    }

    private static Step madWide(Form form, PtxType type) {
        PtxType result = doubled(form, type);
        if (result.bits() == 32) {
            return Lanes.words(form.wordTarget(0, result), form.word(1, type), form.word(2, type), form.word(3, result),
                    type.signed() ? (a, b, c) -> (short) a * (short) b + c : (a, b, c) -> a * b + c);
        }
        Lanes.IntsLong f = type.signed() ? (a, b, c) -> (long) a * b + c : (a, b, c) -> unsigned(a) * unsigned(b) + c;
        return Lanes.widen(form.wideTarget(0, result), form.word(1, type), form.word(2, type), form.wide(3, result), f);
    }

    /// `.lo` are bits 31:0 of the 48-bit product, `.hi` bits 47:16.
    private static Step mul24(Form form) {
        boolean high = form.oneOf("lo", "hi").equals("hi");
        PtxType type = form.type(PtxType.U32, PtxType.S32);
        form.end(3);
        if (type.signed()) {
            return Arithmetic.words(form, type, high ? (a, b) -> (int) (signed24(a) * signed24(b) >> 16)
                    : (a, b) -> (int) (signed24(a) * signed24(b)));
        }
        return Arithmetic.words(form, type, high ? (a, b) -> (int) (unsigned24(a) * unsigned24(b) >>> 16)
                : (a, b) -> (int) (unsigned24(a) * unsigned24(b)));
    }

    private static Step mad24(Form form) {
        boolean high = form.oneOf("lo", "hi").equals("hi");
        boolean saturate = high && form.take("sat");
        PtxType type = form.type(PtxType.U32, PtxType.S32);
        form.end(4);
        if (saturate && type != PtxType.S32) {
            throw form.unknown();
        }
        if (saturate) {
            return words(form, type, (a, b, c) -> Integers.saturate((int) (signed24(a) * signed24(b) >> 16) + (long) c));
        }
        if (type.signed()) {
            return words(form, type, high ? (a, b, c) -> (int) (signed24(a) * signed24(b) >> 16)
                    + c : (a, b, c) -> (int) (signed24(a) * signed24(b)) + c);
        }
        return words(form, type, high ? (a, b, c) -> (int) (unsigned24(a) * unsigned24(b) >>> 16)
                + c : (a, b, c) -> (int) (unsigned24(a) * unsigned24(b)) + c);
    }

    static Step words(Form form, PtxType type, Lanes.IntTernary f) {
        return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), form.word(3, type), f);
    }

    static Step wides(Form form, PtxType type, Lanes.LongTernary f) {
        return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), form.wide(3, type), f);
    }
}
