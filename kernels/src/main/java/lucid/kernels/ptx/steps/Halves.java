package lucid.kernels.ptx.steps;

import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.lanes.SharedLoops;
import lucid.kernels.ptx.steps.scalar.Binary16;
import lucid.kernels.ptx.steps.scalar.Binary16.Format;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Arithmetic of f16, f16x2, bf16 and bf16x2: every half by itself, computed exactly and rounded once.
final class Halves {
    private static final int SIGN = 0x8000;

    private Halves() {}

    static boolean covers(PtxType type) {
        return type == PtxType.F16 || type == PtxType.F16X2 || type == PtxType.BF16 || type == PtxType.BF16X2;
    }

    private static Format format(PtxType type) {
        return type == PtxType.F16 || type == PtxType.F16X2 ? Format.F16 : Format.BF16;
    }

    private static boolean packed(PtxType type) {
        return type == PtxType.F16X2 || type == PtxType.BF16X2;
    }

    /// What happens to a result: `.ftz`, `.sat`, `.relu`.
    private record Finish(Format format, boolean ftz, boolean saturate, boolean relu) {
        int in(int code) {
            return ftz ? format.flushed(code) : code;
        }

        int out(int code) {
            int flushed = ftz ? format.flushed(code) : code;
            return saturate ? format.saturated(flushed) : relu ? format.relu(flushed) : flushed;
        }
    }

