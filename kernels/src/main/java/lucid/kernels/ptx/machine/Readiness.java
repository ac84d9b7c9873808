package lucid.kernels.ptx.machine;

import java.util.List;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.decoding.Effects;
import lucid.kernels.ptx.machine.decoding.Initialisation;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.Register;

/// Checks, lane by lane, the reads of registers that [Initialisation] could not prove, and records the writes of the registers concerned.
final class Readiness {
    private Readiness() {}

    /// The step with its checks; the step itself when there is nothing to check.
    static Step wrap(Step step, Instruction instruction, Initialisation known) {
        int i = instruction.index();
        Effects effects = known.effects(i);
        Register[] reads = unproven(effects.reads(), i, known);
        Register[] accumulators = unproven(effects.accumulators(), i, known);
        int[] readNumbers = numbers(List.of(reads), known);
        int[] accumulatorNumbers = numbers(List.of(accumulators), known);
        int[] writes = numbers(effects.writes().stream().filter(known::watched).toList(), known);
        if (reads.length == 0 && accumulators.length == 0 && writes.length == 0) {
            return step;
        }
        Operand.Reg scale = effects.scale();
        Carrier carrier = carrier(instruction, effects, known);
        return (warp, mask) -> {
            check(warp, mask, reads, readNumbers);
            if (accumulatorNumbers.length != 0) {
                check(warp, scale == null ? mask : mask & value(warp, scale), accumulators, accumulatorNumbers);
            }
            int written = carrier.written(warp, mask);
            int result = step.run(warp, mask);
            if (result != Step.WAIT) {
                for (int number : writes) {
                    warp.ready[number] = warp.ready[number] & ~mask | written;
                }
            }
            return result;
        };
    }

    /// A guard whose predicate may be unwritten, before it is applied to `mask`.
    static void guard(Warp warp, int mask, int slot, Program program) {
        int number = program.entry.words() + program.entry.wides() + slot;
        int missing = mask & ~warp.ready[number];
        if (missing != 0) {
            report(warp, missing, warp.instruction().guard().predicate(), number);
        }
    }

    /// Which lanes of the destination have a value once the instruction has run for `mask`: all of them, unless it only copies.
    @FunctionalInterface
    private interface Carrier {
        int written(Warp warp, int mask);
    }

    private static Carrier carrier(Instruction instruction, Effects effects, Initialisation known) {
        if (effects.copies().stream().noneMatch(r -> known.unproven(instruction.index(), r))) {
            return (_, mask) -> mask;
        }
        if (effects.chooser() == null) {
            int source = known.number(effects.copies().getFirst());
            return (warp, mask) -> mask & warp.ready[source];
        }
        int whenTrue = choice(instruction, 1, known);
        int whenFalse = choice(instruction, 2, known);
        return (warp, mask) -> {
            int chosen = value(warp, effects.chooser());
            int a = whenTrue < 0 ? -1 : warp.ready[whenTrue];
            int b = whenFalse < 0 ? -1 : warp.ready[whenFalse];
            return mask & (chosen & a | ~chosen & b);
        };
    }

    /// The number of a source that may be unwritten, -1 when it surely has a value.
    private static int choice(Instruction instruction, int operand, Initialisation known) {
        return instruction.operands().get(operand) instanceof Operand.Reg(Register register, boolean _)
                && known.unproven(instruction.index(), register)
                ? known.number(register) : -1;
    }

    private static int value(Warp warp, Operand.Reg predicate) {
        int lanes = warp.predicates[predicate.register().slot()];
        return predicate.negated() ? ~lanes : lanes;
    }

    private static void check(Warp warp, int mask, Register[] registers, int[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            int missing = mask & ~warp.ready[numbers[i]];
            if (missing != 0) {
                report(warp, missing, registers[i], numbers[i]);
            }
        }
    }

    private static void report(Warp warp, int missing, Register register, int number) {
        warp.finding(Kind.UNINITIALISED_REGISTER, Integer.numberOfTrailingZeros(missing), "register " + register.name() + " is read by "
                + Integer.bitCount(missing)
                + " lane(s) that never wrote it; write it on every path that leads here");
        warp.ready[number] |= missing;
    }

    private static Register[] unproven(List<Register> registers, int instruction, Initialisation known) {
        return registers.stream().filter(r -> known.unproven(instruction, r)).distinct().toArray(Register[]::new);
    }

    private static int[] numbers(List<Register> registers, Initialisation known) {
        return registers.stream().mapToInt(known::number).distinct().toArray();
    }
}
