package lucid.kernels.ptx.machine.decoding;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.check.Lint;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.SpecialRegister;
import lucid.kernels.ptx.text.syntax.Variable;

/// What a decoder knows while an entry is decoded, and the slots that it asks for.
///
/// Every source becomes a slot: immediates, special registers and addresses get slots behind the declared registers, filled when a warp starts.
public final class Decoding {
    /// A slot that a warp fills when it starts.
    public sealed interface Constant {
        int slot();
    }

    /// A literal of at most 32 bits.
    public record Word(int slot, int bits) implements Constant {}

    /// A literal of 64 bits.
    public record Wide(int slot, long bits) implements Constant {}

    /// Any special register but clocks, which are read when they are executed.
    public record SpecialWord(int slot, SpecialRegister register) implements Constant {}

    /// The address of a variable within its space, known when the block's memory is laid out; `wide` tells the bank.
    public record VariableAddress(int slot, Variable variable, long offset, boolean wide) implements Constant {}

    private record Key(Object what, boolean wide) {}

    private final String file;
    private final Map<Key, Integer> slots = new HashMap<>();
    private final List<Constant> constants = new ArrayList<>();
    private int words;
    private int wides;
    private final List<Lint> lints = new ArrayList<>();
    private int predicates;
    private int carry = -1;
    private final Map<IntBuffer, int[]> lists = new HashMap<>();
    private final Accumulation accumulation;

    public Decoding(PtxModule module, Entry entry, Accumulation accumulation) {
        this.accumulation = accumulation;
        this.file = module.name();
        this.words = entry.words();
        this.wides = entry.wides();
        this.predicates = entry.predicates();
    }

    /// One array for all lists of the same slots: who compares two of them mostly sees at once that they are one.
    public int[] shared(int[] slots) {
        return lists.computeIfAbsent(IntBuffer.wrap(slots), _ -> slots);
    }

    /// How tensor cores add up.
    public Accumulation accumulation() {
        return accumulation;
    }

    /// The slots that a warp fills when it starts, in the order in which they were asked for.
    public List<Constant> constants() {
        return constants;
    }

    /// Word slots so far, declared registers included.
    public int words() {
        return words;
    }

    /// Wide slots so far, declared registers included.
    public int wides() {
        return wides;
    }

    /// Predicate slots so far, declared registers included.
    public int predicates() {
        return predicates;
    }

    /// A fresh word slot for a decoder's own use.
    public int newWord() {
        return words++;
    }

    /// A fresh wide slot for a decoder's own use.
    public int newWide() {
        return wides++;
    }

    /// The predicate slot that serves the entry as carry flag.
    public int carry() {
        if (carry < 0) {
            carry = predicates++;
        }
        return carry;
    }

    /// Notes that the instruction is legal but likely to surprise.
    public void lint(Instruction at, String message) {
        lints.add(new Lint(file, at.line(), message + ": '" + at.text() + "'"));
    }

    /// Notes so far, in order.
    public List<Lint> lints() {
        return lints;
    }

    /// The word slot of a source or destination of at most 32 bits; a literal is converted to `type` first.
    public int word(Instruction at, Operand operand, PtxType type) {
        return switch (operand) {
            case Operand.Reg(Register register, boolean negated) when register.bank() == Register.Bank.WORD && !negated -> register.slot();
            case Operand.Immediate immediate -> constant(new Key(Literals.word(this, at, immediate, type), false));
            case Operand.Special special -> constant(new Key(special.register(), false));
            case Operand.Symbol symbol -> constant(new Key(symbol, false));
            case Operand.Sink _ -> newWord();
            default -> throw refuse(at, "wanted a 32-bit register or a literal of type ." + type.text() + ", found " + Literals.describe(operand));
        };
    }

    /// The wide slot of a source or destination of 64 bits; a literal is converted to `type` first.
    public int wide(Instruction at, Operand operand, PtxType type) {
        return switch (operand) {
            case Operand.Reg(Register register, boolean negated) when register.bank() == Register.Bank.WIDE && !negated -> register.slot();
            case Operand.Immediate immediate -> constant(new Key(Literals.wide(this, at, immediate, type), true));
            case Operand.Symbol symbol -> constant(new Key(symbol, true));
            case Operand.Sink _ -> newWide();
            default -> throw refuse(at, "wanted a 64-bit register or a literal of type ." + type.text() + ", found " + Literals.describe(operand));
        };
    }

    /// The slot of a predicate that is not negated (destinations).
    public int predicate(Instruction at, Operand operand) {
        return switch (operand) {
            case Operand.Reg(Register register, boolean negated) when register.bank() == Register.Bank.PREDICATE && !negated -> register.slot();
            case Operand.Sink _ -> predicates++;
            default -> throw refuse(at, "wanted a predicate, found " + Literals.describe(operand));
        };
    }

    /// A predicate source.
    ///
    /// @param slot of the predicate
    /// @param flip all ones when the source is negated, else 0: the value is `predicates[slot] ^ flip`
    public record PredicateSource(int slot, int flip) {}

    /// The slot of a predicate source, negated or not.
    public PredicateSource predicateSource(Instruction at, Operand operand) {
        if (operand instanceof Operand.Reg(Register register, boolean negated) && register.bank() == Register.Bank.PREDICATE) {
            return new PredicateSource(register.slot(), negated ? -1 : 0);
        }
        throw refuse(at, "wanted a predicate, found " + Literals.describe(operand));
    }

    /// An error with file, line and the form.
    public PtxSyntaxException refuse(Instruction at, String message) {
        return new PtxSyntaxException(file, at.line(), message + " in '" + at.text() + "'");
    }

    /// The error for a form that Lucid does not know.
    public PtxSyntaxException unknown(Instruction at) {
        return refuse(at, "this form of '" + at.opcode() + "' is not supported");
    }

    private int constant(Key key) {
        return slots.computeIfAbsent(key, k -> {
            int slot = k.wide() ? wides++ : words++;
            constants.add(switch (k.what()) {
                case Integer bits -> new Word(slot, bits);
                case Long bits -> new Wide(slot, bits);
                case SpecialRegister register -> new SpecialWord(slot, register);
                case Operand.Symbol(Variable variable, long offset) -> new VariableAddress(slot, variable, offset, k.wide());
                default -> throw new IllegalStateException("no constant of " + k.what());
            });
            return slot;
        });
    }
}
