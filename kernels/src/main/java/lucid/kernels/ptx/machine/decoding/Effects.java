package lucid.kernels.ptx.machine.decoding;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.Register;

/// Which declared registers an instruction reads and writes, told from its operands alone: in PTX the first operand is the destination,
/// unless it is an address or the instruction has none.
///
/// @param reads registers whose value is used
/// @param writes registers that are set
/// @param copies sources whose value only moves on (`mov`, `selp`): reading an unwritten one is no error, its lanes stay unwritten
/// @param chooser the predicate of a `selp`, or null
/// @param accumulators registers that a `wgmma` adds to when `scale-d` is true
/// @param scale that `scale-d`: a predicate register, or null when it is a literal
public record Effects(List<Register> reads, List<Register> writes, List<Register> copies, Operand.Reg chooser, List<Register> accumulators,
        Operand.Reg scale) {
    /// Operand 0 of these is a source even when it is a register.
    private static final Set<String> NO_DESTINATION = Set.of("bar", "barrier", "brx", "nanosleep", "wgmma", "setmaxnreg", "st", "red", "cp");

    static Effects of(Instruction instruction) {
        List<Operand> operands = instruction.operands();
        if (instruction.opcode().equals("wgmma") && instruction.has("mma_async") && !operands.isEmpty()) {
            return product(operands);
        }
        var reads = new ArrayList<Register>();
        var writes = new ArrayList<Register>();
        boolean hasDestination = !NO_DESTINATION.contains(instruction.opcode()) || instruction.has("red");
        for (int i = 0; i < operands.size(); i++) {
            boolean destination = i == 0 && hasDestination && !(operands.get(0) instanceof Operand.Address)
                    && !(operands.get(0) instanceof Operand.TensorAddress);
            operands.get(i).eachRegister((destination ? writes : reads)::add);
        }
        boolean copy = writes.size() == 1 && instruction.opcode().equals("mov") && operands.size() == 2 && operands.get(1) instanceof Operand.Reg;
        boolean choice = writes.size() == 1 && instruction.opcode().equals("selp") && operands.size() == 4 && operands.get(3) instanceof Operand.Reg;
        if (copy) {
            return new Effects(List.of(), writes, reads, null, List.of(), null);
        }
        if (choice) {
            var chosen = new ArrayList<Register>();
            operands.get(1).eachRegister(chosen::add);
            operands.get(2).eachRegister(chosen::add);
            var chooser = (Operand.Reg) operands.get(3);
            return new Effects(List.of(chooser.register()), writes, chosen, chooser, List.of(), null);
        }
        return new Effects(reads, writes, List.of(), null, List.of(), null);
    }

    /// `wgmma.mma_async d, a, b, scale-d, ...`: without `scale-d` the old accumulator is not read (PTX ISA, "wgmma.mma_async").
    private static Effects product(List<Operand> operands) {
        var reads = new ArrayList<Register>();
        var accumulators = new ArrayList<Register>();
        operands.get(0).eachRegister(accumulators::add);
        for (int i = 1; i < operands.size(); i++) {
            operands.get(i).eachRegister(reads::add);
        }
        Operand scale = operands.size() > 3 ? operands.get(3) : null;
        boolean never = scale instanceof Operand.Immediate literal && literal.bits() == 0;
        return new Effects(reads, accumulators, List.of(), null, never ? List.of() : accumulators,
                scale instanceof Operand.Reg predicate ? predicate : null);
    }

    /// A register's number over all banks: words, then wides, then predicates.
    static int number(Entry entry, Register register) {
        return switch (register.bank()) {
            case WORD -> register.slot();
            case WIDE -> entry.words() + register.slot();
            case PREDICATE -> entry.words() + entry.wides() + register.slot();
        };
    }
}
