package lucid.kernels.ptx.async;

import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.machine.decoding.Decoding;
import lucid.kernels.ptx.text.syntax.Instruction;
import lucid.kernels.ptx.text.syntax.Operand;
import lucid.kernels.ptx.text.syntax.PtxType;
import lucid.kernels.ptx.text.syntax.Register;
import lucid.kernels.ptx.text.syntax.Space;

/// A decoded memory operand `[base + offset]`.
///
/// @param wide whether the base is a 64-bit register
/// @param base index of lane 0 of the base in its register file
/// @param offset added to it
record Location(boolean wide, int base, long offset) {

    /// Decodes operand `i`; an address of 32 bits can name shared memory only.
    static Location of(Instruction at, Decoding context, int i, Space space) {
        if (at.operands().get(i) instanceof Operand.Address address) {
            return of(at, context, address, space);
        }
        throw context.refuse(at, "operand " + (i + 1) + " must be a memory operand [...]");
    }

    static Location of(Instruction at, Decoding context, Operand.Address address, Space space) {
        boolean narrow = address.base() instanceof Operand.Reg(Register register, _) ? register.bank() == Register.Bank.WORD : space.isShared();
        if (narrow && !space.isShared()) {
            throw context.refuse(at, "a 32-bit address register for "
                    + (space == Space.GENERIC ? "a generic address" : "." + space.text() + " memory") + "; wanted 64 bits");
        }
        int slot = narrow ? context.word(at, address.base(), PtxType.U32) : context.wide(at, address.base(), PtxType.U64);
        return new Location(!narrow, slot * 32, address.offset());
    }

    long at(Warp warp, int lane) {
        return wide ? warp.wides[base + lane] + offset : (warp.words[base + lane] & 0xffffffffL) + offset & 0xffffffffL;
    }
}
