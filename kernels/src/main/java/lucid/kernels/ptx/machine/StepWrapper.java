package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.text.syntax.Instruction;

/// Puts checks around decoded steps at load: an instruction that a check does not concern keeps its bare step and costs nothing.
@FunctionalInterface
public interface StepWrapper {
    /// The step to run in the place of `step`; `step` itself when there is nothing to check.
    Step wrap(Instruction instruction, Step step);
}
