package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.Instruction;

/// Turns one instruction into a step, or refuses it with file, line and the form that it met.
@FunctionalInterface
public interface Decoder {
    /// @throws lucid.kernels.ptx.text.syntax.PtxSyntaxException naming file, line and form, if this decoder does not know it
    Step decode(Instruction instruction, Decoding context);
}
