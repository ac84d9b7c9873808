package lucid.kernels.ptx.steps;

import static java.lang.Float.intBitsToFloat;

import java.util.Map;
import java.util.function.LongUnaryOperator;
import lucid.kernels.ptx.machine.Decoder;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.number.Formats;
import lucid.kernels.ptx.number.Rounding;
import lucid.kernels.ptx.steps.lanes.Lanes;
import lucid.kernels.ptx.steps.scalar.Binary32;
import lucid.kernels.ptx.steps.scalar.Binary64;
import lucid.kernels.ptx.steps.scalar.Convert;
import lucid.kernels.ptx.steps.scalar.Integers;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.PtxType.Kind;
import lucid.kernels.ptx.text.syntax.Register;

/// `cvt` between integers and floats of one value; the forms that pack several values or lead to formats below 16 bits are in [PackedConversion].
///
/// Sources and destinations may be wider than the types (PTX ISA, "Operand Size Exceeding Instruction-Type Size"): a source's low bits are taken,
/// an integer result is extended to its register by its own sign.
public final class Conversion {
    private Conversion() {}

    /// Adds this family's decoders.
    public static void register(Map<String, Decoder> table) {
        table.put("cvt", (at, context) -> {
            var form = new Form(at, context);
            return PackedConversion.covers(at) ? PackedConversion.decode(form) : convert(form);
        });
    }

    private static Step convert(Form form) {
        String round = form.option("rni", "rzi", "rmi", "rpi", "rn", "rz", "rm", "rp");
        boolean ftz = form.take("ftz");
        boolean saturate = form.take("sat");
        boolean relu = !saturate && form.take("relu");
        PtxType to = form.type();
        PtxType from = form.type();
        form.end(2);
        check(form, round, ftz, saturate, relu, to, from);
        if (!ftz && !saturate && !relu && exactRegisters(form, to, from)) {
            Step step = fast(form, round, to, from);
            if (step != null) {
                return step;
            }
        }
        return general(form, to, from, function(round, ftz, saturate, relu, to, from));
    }

    private static boolean scalar(PtxType type) {
        return switch (type) {
            case U8, S8, U16, S16, U32, S32, U64, S64, F16, BF16, F32, F64 -> true;
            default -> false;
        };
    }

    /// Which roundings and modifiers a pair of types takes (PTX ISA, "cvt").
    private static void check(Form form, String round, boolean ftz, boolean saturate, boolean relu, PtxType to, PtxType from) {
        boolean integral = round.length() == 3;
        boolean needsFloat = to.floating() && (!from.floating() || narrowing(to, from));
        boolean needsInteger = from.floating() && !to.floating();
        boolean sameFloat = to == from && to.floating();
        boolean roundingFits = needsFloat ? round.length() == 2 : needsInteger ? integral : sameFloat ? round.isEmpty() || integral : round.isEmpty();
        boolean ftzFits = !ftz || to == PtxType.F32 || from == PtxType.F32;
        boolean reluFits = !relu || (to == PtxType.F16 || to == PtxType.BF16) && from == PtxType.F32;
        boolean saturates = !saturate || to != PtxType.BF16 && (to.floating() || from.floating() || !holds(to, from));
        if (!scalar(to) || !scalar(from) || !ftzFits || !reluFits || !saturates) {
            throw form.unknown();
        }
        if (!roundingFits) {
            throw form.refuse(needsFloat ? "this conversion needs one of .rn .rz .rm .rp" : needsInteger
                    ? "this conversion needs one of .rni .rzi .rmi .rpi"
                    : "this conversion takes no such rounding");
        }
    }

    /// True when not every value of `from` is one of `to`.
    private static boolean narrowing(PtxType to, PtxType from) {
        return to.bits() < from.bits() || to != from && to.bits() == 16;
    }

    /// True when every value of the integer type `from` is one of `to`, so that there is nothing to saturate.
    private static boolean holds(PtxType to, PtxType from) {
        return to.signed() == from.signed() ? to.bits() >= from.bits() : to.signed() && to.bits() > from.bits();
    }

    /// Whether both operands are registers (or literals) of exactly the types' sizes.
    private static boolean exactRegisters(Form form, PtxType to, PtxType from) {
        return width(form.operand(0), to) == to.bits() && width(form.operand(1), from) == from.bits();
    }

    private static int width(Operand operand, PtxType type) {
        return operand instanceof Operand.Reg(Register register, boolean _) ? register.type().bits() : type.bits();
    }

