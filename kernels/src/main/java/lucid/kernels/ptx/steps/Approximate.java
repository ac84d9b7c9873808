package lucid.kernels.ptx.steps;

import static java.lang.Double.longBitsToDouble;
import static java.lang.Float.intBitsToFloat;

import java.util.Map;
import java.util.function.IntUnaryOperator;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.SharedLoops;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.steps.scalar.Binary64;
import lucid.kernels.ptx.steps.scalar.Transcendental;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Functions whose hardware form is approximate: `ex2 lg2 sin cos tanh rsqrt`, and `rcp sqrt div`, which have IEEE forms too.
///
/// An `.approx` result is the exact one computed in double and rounded once: within every bound that the ISA documents, and the same on every
/// machine. A GPU's last bit may differ; tests of kernels must allow the documented error.
public final class Approximate {
    /// Above this divisor `div.approx` returns 0, and NaN for an infinite dividend (PTX ISA, "div").
    private static final float HUGE = 0x1p126f;

    private Approximate() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("ex2", (at, context) -> exponential(new Form(at, context)));
        table.put("tanh", (at, context) -> tanh(new Form(at, context)));
        table.put("lg2", (at, context) -> single(new Form(at, context), a -> Binary32.bits((float) Transcendental.log2(intBitsToFloat(a)))));
        table.put("sin", (at, context) -> single(new Form(at, context), a -> Binary32.bits((float) StrictMath.sin(intBitsToFloat(a)))));
        table.put("cos", (at, context) -> single(new Form(at, context), a -> Binary32.bits((float) StrictMath.cos(intBitsToFloat(a)))));
        table.put("rsqrt", (at, context) -> reciprocalRoot(new Form(at, context)));
        table.put("rcp", (at, context) -> reciprocal(new Form(at, context)));
        table.put("sqrt", (at, context) -> root(new Form(at, context)));
    }

    /// `op.approx{.ftz}.f32`; the function sees flushed bits with `.ftz`, and its result is flushed too.
    private static Step single(Form form, IntUnaryOperator f) {
        form.oneOf("approx");
        boolean ftz = form.take("ftz");
        form.type(PtxType.F32);
        form.end(2);
        return singles(form, ftz, f);
    }

    private static Step singles(Form form, boolean ftz, IntUnaryOperator f) {
        int d = form.wordTarget(0, PtxType.F32);
        int a = form.word(1, PtxType.F32);
        return ftz ? SharedLoops.words(d, a, x -> Binary32.flush(f.applyAsInt(Binary32.flush(x)))) : Lanes.words(d, a, f);
    }

    private static Step exponential(Form form) {
        form.oneOf("approx");
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F16, PtxType.F16X2, PtxType.BF16, PtxType.BF16X2);
        form.end(2);
        if (type == PtxType.F32) {
            // A dedicated loop: this is the exponential of every softmax.
            return Lanes.words(form.wordTarget(0, type), form.word(1, type), ftz ? a -> Binary32.flush(ex2(Binary32.flush(a))) : Approximate::ex2);
        }
        boolean bf16 = type == PtxType.BF16 || type == PtxType.BF16X2;
        if (bf16 != ftz) {
            throw form.refuse("ex2.approx takes .ftz for bf16 and none for f16");
        }
        return Halves.function(form, type, false, x -> (float) Transcendental.exp2(bf16
                ? intBitsToFloat(Binary32.flush(Float.floatToRawIntBits(x))) : x));
    }

    private static int ex2(int a) {
        return Binary32.bits((float) Transcendental.exp2(intBitsToFloat(a)));
    }

    private static Step tanh(Form form) {
        form.oneOf("approx");
        PtxType type = form.type(PtxType.F32, PtxType.F16, PtxType.F16X2, PtxType.BF16, PtxType.BF16X2);
        form.end(2);
        if (type == PtxType.F32) {
            return singles(form, false, a -> Binary32.bits((float) Transcendental.tanh(intBitsToFloat(a))));
        }
        return Halves.function(form, type, false, x -> (float) Transcendental.tanh(x));
    }

    private static Step reciprocalRoot(Form form) {
        form.oneOf("approx");
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(2);
        if (type == PtxType.F64) {
            if (ftz) {
                throw form.unknown();
            }
            return Lanes.wides(form.wideTarget(0, type), form.wide(1, type), a -> Binary64.bits(1 / Math.sqrt(longBitsToDouble(a))));
        }
        return singles(form, ftz, a -> Binary32.bits((float) (1 / Math.sqrt(intBitsToFloat(a)))));
    }

    private static Step reciprocal(Form form) {
        Rounding rounding = approxOrRounding(form);
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(2);
        if (type == PtxType.F64) {
            exactWide(form, rounding, ftz);
            return SharedLoops.wides(form.wideTarget(0, type), form.wide(1, type),
                    a -> Binary64.bits(Binary64.divide(1, longBitsToDouble(a), rounding)));
        }
        if (rounding == null || rounding == Rounding.NEAREST_EVEN) {
            return singles(form, ftz, a -> Binary32.bits(1f / intBitsToFloat(a)));
        }
        return rounded(form, ftz, a -> Binary32.divide(1f, a, rounding));
    }

    private static Step root(Form form) {
        Rounding rounding = approxOrRounding(form);
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(2);
        if (type == PtxType.F64) {
            exactWide(form, rounding, ftz);
            return SharedLoops.wides(form.wideTarget(0, type), form.wide(1, type), a -> Binary64.bits(Binary64.sqrt(longBitsToDouble(a), rounding)));
        }
        if (rounding == null || rounding == Rounding.NEAREST_EVEN) {
            return singles(form, ftz, a -> Binary32.bits((float) Math.sqrt(intBitsToFloat(a))));
        }
        return rounded(form, ftz, a -> Binary32.sqrt(a, rounding));
    }

    private static Step rounded(Form form, boolean ftz, Halves.FloatFunction f) {
        var finish = new Floats.Finish(ftz, false);
        return SharedLoops.words(form.wordTarget(0, PtxType.F32), form.word(1, PtxType.F32), a -> finish.out(f.apply(finish.in(a))));
    }

    /// Null for `.approx`.
    private static Rounding approxOrRounding(Form form) {
        if (form.take("approx")) {
            return null;
        }
        Rounding rounding = Floats.rounding(form);
        if (rounding == null) {
            throw form.unknown();
        }
        return rounding;
    }

    private static void exactWide(Form form, Rounding rounding, boolean ftz) {
        if (rounding == null || ftz) {
            throw form.unknown();
        }
    }

    /// `div.approx`, `div.full` and `div.rnd` of floats.
    static Step division(Form form) {
        String approximate = form.option("approx", "full");
        Rounding rounding = approximate.isEmpty() ? Floats.rounding(form) : Rounding.NEAREST_EVEN;
        if (rounding == null) {
            throw form.unknown();
        }
        boolean ftz = form.take("ftz");
        PtxType type = form.type(PtxType.F32, PtxType.F64);
        form.end(3);
        if (type == PtxType.F64) {
            exactWide(form, approximate.isEmpty() ? rounding : null, ftz);
            return SharedLoops.wides(form.wideTarget(0, type), form.wide(1, type), form.wide(2, type),
                    (a, b) -> Binary64.bits(Binary64.divide(longBitsToDouble(a), longBitsToDouble(b), rounding)));
        }
        var finish = new Floats.Finish(ftz, false);
        int d = form.wordTarget(0, type);
        int a = form.word(1, type);
        int b = form.word(2, type);
        if (approximate.equals("approx")) {
            return SharedLoops.words(d, a, b, (x, y) -> finish.out(approximateQuotient(finish.in(x), finish.in(y))));
        }
        return SharedLoops.words(d, a, b, (x, y) -> finish.out(Binary32.divide(finish.in(x), finish.in(y), rounding)));
    }

    private static float approximateQuotient(float a, float b) {
        if (Math.abs(b) > HUGE && !Float.isInfinite(b)) {
            return Float.isInfinite(a) || a != a ? Float.NaN : Math.copySign(0f, a) * Math.signum(b);
        }
        return a / b;
    }
}
