package lucid.kernels.ptx.steps;

import static lucid.kernels.ptx.steps.scalar.Integers.MASK16;

import java.util.Map;
import java.util.function.IntBinaryOperator;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Shifts: `shl shr shf`. Amounts are unsigned and clamped to the width, unlike Java's, which wrap.
public final class Shifts {
    private Shifts() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("shl", (at, context) -> left(new Form(at, context)));
        table.put("shr", (at, context) -> right(new Form(at, context)));
        table.put("shf", (at, context) -> funnel(new Form(at, context)));
    }

    /// True when an amount, read as unsigned, is below `width`.
    private static boolean within(int amount, int width) {
        return amount >= 0 && amount < width;
    }

    private static Step left(Form form) {
        PtxType type = form.type(PtxType.B16, PtxType.B32, PtxType.B64);
        form.end(3);
        return switch (type) {
            case B16 -> words(form, type, (a, n) -> within(n, 16) ? a << n & MASK16 : 0);
            case B32 -> words(form, type, Vectors.SHL);
            default -> wides(form, type, (a, n) -> within(n, 64) ? a << n : 0);
        };
    }

    private static Step right(Form form) {
        PtxType type = form.type();
        form.end(3);
        return switch (type) {
            case B16, U16 -> words(form, type, (a, n) -> within(n, 16) ? a >>> n : 0);
            case S16 -> words(form, type, (a, n) -> (short) a >> (within(n, 16) ? n : 15) & MASK16);
            case B32, U32 -> words(form, type, Vectors.SHR);
            case S32 -> words(form, type, Vectors.SAR);
            case B64, U64 -> wides(form, type, (a, n) -> within(n, 64) ? a >>> n : 0);
            case S64 -> wides(form, type, (a, n) -> a >> (within(n, 64) ? n : 63));
            default -> throw form.unknown();
        };
    }

    private static Step words(Form form, PtxType type, IntBinaryOperator f) {
        return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, PtxType.U32), f);
    }

    private static Step wides(Form form, PtxType type, Lanes.LongInt f) {
        return Lanes.shift(form.wideTarget(0, type), form.wide(1, type), form.word(2, PtxType.U32), f);
    }

    /// `shf.l` gives the upper, `shf.r` the lower word of {b, a} shifted.
    private static Step funnel(Form form) {
        boolean left = form.oneOf("l", "r").equals("l");
        boolean clamp = form.oneOf("clamp", "wrap").equals("clamp");
        form.type(PtxType.B32);
        form.end(4);
        Lanes.IntTernary f = left ? (clamp ? (a, b, c) -> leftward(a, b, within(c, 32) ? c : 32) : (a, b, c) -> leftward(a, b, c & 31))
                : clamp ? (a, b, c) -> rightward(a, b, within(c, 32) ? c : 32) : (a, b, c) -> rightward(a, b, c & 31);
        return Lanes.words(form.wordTarget(0, PtxType.B32), form.word(1, PtxType.B32), form.word(2, PtxType.B32), form.word(3, PtxType.U32), f);
    }

    private static int leftward(int a, int b, int n) {
        long source = (long) b << 32 | Integers.unsigned(a);
        return (int) (source << n >>> 32);
    }

    private static int rightward(int a, int b, int n) {
        long source = (long) b << 32 | Integers.unsigned(a);
        return (int) (source >>> n);
    }
}