    /// Loops of their own for the conversions that kernels use all the time; null for the others.
    private static Step fast(Form form, String round, PtxType to, PtxType from) {
        return switch (to.text() + "." + from.text()) {
            case "u64.u32" -> Lanes.widen(form.wideTarget(0, to), form.word(1, from), Integers::unsigned);
            case "s64.s32" -> Lanes.widen(form.wideTarget(0, to), form.word(1, from), a -> a);
            case "u32.u64", "s32.s64" -> Lanes.narrow(form.wordTarget(0, to), form.wide(1, from), a -> (int) a);
            case "f32.f16" -> Lanes.words(form.wordTarget(0, to), form.word(1, from), a -> Binary32.bits(Formats.f16ToF32(a)));
            case "f32.bf16" -> Lanes.words(form.wordTarget(0, to), form.word(1, from), a -> Binary32.bits(intBitsToFloat(a << 16)));
            case "f32.s32" -> round.equals("rn") ? Lanes.words(form.wordTarget(0, to), form.word(1, from), a -> Float.floatToRawIntBits(a)) : null;
            case "f32.u32" -> round.equals("rn") ? Lanes.words(form.wordTarget(0, to), form.word(1, from),
                    a -> Float.floatToRawIntBits(Integers.unsigned(a))) : null;
            case "s32.f32" -> round.equals("rzi") ? Lanes.words(form.wordTarget(0, to), form.word(1, from), a -> (int) intBitsToFloat(a)) : null;
            case "f16.f32" -> round.equals("rn") ? Lanes.words(form.wordTarget(0, to), form.word(1, from), a -> Formats.f32ToF16Rn(intBitsToFloat(a)))
                    : null;
            case "bf16.f32" -> round.equals("rn") ? Lanes.words(form.wordTarget(0, to), form.word(1, from),
                    a -> Formats.f32ToBf16Rn(intBitsToFloat(a))) : null;
            default -> null;
        };
    }

    /// From the raw bits of the source's type (zeros above) to the result, integers extended to 64 bits by their sign.
    private static LongUnaryOperator function(String round, boolean ftz, boolean saturate, boolean relu, PtxType to, PtxType from) {
        if (from.floating()) {
            var reader = new FloatReader(from, ftz);
            if (!to.floating()) {
                return a -> Convert.toInteger(reader.read(a), round, to, from);
            }
            var writer = new FloatWriter(to, rounding(round), ftz, saturate, relu);
            boolean integral = round.length() == 3;
            return integral ? a -> writer.write(Convert.integral(reader.read(a), round)) : a -> writer.write(reader.read(a));
        }
        boolean unsigned = from.kind() != Kind.SIGNED;
        if (to.floating()) {
            Rounding rounding = rounding(round);
            return a -> {
                long bits = Convert.fromInteger(extended(a, from), unsigned, rounding, to);
                return saturate ? new FloatWriter(to, rounding, false, true, false).write(FloatReader.value(bits, to)) : bits;
            };
        }
        return saturate ? a -> Convert.clamp(extended(a, from), unsigned, to) : a -> extended(extended(a, from), to);
    }

    /// The low bits of `type`, extended by its sign.
    private static long extended(long bits, PtxType type) {
        int above = 64 - type.bits();
        return type.signed() ? bits << above >> above : bits << above >>> above;
    }

    private static Rounding rounding(String round) {
        return switch (round) {
            case "rz" -> Rounding.ZERO;
            case "rm" -> Rounding.DOWN;
            case "rp" -> Rounding.UP;
            default -> Rounding.NEAREST_EVEN;
        };
    }

    /// Reads the source as a double; every float format fits into one exactly.
    private record FloatReader(PtxType type, boolean ftz) {
        double read(long bits) {
            return type == PtxType.F32 && ftz ? intBitsToFloat(Binary32.flush((int) bits)) : value(bits, type);
        }

        static double value(long bits, PtxType type) {
            return switch (type) {
                case F16 -> Formats.f16ToF32((int) bits & 0xffff);
                case BF16 -> Formats.bf16ToF32((int) bits);
                case F32 -> intBitsToFloat((int) bits);
                default -> Double.longBitsToDouble(bits);
            };
        }
    }

    private record FloatWriter(PtxType type, Rounding rounding, boolean ftz, boolean saturate, boolean relu) {
        long write(double x) {
            double value = saturate ? (x > 0 ? Math.min(x, 1) : 0) : x;
            return switch (type) {
                case F16 -> Formats.toF16(value, rounding, false, relu);
                case BF16 -> Formats.toBf16(value, rounding, false, relu);
                case F32 -> single(value);
                default -> Binary64.bits(value);
            };
        }

        private long single(double value) {
            int bits = Binary32.bits(Binary32.directed(value, 0, rounding));
            return ftz ? Binary32.flush(bits) : bits;
        }
    }

    /// Any pair of registers that are at least as wide as the types.
    private static Step general(Form form, PtxType to, PtxType from, LongUnaryOperator f) {
        int bits = width(form.operand(1), from);
        int result = width(form.operand(0), to);
        if (bits < from.bits() || result < to.bits() || to.floating() && result != to.bits()) {
            throw form.refuse("a register is narrower than ." + (bits < from.bits() ? from : to).text() + ", or a float's has not its size");
        }
        if ((to == PtxType.BF16 || from == PtxType.BF16) && (bits != from.bits() || result != to.bits())) {
            throw form.refuse("conversions of .bf16 take registers of exactly the types' sizes");
        }
        boolean wideSource = bits == 64;
        boolean wideTarget = result == 64;
        int a = wideSource ? form.anyWide(1, from) : form.anyWord(1, from);
        int d = wideTarget ? form.anyWideTarget(0, to) : form.anyWordTarget(0, to);
        long taken = -1L >>> 64 - from.bits();
        int kept = -1 >>> Math.max(0, 32 - result);
        return (warp, mask) -> {
            int[] r = warp.words;
            long[] x = warp.wides;
            for (int left = mask; left != 0; left &= left - 1) {
                int l = Integer.numberOfTrailingZeros(left);
                long value = f.applyAsLong((wideSource ? x[a + l] : r[a + l]) & taken);
                if (wideTarget) {
                    x[d + l] = value;
                } else {
                    r[d + l] = (int) value & kept;
                }
            }
            return Step.NEXT;
        };
    }
}
