package lucid.kernels.ptx.steps;

import static java.lang.Double.longBitsToDouble;
import static java.lang.Float.intBitsToFloat;

import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.steps.lanes.LaneTest;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.SharedLoops;
import lucid.kernels.ptx.steps.lanes.Vectors;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.steps.scalar.Binary64;
import lucid.kernels.ptx.text.syntax.PtxType;

/// f32 and f64: `add sub mul fma mad abs neg copysign testp`. The 16-bit formats go on to [Halves].
public final class Floats {
    private Floats() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("fma", (at, context) -> fma(new Form(at, context)));
        table.put("copysign", (at, context) -> copysign(new Form(at, context)));
        table.put("testp", (at, context) -> testp(new Form(at, context)));
    }

    /// `.rn .rz .rm .rp`, or null when the form names none.
    static Rounding rounding(Form form) {
        return switch (form.option("rn", "rz", "rm", "rp")) {
            case "rn" -> Rounding.NEAREST_EVEN;
            case "rz" -> Rounding.ZERO;
            case "rm" -> Rounding.DOWN;
            case "rp" -> Rounding.UP;
            default -> null;
        };
    }

    /// `add`, `sub` and `mul`. Without a rounding they may be contracted to fma by the assembler, so that a GPU's bits can differ: a lint note.
    static Step arithmetic(Form form) {
        Rounding named = rounding(form);
        if (named == null) {
            form.context().lint(form.at(), "without .rn the assembler may contract this into an fma, and a GPU's bits may differ; write '" + form.at()
                    .opcode() + ".rn'");
        }
        Rounding rounding = named == null ? Rounding.NEAREST_EVEN : named;
        if (Halves.covers(form.lastType())) {
            requireNearest(form, rounding);
            return Halves.arithmetic(form);
        }
        if (form.lastType() == PtxType.F64) {
            PtxType type = form.type();
            form.end(3);
            return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type), wide(form.at().opcode(), rounding));
        }
        boolean ftz = form.take("ftz");
        boolean saturate = form.take("sat");
        PtxType type = form.type(PtxType.F32);
        form.end(3);
        int d = form.wordTarget(0, type);
        int a = form.word(1, type);
        int b = form.word(2, type);
        if (!saturate && rounding == Rounding.NEAREST_EVEN) {
            return Lanes.words(d, a, b, nearest(form.at().opcode(), ftz));
        }
        return SharedLoops.words(d, a, b, rounded(form.at().opcode(), rounding, ftz, saturate));
    }

    private static void requireNearest(Form form, Rounding rounding) {
        if (rounding != Rounding.NEAREST_EVEN) {
            throw form.unknown();
        }
    }

    private static IntBinaryOperator nearest(String opcode, boolean ftz) {
        return switch (opcode) {
            case "add" -> ftz ? Vectors.ADD_FTZ : Vectors.ADD_F32;
            case "sub" -> ftz ? Vectors.SUB_FTZ : Vectors.SUB_F32;
            default -> ftz ? Vectors.MUL_FTZ : Vectors.MUL_F32;
        };
    }

    /// What happens to the operands and the result of an f32 operation.
    record Finish(boolean ftz, boolean saturate) {
        float in(int bits) {
            return intBitsToFloat(ftz ? Binary32.flush(bits) : bits);
        }

        int out(float x) {
            int bits = Binary32.bits(saturate ? Binary32.saturate(x) : x);
            return ftz ? Binary32.flush(bits) : bits;
        }
    }

    private static IntBinaryOperator rounded(String opcode, Rounding rounding, boolean ftz, boolean saturate) {
        var finish = new Finish(ftz, saturate);
        return switch (opcode) {
            case "add" -> (a, b) -> finish.out(Binary32.add(finish.in(a), finish.in(b), rounding));
            case "sub" -> (a, b) -> finish.out(Binary32.add(finish.in(a), -finish.in(b), rounding));
            default -> (a, b) -> finish.out(Binary32.multiply(finish.in(a), finish.in(b), rounding));
        };
    }

    private static LongBinaryOperator wide(String opcode, Rounding rounding) {
        if (rounding == Rounding.NEAREST_EVEN) {
            return switch (opcode) {
                case "add" -> (a, b) -> Binary64.bits(longBitsToDouble(a) + longBitsToDouble(b));
                case "sub" -> (a, b) -> Binary64.bits(longBitsToDouble(a) - longBitsToDouble(b));
                default -> (a, b) -> Binary64.bits(longBitsToDouble(a) * longBitsToDouble(b));
            };
        }
        return switch (rounding) {
            case ZERO -> toward(opcode, (a, b) -> sum(a, b, Rounding.ZERO), (a, b) -> difference(a, b, Rounding.ZERO),
                    (a, b) -> product(a, b, Rounding.ZERO));
            case DOWN -> toward(opcode, (a, b) -> sum(a, b, Rounding.DOWN), (a, b) -> difference(a, b, Rounding.DOWN),
                    (a, b) -> product(a, b, Rounding.DOWN));
            default -> toward(opcode, (a, b) -> sum(a, b, Rounding.UP), (a, b) -> difference(a, b, Rounding.UP),
                    (a, b) -> product(a, b, Rounding.UP));
        };
    }

    private static LongBinaryOperator toward(String opcode, LongBinaryOperator add, LongBinaryOperator sub, LongBinaryOperator mul) {
        return opcode.equals("add") ? add : opcode.equals("sub") ? sub : mul;
    }

    private static long sum(long a, long b, Rounding rounding) {
        return Binary64.bits(Binary64.add(longBitsToDouble(a), longBitsToDouble(b), rounding));
    }

    private static long difference(long a, long b, Rounding rounding) {
        return Binary64.bits(Binary64.add(longBitsToDouble(a), -longBitsToDouble(b), rounding));
    }

    private static long product(long a, long b, Rounding rounding) {
        return Binary64.bits(Binary64.multiply(longBitsToDouble(a), longBitsToDouble(b), rounding));
    }

    /// `fma.rnd` and its older name `mad.rnd`.
    static Step fma(Form form) {
        Rounding rounding = rounding(form);
        if (rounding == null) {
            throw form.refuse("'" + form.at().opcode() + "' of floats needs a rounding before all other modifiers: .rn, .rz, .rm or .rp");
        }
        boolean mad = form.at().opcode().equals("mad");
        if (!mad && Halves.covers(form.lastType())) {
            requireNearest(form, rounding);
            return Halves.fma(form);
        }
        boolean ftz = form.take("ftz");
        boolean saturate = form.take("sat");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(4);
        if (type == PtxType.F64) {
            if (ftz || saturate) {
                throw form.unknown();
            }
            return wideFma(form, type, rounding);
        }
        int d = form.wordTarget(0, type);
        int a = form.word(1, type);
        int b = form.word(2, type);
        int c = form.word(3, type);
        if (!saturate && rounding == Rounding.NEAREST_EVEN) {
            return Lanes.words(d, a, b, c, ftz ? Vectors.FMA_FTZ : Vectors.FMA_F32);
        }
        var finish = new Finish(ftz, saturate);
        return SharedLoops.words(d, a, b, c, (x, y, z) -> finish.out(Binary32.fma(finish.in(x), finish.in(y), finish.in(z), rounding)));
    }

    private static Step wideFma(Form form, PtxType type, Rounding rounding) {
        int d = form.wideTarget(0, type);
        int a = form.wide(1, type);
        int b = form.wide(2, type);
        int c = form.wide(3, type);
        if (rounding == Rounding.NEAREST_EVEN) {
            return Lanes.wides(d, a, b, c, (x, y, z) -> Binary64.bits(Math.fma(longBitsToDouble(x), longBitsToDouble(y), longBitsToDouble(z))));
        }
        return SharedLoops.wides(d, a, b, c, (x, y, z) -> Binary64.bits(Binary64.fma(longBitsToDouble(x), longBitsToDouble(y), longBitsToDouble(z),
                rounding)));
    }

    /// `abs` and `neg`: only the sign bit changes, of a NaN too.
    static Step sign(Form form) {
        if (Halves.covers(form.lastType())) {
            return Halves.sign(form);
        }
        boolean negate = form.at().opcode().equals("neg");
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(2);
        if (type == PtxType.F64) {
            if (ftz) {
                throw form.unknown();
            }
            return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), negate ? a -> a ^ Long.MIN_VALUE : a -> a & Long.MAX_VALUE);
        }
        IntUnaryOperator f = negate ? a -> a ^ Integer.MIN_VALUE : a -> a & Integer.MAX_VALUE;
        IntUnaryOperator flushing = negate ? a -> Binary32.flush(a) ^ Integer.MIN_VALUE : a -> Binary32.flush(a) & Integer.MAX_VALUE;
        return Lanes.words(form.wordTarget(0, type), form.word(1, type), ftz ? flushing : f);
    }

    /// `copysign d, a, b`: the sign of a on the value of b.
    private static Step copysign(Form form) {
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(3);
        if (type == PtxType.F64) {
            return Arithmetic.wides(form, type, (a, b) -> a & Long.MIN_VALUE | b & Long.MAX_VALUE);
        }
        return Arithmetic.words(form, type, (a, b) -> a & Integer.MIN_VALUE | b & Integer.MAX_VALUE);
    }

    /// Zeros count as normal numbers (PTX ISA, "testp").
    private static Step testp(Form form) {
        String property = form.oneOf("finite", "infinite", "number", "notanumber", "normal", "subnormal");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(2);
        int p = form.predicateTarget(form.operand(0));
        LaneTest test;
        if (type == PtxType.F64) {
            int a = form.wide(1, type);
            test = Lanes.testWides(a, a, property64(property));
        } else {
            int a = form.word(1, type);
            test = Lanes.testWords(a, a, property32(property));
        }
        return (warp, mask) -> {
            warp.predicates[p] = warp.predicates[p] & ~mask | test.lanes(warp) & mask;
            return Step.NEXT;
        };
    }

    private static Lanes.IntTest property32(String property) {
        return switch (property) {
            case "finite" -> (a, _) -> Float.isFinite(intBitsToFloat(a));
            case "infinite" -> (a, _) -> Float.isInfinite(intBitsToFloat(a));
            case "number" -> (a, _) -> !Float.isNaN(intBitsToFloat(a));
            case "notanumber" -> (a, _) -> Float.isNaN(intBitsToFloat(a));
            case "normal" -> (a, _) -> Float.isFinite(intBitsToFloat(a)) && !subnormal(intBitsToFloat(a));
            default -> (a, _) -> subnormal(intBitsToFloat(a));
        };
    }

    private static Lanes.LongTest property64(String property) {
        return switch (property) {
            case "finite" -> (a, _) -> Double.isFinite(longBitsToDouble(a));
            case "infinite" -> (a, _) -> Double.isInfinite(longBitsToDouble(a));
            case "number" -> (a, _) -> !Double.isNaN(longBitsToDouble(a));
            case "notanumber" -> (a, _) -> Double.isNaN(longBitsToDouble(a));
            case "normal" -> (a, _) -> Double.isFinite(longBitsToDouble(a)) && !subnormal(longBitsToDouble(a));
            default -> (a, _) -> subnormal(longBitsToDouble(a));
        };
    }

    private static boolean subnormal(float x) {
        return x != 0 && Math.abs(x) < Float.MIN_NORMAL;
    }

    private static boolean subnormal(double x) {
        return x != 0 && Math.abs(x) < Double.MIN_NORMAL;
    }
}
