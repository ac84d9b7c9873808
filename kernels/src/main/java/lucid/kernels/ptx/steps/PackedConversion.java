package lucid.kernels.ptx.steps;

import static java.lang.Float.intBitsToFloat;

import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.SharedLoops;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.PtxType;

/// `cvt` to packed pairs, to tf32 and between fp8 and f16, and `cvt.pack`. Of two f32 sources **the first goes to the upper half**.
final class PackedConversion {
    private PackedConversion() {}

    static boolean covers(Instruction at) {
        return at.has("pack") || at.types().stream().anyMatch(t -> switch (t) {
            case F16X2, BF16X2, TF32, E4M3X2, E5M2X2 -> true;
            default -> false;
        });
    }

    static Step decode(Form form) {
        if (form.take("pack")) {
            return pack(form);
        }
        Rounding rounding = switch (form.oneOf("rn", "rz", "rna")) {
            case "rn" -> Rounding.NEAREST_EVEN;
            case "rz" -> Rounding.ZERO;
            default -> Rounding.NEAREST_AWAY;
        };
        boolean first = form.take("relu");
        boolean finite = form.take("satfinite");
        boolean relu = first || form.take("relu");
        PtxType to = form.type();
        PtxType from = form.type();
        boolean nearest = rounding == Rounding.NEAREST_EVEN;
        if (rounding == Rounding.NEAREST_AWAY && to != PtxType.TF32 || finite != (to == PtxType.E4M3X2 || to == PtxType.E5M2X2)) {
            throw form.unknown();
        }
        return switch (to) {
            case F16X2 -> from == PtxType.F32 ? pair(form, to, nearest, relu) : fromFp8(form, from, nearest, relu);
            case BF16X2 -> pair(form, to, nearest, relu);
            case TF32 -> tf32(form, from, rounding, relu);
            case E4M3X2, E5M2X2 -> toFp8(form, to, from, nearest, relu);
            default -> throw form.unknown();
        };
    }

    /// `cvt.{rn,rz}{.relu}.{f16x2,bf16x2}.f32 d, a, b`.
    private static Step pair(Form form, PtxType to, boolean nearest, boolean relu) {
        form.end(3);
        IntBinaryOperator f = to == PtxType.F16X2
                ? (nearest ? (a, b) -> Formats.f32ToF16x2Rn(intBitsToFloat(a), intBitsToFloat(b))
                        : (a, b) -> Formats.f32ToF16x2Rz(intBitsToFloat(a), intBitsToFloat(b)))
                : nearest ? (a, b) -> Formats.f32ToBf16x2Rn(intBitsToFloat(a), intBitsToFloat(b))
                        : (a, b) -> Formats.f32ToBf16x2Rz(intBitsToFloat(a), intBitsToFloat(b));
        int d = form.wordTarget(0, to);
        int a = source(form, 1);
        int b = source(form, 2);
        if (!relu) {
            return Lanes.words(d, a, b, f);
        }
        return SharedLoops.words(d, a, b, (x, y) -> f.applyAsInt(clamped(x), clamped(y)));
    }

    private static int source(Form form, int i) {
        if (form.at().types().getLast() != PtxType.F32) {
            throw form.unknown();
        }
        return form.word(i, PtxType.F32);
    }

    /// `.relu` before the rounding: a negative number becomes 0 either way.
    private static int clamped(int bits) {
        return bits < 0 && intBitsToFloat(bits) == intBitsToFloat(bits) ? 0 : bits;
    }

    private static Step tf32(Form form, PtxType from, Rounding rounding, boolean relu) {
        if (from != PtxType.F32 || relu && rounding == Rounding.NEAREST_AWAY) {
            throw form.unknown();
        }
        form.end(2);
        int d = form.wordTarget(0, PtxType.TF32);
        int a = form.word(1, from);
        if (rounding == Rounding.NEAREST_AWAY) {
            return Lanes.words(d, a, x -> Formats.f32ToTf32Rna(intBitsToFloat(x)));
        }
        return SharedLoops.words(d, a, x -> Formats.toTf32(intBitsToFloat(x), rounding, false, relu));
    }

    /// `cvt.rn.satfinite{.relu}.{e4m3x2,e5m2x2}.f32 d, a, b` and `.f16x2 d, a`.
    private static Step toFp8(Form form, PtxType to, PtxType from, boolean nearest, boolean relu) {
        if (!nearest) {
            throw form.unknown();
        }
        boolean e4m3 = to == PtxType.E4M3X2;
        if (from == PtxType.F16X2) {
            form.end(2);
            IntUnaryOperator f = e4m3 ? x -> Formats.toE4m3x2(Formats.f16ToF32(x >>> 16), Formats.f16ToF32(x & 0xffff), relu)
                    : x -> Formats.toE5m2x2(Formats.f16ToF32(x >>> 16), Formats.f16ToF32(x & 0xffff), relu);
            return SharedLoops.words(form.wordTarget(0, PtxType.B16), form.word(1, from), f);
        }
        form.end(3);
        IntBinaryOperator f = e4m3 ? (x, y) -> Formats.toE4m3x2(intBitsToFloat(x), intBitsToFloat(y), relu)
                : (x, y) -> Formats.toE5m2x2(intBitsToFloat(x), intBitsToFloat(y), relu);
        return SharedLoops.words(form.wordTarget(0, PtxType.B16), source(form, 1), source(form, 2), f);
    }

    /// `cvt.rn{.relu}.f16x2.{e4m3x2,e5m2x2} d, a`.
    private static Step fromFp8(Form form, PtxType from, boolean nearest, boolean relu) {
        if (!nearest || from != PtxType.E4M3X2 && from != PtxType.E5M2X2) {
            throw form.unknown();
        }
        form.end(2);
        IntUnaryOperator f = from == PtxType.E4M3X2 ? x -> Formats.e4m3x2ToF16x2(x, relu) : x -> Formats.e5m2x2ToF16x2(x, relu);
        return SharedLoops.words(form.wordTarget(0, PtxType.F16X2), form.word(1, PtxType.B16), f);
    }

    /// `cvt.pack.sat.type.s32{.b32} d, a, b{, c}`: a above b, both clamped to the type; what is left above comes from the low bits of c.
    private static Step pack(Form form) {
        form.oneOf("sat");
        String type = form.oneOf("u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2");
        form.type(PtxType.S32);
        int bits = Integer.parseInt(type.substring(1));
        boolean filled = bits < 16;
        if (filled) {
            form.type(PtxType.B32);
        }
        form.end(filled ? 4 : 3);
        int least = type.startsWith("s") ? -1 << bits - 1 : 0;
        int most = type.startsWith("s") ? (1 << bits - 1) - 1 : (1 << bits) - 1;
        int field = (1 << bits) - 1;
        IntBinaryOperator pair = (a, b) -> (Math.clamp(a, least, most) & field) << bits | Math.clamp(b, least, most) & field;
        int d = form.wordTarget(0, PtxType.U32);
        int a = form.word(1, PtxType.S32);
        int b = form.word(2, PtxType.S32);
        if (!filled) {
            return SharedLoops.words(d, a, b, pair);
        }
        return SharedLoops.words(d, a, b, form.word(3, PtxType.B32), (x, y, z) -> z << 2 * bits | pair.applyAsInt(x, y));
    }
}