    /// `{add,sub,mul}{.rn}{.ftz}{.sat}.f16{x2}`, `{add,sub,mul}{.rn}.bf16{x2}`; the modifiers up to `.rn` are consumed.
    static Step arithmetic(Form form) {
        boolean ftz = form.take("ftz");
        boolean saturate = form.take("sat");
        PtxType type = form.type();
        Format format = format(type);
        if (format == Format.BF16 && (ftz || saturate)) {
            throw form.unknown();
        }
        form.end(3);
        if (packed(type) && !ftz && !saturate) {
            return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type),
                    format == Format.F16 ? f16x2(form.at().opcode()) : bf16x2(form.at().opcode()));
        }
        var finish = new Finish(format, ftz, saturate, false);
        IntBinaryOperator f = switch (form.at().opcode()) {
            case "add" -> (a, b) -> finish.out(format.encode(format.decode(finish.in(a)) + format.decode(finish.in(b))));
            case "sub" -> (a, b) -> finish.out(format.encode(format.decode(finish.in(a)) - format.decode(finish.in(b))));
            default -> (a, b) -> finish.out(format.encode(format.decode(finish.in(a)) * format.decode(finish.in(b))));
        };
        return binary(form, type, f);
    }

    /// The plain packed forms, which kernels use, have loops of their own.
    private static IntBinaryOperator f16x2(String opcode) {
        return switch (opcode) {
            case "add" -> (a, b) -> Formats.f32ToF16x2Rn(f16High(a) + f16High(b), f16Low(a) + f16Low(b));
            case "sub" -> (a, b) -> Formats.f32ToF16x2Rn(f16High(a) - f16High(b), f16Low(a) - f16Low(b));
            default -> (a, b) -> Formats.f32ToF16x2Rn(f16High(a) * f16High(b), f16Low(a) * f16Low(b));
        };
    }

    private static IntBinaryOperator bf16x2(String opcode) {
        return switch (opcode) {
            case "add" -> (a, b) -> Formats.f32ToBf16x2Rn(bf16High(a) + bf16High(b), bf16Low(a) + bf16Low(b));
            case "sub" -> (a, b) -> Formats.f32ToBf16x2Rn(bf16High(a) - bf16High(b), bf16Low(a) - bf16Low(b));
            default -> (a, b) -> Formats.f32ToBf16x2Rn(bf16High(a) * bf16High(b), bf16Low(a) * bf16Low(b));
        };
    }

    private static float f16High(int pair) {
        return Formats.f16ToF32(pair >>> 16);
    }

    private static float f16Low(int pair) {
        return Formats.f16ToF32(pair & 0xffff);
    }

    private static float bf16High(int pair) {
        return Float.intBitsToFloat(pair & 0xffff0000);
    }

    private static float bf16Low(int pair) {
        return Float.intBitsToFloat(pair << 16);
    }

    /// `fma.rn{.ftz}{.sat|.relu}.f16{x2}`, `fma.rn{.relu}.bf16{x2}`; `.rn` is consumed.
    static Step fma(Form form) {
        boolean ftz = form.take("ftz");
        boolean saturate = form.take("sat");
        boolean relu = !saturate && form.take("relu");
        PtxType type = form.type();
        Format format = format(type);
        if (format == Format.BF16 && (ftz || saturate)) {
            throw form.unknown();
        }
        form.end(4);
        if (packed(type) && !ftz && !saturate && !relu) {
            return Lanes.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), form.word(3, type), format == Format.F16
                    ? (a, b, c) -> Formats.f32ToF16x2Rn(Binary16.fmaOdd(f16High(a), f16High(b), f16High(c)),
                            Binary16.fmaOdd(f16Low(a), f16Low(b), f16Low(c)))
                    : (a, b, c) -> Formats.f32ToBf16x2Rn(Binary16.fmaOdd(bf16High(a), bf16High(b), bf16High(c)),
                            Binary16.fmaOdd(bf16Low(a), bf16Low(b), bf16Low(c))));
        }
        var finish = new Finish(format, ftz, saturate, relu);
        Lanes.IntTernary one =
                (a, b, c) -> finish.out(format.encode(Binary16.fmaOdd(format.decode(finish.in(a)), format.decode(finish.in(b)),
                format.decode(finish.in(c)))));
        Lanes.IntTernary f = packed(type) ? (a, b, c) -> one.apply(a >>> 16, b >>> 16, c >>> 16) << 16 | one.apply(a & 0xffff, b & 0xffff, c & 0xffff)
                : one;
        return SharedLoops.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), form.word(3, type), f);
    }

    /// `{abs,neg}{.ftz}.f16{x2}`, `{abs,neg}.bf16{x2}`: only the sign changes.
    static Step sign(Form form) {
        boolean negate = form.at().opcode().equals("neg");
        boolean ftz = form.take("ftz");
        PtxType type = form.type();
        if (ftz && format(type) == Format.BF16) {
            throw form.unknown();
        }
        form.end(2);
        return unary(form, type, code -> {
            int flushed = ftz ? Binary16.flush(code) : code;
            return negate ? flushed ^ SIGN : flushed & ~SIGN;
        });
    }

    /// `{min,max}{.ftz}{.NaN}{.xorsign.abs}.f16{x2}`, without `.ftz` for bf16.
    static Step extremum(Form form) {
        boolean max = form.at().opcode().equals("max");
        boolean ftz = form.take("ftz");
        boolean nan = form.take("NaN");
        boolean xorsign = form.take("xorsign");
        if (xorsign && !form.take("abs")) {
            throw form.unknown();
        }
        PtxType type = form.type();
        Format format = format(type);
        if (ftz && format == Format.BF16) {
            throw form.unknown();
        }
        form.end(3);
        var finish = new Finish(format, ftz, false, false);
        return binary(form, type, (a, b) -> {
            int x = finish.in(a);
            int y = finish.in(b);
            if (!xorsign) {
                return extremum(format, x, y, max, nan);
            }
            int result = extremum(format, x & ~SIGN, y & ~SIGN, max, nan);
            return format.isNan(result) ? result : result | (x ^ y) & SIGN;
        });
    }

    private static int extremum(Format format, int a, int b, boolean max, boolean nan) {
        boolean nanA = format.isNan(a);
        boolean nanB = format.isNan(b);
        if (nanA && nanB || nan && (nanA || nanB)) {
            return Binary16.NAN;
        }
        if (nanA || nanB) {
            return nanA ? b : a;
        }
        // Sign and magnitude as one number in which -0 is below +0.
        int orderA = (a & SIGN) != 0 ? -(a & ~SIGN) - 1 : a;
        int orderB = (b & SIGN) != 0 ? -(b & ~SIGN) - 1 : b;
        return max == orderA > orderB ? a : b;
    }

    /// A function of codes of 16 bits, of both halves when the type is packed.
    static Step unary(Form form, PtxType type, IntUnaryOperator one) {
        IntUnaryOperator f = packed(type) ? a -> one.applyAsInt(a >>> 16) << 16 | one.applyAsInt(a & 0xffff) : one;
        return SharedLoops.words(form.wordTarget(0, type), form.word(1, type), f);
    }

    private static Step binary(Form form, PtxType type, IntBinaryOperator one) {
        IntBinaryOperator f = packed(type) ? (a, b) -> one.applyAsInt(a >>> 16, b >>> 16) << 16 | one.applyAsInt(a & 0xffff, b & 0xffff) : one;
        return SharedLoops.words(form.wordTarget(0, type), form.word(1, type), form.word(2, type), f);
    }

    /// A function of the value, computed in f32 and rounded to the format.
    static Step function(Form form, PtxType type, boolean ftz, FloatFunction function) {
        Format format = format(type);
        var finish = new Finish(format, ftz, false, false);
        return unary(form, type, code -> finish.out(format.encode(function.apply(format.decode(finish.in(code))))));
    }

    /// f32 to f32.
    @FunctionalInterface
    interface FloatFunction {
        float apply(float x);
    }
}
