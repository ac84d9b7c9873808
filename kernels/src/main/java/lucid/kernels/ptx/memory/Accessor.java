package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.text.syntax.Instruction;

/// Who accesses memory: a warp at its current instruction.
public interface Accessor {
    /// What this warp knows of the others' past; the same object for the warp's whole life.
    Clock clock();

    /// The instruction that is being executed.
    Instruction instruction();

    /// Its index.
    default int at() {
        return instruction().index();
    }

    /// The instruction of the same entry with that index: earlier accesses are remembered by index.
    Instruction instructionAt(int index);

    /// The module's name, for messages.
    String file();

    /// Where findings go.
    Findings findings();

    /// Where requests, sectors and bank conflicts are counted.
    Traffic traffic();

    /// The place of a lane (or, with -1, of the whole warp) at the current instruction.
    default Finding.Site site(int lane) {
        return new Finding.Site(file(), instruction(), clock().block(), clock().warp(), lane);
    }
}
