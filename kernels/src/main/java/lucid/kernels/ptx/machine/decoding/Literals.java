package lucid.kernels.ptx.machine.decoding;

import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;

/// Literals as the raw bits of the type that an instruction wants (PTX ISA, "Constants": integer literals are 64 bits and truncated,
/// decimal and `0d` floats are f64 and rounded to the type, `0f` is f32 exactly).
final class Literals {
    private Literals() {}

    static int word(Decoding context, Instruction at, Operand.Immediate literal, PtxType type) {
        return switch (literal.kind()) {
            case INTEGER -> type.floating()
                    ? refuse(context, at, "an integer literal where ." + type.text() + " is wanted; write 0fXXXXXXXX or a decimal point")
                    : truncate(literal.bits(), type.bits());
            case F32 -> type.bits() == 32 ? (int) literal.bits() : refuse(context, at, "an f32 literal where ." + type.text() + " is wanted");
            case F64 -> type == PtxType.F32 ? Float.floatToRawIntBits((float) Double.longBitsToDouble(literal.bits()))
                    : refuse(context, at, "a floating-point literal where ." + type.text() + " is wanted");
        };
    }

    static long wide(Decoding context, Instruction at, Operand.Immediate literal, PtxType type) {
        return switch (literal.kind()) {
            case INTEGER -> type.floating() ? refuse(context, at, "an integer literal where ." + type.text() + " is wanted") : literal.bits();
            case F64 -> type.kind() == PtxType.Kind.FLOAT || type.kind() == PtxType.Kind.BITS ? literal.bits()
                    : refuse(context, at, "a floating-point literal where ." + type.text() + " is wanted");
            case F32 -> refuse(context, at, "an f32 literal where ." + type.text() + " is wanted");
        };
    }

    static String describe(Operand operand) {
        return switch (operand) {
            case Operand.Reg(var register, boolean negated) -> (negated ? "!" : "") + register.name() + " (." + register.type().text() + ")";
            case Operand.Special special -> special.register().name();
            case Operand.Immediate immediate -> "a literal";
            case Operand.Symbol symbol -> "the address of " + symbol.variable().name();
            case Operand.Address _ -> "a memory operand";
            case Operand.TensorAddress _ -> "a tensor operand";
            case Operand.Vector vector -> "a vector of " + vector.elements().size();
            case Operand.Pair _ -> "a pair";
            case Operand.Sink _ -> "_";
            case Operand.Label label -> "label " + label.name();
            case Operand.LabelTable table -> "branch targets " + table.name();
        };
    }

    private static int truncate(long bits, int width) {
        return width >= 32 ? (int) bits : (int) bits & ((1 << width) - 1);
    }

    private static int refuse(Decoding context, Instruction at, String found) {
        throw context.refuse(at, "found " + found);
    }
}
