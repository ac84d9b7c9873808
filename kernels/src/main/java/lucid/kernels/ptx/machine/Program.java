package lucid.kernels.ptx.machine;

import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.check.Lint;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.machine.decoding.Initialisation;
import lucid.kernels.ptx.tensor.form.Accumulation;
import lucid.kernels.ptx.text.PtxModule;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Instruction;

/// A decoded entry: one step per instruction, guards, and the constants that a warp needs before it starts.
public final class Program {
    static final int UNGUARDED = -1;
    /// A guard is `slot << GUARD_SHIFT | flags`.
    static final int GUARD_SHIFT = 2;
    static final int GUARD_NEGATED = 1;
    /// The predicate of the guard may be unwritten: see [Initialisation].
    static final int GUARD_UNPROVEN = 2;

    final String file;
    final Entry entry;
    final Step[] steps;
    final int[] guards;
    final Constants constants;
    /// Sees every instruction; null for none.
    final Observer observer;
    private final List<Lint> lints;
    final int predicates;
    /// Declared registers of all banks, for [Warp#ready].
    final int registers;

    private Program(PtxModule module, Entry entry, Step[] steps, int[] guards, Decoding context, Observer observer) {
        this.observer = observer;
        this.file = module.name();
        this.entry = entry;
        this.steps = steps;
        this.guards = guards;
        this.constants = new Constants(context.constants(), context.words(), context.wides());
        this.lints = List.copyOf(context.lints());
        this.predicates = context.predicates();
        this.registers = entry.words() + entry.wides() + entry.predicates();
    }

    /// Decodes an entry.
    ///
    /// @param table decoders by opcode
    /// @throws lucid.kernels.ptx.text.syntax.PtxSyntaxException for every form that no decoder knows
    public static Program decode(PtxModule module, Entry entry, Map<String, Decoder> table) {
        return decode(module, entry, table, Accumulation.EXACT, (_, step) -> step, null);
    }

    /// Decodes an entry.
    ///
    /// @param accumulation how tensor cores add up
    /// @param checks put around steps by those who watch registers
    /// @param observer sees every instruction; null for none
    public static Program decode(PtxModule module, Entry entry, Map<String, Decoder> table, Accumulation accumulation, StepWrapper checks,
            Observer observer) {
        var context = new Decoding(module, entry, accumulation);
        var initialisation = new Initialisation(entry);
        int n = entry.instructions().size();
        var steps = new Step[n + 1];
        int[] guards = new int[n + 1];
        for (Instruction instruction : entry.instructions()) {
            Decoder decoder = table.get(instruction.opcode());
            if (decoder == null) {
                throw context.refuse(instruction, "unknown instruction '" + instruction.opcode() + "'");
            }
            Step step = Readiness.wrap(checks.wrap(instruction, decoder.decode(instruction, context)), instruction, initialisation);
            steps[instruction.index()] = observer == null ? step : observed(step, observer);
            guards[instruction.index()] = guard(instruction, initialisation);
        }
        steps[n] = (warp, mask) -> {
            warp.exit(mask);
            return Step.JUMPED;
        };
        guards[n] = UNGUARDED;
        return new Program(module, entry, steps, guards, context, observer);
    }

    public Entry entry() {
        return entry;
    }

    /// Notes about instructions that are legal but likely to surprise, in order.
    public List<Lint> lints() {
        return lints;
    }

    private static int guard(Instruction instruction, Initialisation initialisation) {
        if (instruction.guard() == null) {
            return UNGUARDED;
        }
        int flags = (instruction.guard().negated() ? GUARD_NEGATED : 0) | (initialisation.guardUnproven(instruction.index()) ? GUARD_UNPROVEN : 0);
        return instruction.guard().predicate().slot() << GUARD_SHIFT | flags;
    }

    private static Step observed(Step step, Observer observer) {
        return (warp, mask) -> {
            observer.before(warp, mask);
            int result = step.run(warp, mask);
            observer.after(warp, mask, result);
            return result;
        };
    }
}
