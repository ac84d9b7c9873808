package lucid.kernels.ptx.text.syntax;

import java.util.List;
import java.util.function.Consumer;

/// An operand of an instruction, with every name resolved.
public sealed interface Operand {
    /// Every register that the operand names, in order; those of an address and of coordinates included.
    default void eachRegister(Consumer<Register> use) {
        switch (this) {
            case Reg(Register register, boolean _) -> use.accept(register);
            case Address(Operand base, long _) -> base.eachRegister(use);
            case TensorAddress(Address map, List<Operand> coordinates) -> {
                map.eachRegister(use);
                coordinates.forEach(c -> c.eachRegister(use));
            }
            case Vector(List<Operand> elements) -> elements.forEach(e -> e.eachRegister(use));
            case Pair(Operand first, Operand second) -> {
                first.eachRegister(use);
                second.eachRegister(use);
            }
            case Special _, Immediate _, Symbol _, Sink _, Label _, LabelTable _ -> { }
        }
    }

    /// A register; `negated` is the `!p` of a predicate source.
    record Reg(Register register, boolean negated) implements Operand {}

    /// A special register as a source.
    record Special(SpecialRegister register) implements Operand {}

    /// A literal or constant expression: for `INTEGER` the 64-bit value, for `F32` (`0f...`) and `F64` (`0d...`, decimal) the raw bits.
    record Immediate(Kind kind, long bits) implements Operand {
        /// How the literal was written.
        public enum Kind { INTEGER, F32, F64 }
    }

    /// The address of a variable or parameter used as a value, plus a constant.
    record Symbol(Variable variable, long offset) implements Operand {}

    /// A memory operand `[base + offset]`: `base` is a [Reg] or a [Symbol] (its own offset is then 0).
    record Address(Operand base, long offset) implements Operand {}

    /// A tensor operand `[map, {c0, c1, ...}]`; `map` is the address of the tensor map.
    record TensorAddress(Address map, List<Operand> coordinates) implements Operand {}

    /// `{a, b, ...}`: registers, immediates or sinks.
    record Vector(List<Operand> elements) implements Operand {}

    /// `d|p`: two destinations.
    record Pair(Operand first, Operand second) implements Operand {}

    /// `_`: a destination that nobody reads.
    record Sink() implements Operand {}

    /// A branch target: the index of the instruction after the label.
    record Label(String name, int target) implements Operand {}

    /// The list of a `.branchtargets` directive, for `brx.idx`.
    record LabelTable(String name, List<Label> targets) implements Operand {}
}
