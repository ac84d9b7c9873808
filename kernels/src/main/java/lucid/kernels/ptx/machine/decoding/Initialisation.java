package lucid.kernels.ptx.machine.decoding;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.Register;

/// Definite assignment: which reads of registers are proven to come after a write on every path through the entry.
///
/// A lane follows one path, so a proven read needs no check when it runs; only the others are watched, lane by lane (see
/// [lucid.kernels.ptx.machine.Readiness]). That makes the strict check nearly free: in ordinary kernels every read is proven.
public final class Initialisation {
    private final Entry entry;
    private final List<Instruction> code;
    private final Effects[] effects;
    /// Registers written on every path to the instruction; null for an instruction that no path reaches.
    private final BitSet[] before;
    private final BitSet watched = new BitSet();

    public Initialisation(Entry entry) {
        this.entry = entry;
        this.code = entry.instructions();
        this.effects = code.stream().map(Effects::of).toArray(Effects[]::new);
        this.before = new BitSet[code.size()];
        propagate();
        watch();
    }

    /// What the instruction reads and writes.
    public Effects effects(int instruction) {
        return effects[instruction];
    }

    /// The register's number over all banks of the entry.
    public int number(Register register) {
        return Effects.number(entry, register);
    }

    /// True when a lane may read the register at this instruction without ever having written it.
    public boolean unproven(int instruction, Register register) {
        return before[instruction] != null && !before[instruction].get(number(register));
    }

    /// As [#unproven], of the predicate that guards the instruction; false when it has no guard.
    public boolean guardUnproven(int instruction) {
        Instruction.Guard guard = code.get(instruction).guard();
        return guard != null && unproven(instruction, guard.predicate());
    }

    /// True when some read of the register is unproven, so that its writes must be recorded.
    public boolean watched(Register register) {
        return watched.get(number(register));
    }

    private void propagate() {
        if (code.isEmpty()) {
            return;
        }
        var work = new ArrayDeque<Integer>();
        before[0] = new BitSet();
        work.add(0);
        while (!work.isEmpty()) {
            int i = work.poll();
            BitSet after = after(i);
            for (int next : successors(i)) {
                if (next < code.size() && meet(next, after)) {
                    work.add(next);
                }
            }
        }
    }

    private boolean meet(int at, BitSet arriving) {
        if (before[at] == null) {
            before[at] = (BitSet) arriving.clone();
            return true;
        }
        int had = before[at].cardinality();
        before[at].and(arriving);
        return before[at].cardinality() != had;
    }

    private BitSet after(int i) {
        var after = (BitSet) before[i].clone();
        boolean sure = code.get(i).guard() == null && effects[i].copies().stream().noneMatch(r -> unproven(i, r));
        if (sure) {
            effects[i].writes().forEach(r -> after.set(number(r)));
        }
        return after;
    }

    private List<Integer> successors(int i) {
        Instruction instruction = code.get(i);
        var next = new ArrayList<Integer>();
        boolean always = instruction.guard() == null;
        boolean leaves = switch (instruction.opcode()) {
            case "bra", "brx", "exit", "ret", "trap" -> true;
            default -> false;
        };
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Label label) {
                next.add(label.target());
            } else if (operand instanceof Operand.LabelTable table) {
                table.targets().forEach(t -> next.add(t.target()));
            }
        }
        if (!(leaves && always)) {
            next.add(i + 1);
        }
        return next;
    }

    /// Registers with an unproven read, and the sources of unproven copies into them.
    private void watch() {
        for (int i = 0; i < code.size(); i++) {
            for (Register register : effects[i].reads()) {
                watch(i, register);
            }
            for (Register register : effects[i].accumulators()) {
                watch(i, register);
            }
            if (guardUnproven(i)) {
                watched.set(number(code.get(i).guard().predicate()));
            }
        }
        for (int size = -1; size != watched.cardinality(); ) {
            size = watched.cardinality();
            for (int i = 0; i < code.size(); i++) {
                if (!effects[i].copies().isEmpty() && watched(effects[i].writes().getFirst())) {
                    for (Register source : effects[i].copies()) {
                        watch(i, source);
                    }
                }
            }
        }
    }

    private void watch(int i, Register register) {
        if (unproven(i, register)) {
            watched.set(number(register));
        }
    }
}
