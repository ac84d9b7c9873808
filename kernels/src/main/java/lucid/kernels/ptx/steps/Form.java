package lucid.kernels.ptx.steps;

import java.util.Arrays;
import java.util.List;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxSyntaxException;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.PtxType.Kind;
import lucid.kernels.ptx.text.syntax.Register;

/// Reads one instruction from left to right: its modifiers in the order of the ISA's syntax line, then its operands.
/// Whatever is not consumed is an unknown form, so nothing is skipped in silence.
///
/// Word and wide operands come as the index of lane 0 in the warp's register file: lane `l` is at `index + l`.
public final class Form {
    private final Instruction at;
    private final Decoding context;
    private int next;

    public Form(Instruction at, Decoding context) {
        this.at = at;
        this.context = context;
    }

    public Instruction at() {
        return at;
    }

    public Decoding context() {
        return context;
    }

    /// Consumes the next modifier when it is this one.
    public boolean take(String modifier) {
        boolean found = next < at.modifiers().size() && at.modifiers().get(next).equals(modifier);
        if (found) {
            next++;
        }
        return found;
    }

    /// Consumes the next modifier when it is one of these; empty when it is none.
    public String option(String... modifiers) {
        for (String modifier : modifiers) {
            if (take(modifier)) {
                return modifier;
            }
        }
        return "";
    }

    /// The next modifier, which must be one of these.
    public String oneOf(String... modifiers) {
        String found = option(modifiers);
        if (found.isEmpty()) {
            throw unknown();
        }
        return found;
    }

    /// The next modifier, whatever it is.
    public String next() {
        if (next >= at.modifiers().size()) {
            throw unknown();
        }
        return at.modifiers().get(next++);
    }

    /// The next modifier as a type.
    public PtxType type() {
        return PtxType.of(next()).orElseThrow(this::unknown);
    }

    /// The next modifier as one of these types.
    public PtxType type(PtxType... allowed) {
        PtxType type = type();
        if (!Arrays.asList(allowed).contains(type)) {
            throw unknown();
        }
        return type;
    }

    /// The type that the last modifier spells, not consumed: it decides which family reads the form.
    public PtxType lastType() {
        List<String> modifiers = at.modifiers();
        if (modifiers.isEmpty()) {
            throw unknown();
        }
        return PtxType.of(modifiers.getLast()).orElseThrow(this::unknown);
    }

    /// All modifiers are consumed, and there are this many operands.
    public void end(int operands) {
        end(operands, operands);
    }

    /// The same for a form whose last operands may be missing.
    public void end(int least, int most) {
        if (next != at.modifiers().size()) {
            throw unknown();
        }
        int found = at.operands().size();
        if (found < least || found > most) {
            throw context.refuse(at, "found " + found + " operands, wanted " + (least == most ? "" + least : least + " to " + most));
        }
    }

    public int operands() {
        return at.operands().size();
    }

    public Operand operand(int i) {
        return at.operands().get(i);
    }

    public PtxSyntaxException unknown() {
        return context.unknown(at);
    }

    public PtxSyntaxException refuse(String message) {
        return context.refuse(at, message);
    }

    /// A source of at most 32 bits.
    public int word(int i, PtxType type) {
        return word(operand(i), type);
    }

    /// A u32 source of which the lowest byte counts: a literal must be one (the assembler takes no other).
    int octet(int i) {
        if (operand(i) instanceof Operand.Immediate(Operand.Immediate.Kind _, long bits) && (bits < 0 || bits > 255)) {
            throw refuse("operand " + (i + 1) + " is " + bits + ", wanted 0 to 255");
        }
        return word(i, PtxType.U32);
    }

    public int word(Operand operand, PtxType type) {
        check(operand, type);
        return context.word(at, operand, type) * 32;
    }

    /// A source of 64 bits.
    public int wide(int i, PtxType type) {
        return wide(operand(i), type);
    }

    public int wide(Operand operand, PtxType type) {
        check(operand, type);
        return context.wide(at, operand, type) * 32;
    }

    /// A destination of at most 32 bits.
    public int wordTarget(int i, PtxType type) {
        return wordTarget(operand(i), type);
    }

    public int wordTarget(Operand operand, PtxType type) {
        target(operand);
        return word(operand, type);
    }

    /// A destination of 64 bits.
    public int wideTarget(int i, PtxType type) {
        return wideTarget(operand(i), type);
    }

    public int wideTarget(Operand operand, PtxType type) {
        target(operand);
        return wide(operand, type);
    }

    /// As [#word], for `cvt`, whose registers may be wider than its types.
    int anyWord(int i, PtxType type) {
        return context.word(at, operand(i), type) * 32;
    }

    int anyWide(int i, PtxType type) {
        return context.wide(at, operand(i), type) * 32;
    }

    int anyWordTarget(int i, PtxType type) {
        target(operand(i));
        return anyWord(i, type);
    }

    int anyWideTarget(int i, PtxType type) {
        target(operand(i));
        return anyWide(i, type);
    }

    /// The slot of a predicate destination.
    public int predicateTarget(Operand operand) {
        target(operand);
        return context.predicate(at, operand);
    }

    /// A predicate source; a literal is true when it is not 0.
    public Decoding.PredicateSource predicate(int i) {
        if (operand(i) instanceof Operand.Immediate) {
            // Nobody writes the slot of a sink that nobody else names: it stays 0.
            return new Decoding.PredicateSource(context.predicate(at, new Operand.Sink()), literal(i) == 0 ? 0 : -1);
        }
        return context.predicateSource(at, operand(i));
    }

    /// An integer literal, where the form wants one.
    public long literal(int i) {
        if (operand(i) instanceof Operand.Immediate(Operand.Immediate.Kind kind, long bits) && kind == Operand.Immediate.Kind.INTEGER) {
            return bits;
        }
        throw refuse("operand " + (i + 1) + " must be an integer literal");
    }

    private void target(Operand operand) {
        if (!(operand instanceof Operand.Reg) && !(operand instanceof Operand.Sink)) {
            throw refuse("the destination must be a register");
        }
    }

    /// PTX's operand type rule: sizes agree; `.bN` agrees with every type of its size, integers with integers, floats with the same float.
    /// The formats without register types of their own (bf16, tf32, fp8) live in `.b16` and `.b32`.
    private void check(Operand operand, PtxType type) {
        boolean mover = at.opcode().equals("mov") || at.opcode().equals("cvt") || at.opcode().equals("cvta");
        if (!mover && (operand instanceof Operand.Special || operand instanceof Operand.Symbol)) {
            throw refuse("a special register or an address cannot be an operand of '" + at.opcode() + "'; mov it into a register first");
        }
        if (!(operand instanceof Operand.Reg(Register register, _))) {
            return;
        }
        PtxType found = register.type();
        if (found != type && found.kind() != Kind.PREDICATE && !agree(found, type)) {
            throw refuse("register " + register.name() + " has type ." + found.text() + ", wanted one for ." + type.text());
        }
    }

    private static boolean agree(PtxType found, PtxType wanted) {
        if (found.bits() != wanted.bits()) {
            return false;
        }
        if (found.kind() == Kind.BITS || wanted.kind() == Kind.BITS) {
            return true;
        }
        return !found.floating() && !wanted.floating();
    }
}
