package lucid.grpo.ptx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lucid.kernels.ptx.machine.Observer;
import lucid.kernels.ptx.machine.Step;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.Register;

/// Records what one warp does: every instruction with the registers that it names, before and after, and the addresses that it touches.
final class WarpTrace implements Observer {
    /// One executed instruction.
    ///
    /// @param instruction what ran
    /// @param mask        lanes for which it ran; 0 when its guard was false for all
    /// @param waited      how often it was tried in vain before
    /// @param values      registers that it names
    /// @param addresses   of its memory operands, per lane; empty for none
    record Event(Instruction instruction, int mask, int waited, List<Value> values, List<Touch> addresses) {}

    /// A register's 32 lanes as raw bits; a predicate's as 0 or 1.
    record Value(Register register, long[] before, long[] after) {
        boolean changed(int lane) { return before[lane] != after[lane]; }
    }

    /// A memory operand's byte address in every lane.
    record Touch(String space, long[] address, int bytes) {}

    private final int block;
    private final int warp;
    private final long from;
    private final int limit;
    private final List<Event> events = new ArrayList<>();
    private final Map<Register, long[]> before = new LinkedHashMap<>();
    private final List<Touch> touched = new ArrayList<>();
    private long seen;
    private int waited;
    private int started;

    /// @param from  instructions of the warp to pass over
    /// @param limit instructions that are kept
    WarpTrace(int block, int warp, long from, int limit) {
        this.block = block;
        this.warp = warp;
        this.from = from;
        this.limit = limit;
    }

    List<Event> events() { return events; }

    /// Instructions of the warp in all, kept or not.
    long seen() { return seen; }

    /// Lanes that the warp had when it started.
    int started() { return started; }

    private boolean concerns(Warp w) { return w.block.index == block && w.index == warp; }

    @Override public void before(Warp w, int mask) {
        if (!concerns(w) || seen < from || events.size() >= limit) return;
        before.clear();
        touched.clear();
        for (Register r : registers(w.instruction())) before.put(r, read(w, r));
        for (Operand o : w.instruction().operands()) {
            if (o instanceof Operand.Address a) touch(w, a);
            else if (o instanceof Operand.TensorAddress t) touch(w, t.map());
        }
    }

    @Override public void after(Warp w, int mask, int result) {
        if (!concerns(w)) return;
        started = w.started;
        if (result == Step.WAIT) {
            waited++;
            return;
        }
        if (seen >= from && events.size() < limit) {
            List<Value> values = new ArrayList<>();
            before.forEach((r, old) -> values.add(new Value(r, old, read(w, r))));
            events.add(new Event(traced, mask, waited, values, List.copyOf(touched)));
        }
        seen++;
        waited = 0;
    }

    @Override public void skipped(Warp w) {
        before(w, 0);
        after(w, 0, Step.NEXT);
    }

    private Instruction traced;

    private Set<Register> registers(Instruction i) {
        traced = i;
        Set<Register> all = new LinkedHashSet<>();
        if (i.guard() != null) all.add(i.guard().predicate());
        i.operands().forEach(o -> o.eachRegister(all::add));
        return all;
    }

    private static long[] read(Warp w, Register r) {
        long[] lanes = new long[32];
        for (int l = 0; l < 32; l++) {
            lanes[l] = switch (r.bank()) {
                case WORD -> Integer.toUnsignedLong(w.words[r.slot() * 32 + l]);
                case WIDE -> w.wides[r.slot() * 32 + l];
                case PREDICATE -> w.predicates[r.slot()] >>> l & 1;
            };
        }
        return lanes;
    }

    private void touch(Warp w, Operand.Address operand) {
        long[] address = switch (operand.base()) {
            case Operand.Reg(Register r, boolean _) -> read(w, r);
            case Operand.Symbol(var variable, long offset) -> {
                long[] same = new long[32];
                java.util.Arrays.fill(same, w.block.addressOf(variable) + offset);
                yield same;
            }
            default -> null;
        };
        if (address == null) return;
        for (int l = 0; l < 32; l++) address[l] += operand.offset();
        touched.add(new Touch(w.instruction().space().text(), address, bytes(w.instruction())));
    }

    // Bytes per lane of a plain load or store; 16 for the rows of matrix loads; 0 where the instruction itself says (bulk copies).
    private static int bytes(Instruction i) {
        return switch (i.opcode()) {
            case "ld", "st", "ldu", "atom", "red" -> i.types().isEmpty() ? 0
                    : Math.max(1, i.types().getLast().bits() / 8) * (i.has("v4") ? 4 : i.has("v2") ? 2 : 1);
            case "ldmatrix", "stmatrix" -> 16;
            case "mbarrier" -> 8;
            default -> 0;
        };
    }
}
