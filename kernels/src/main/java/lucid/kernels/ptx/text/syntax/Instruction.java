package lucid.kernels.ptx.text.syntax;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One instruction.
///
/// @param index its number in the entry, from 0: the program counter
/// @param line its line in the file, from 1
/// @param guard the predicate before it, or null
/// @param opcode the word before the first dot: `cp`, `mma`, `ld`
/// @param modifiers the words after it in order, without dots; `::` stays inside a word: `async`, `shared::cluster`, `mbarrier::complete_tx::bytes`
/// @param operands in order
/// @param text the source text without guard, comments and the semicolon, blanks folded
/// @param source number of the template's line (`// @src N` on the same line or the nearest above within the entry), or 0
public record Instruction(int index, int line, Guard guard, String opcode, List<String> modifiers, List<Operand> operands, String text, int source) {

    /// `@p` or `@!p`.
    public record Guard(Register predicate, boolean negated) {}

    /// Whether it carries the modifier, written without its dot, at any place.
    public boolean has(String modifier) {
        return modifiers.contains(modifier);
    }

    /// Opcode with all modifiers, as written: `cp.async.ca.shared.global`.
    public String form() {
        return modifiers.isEmpty() ? opcode : opcode + "." + String.join(".", modifiers);
    }

    /// The modifiers that are types, in order: for `cvt.rn.bf16x2.f32` `[BF16X2, F32]`.
    public List<PtxType> types() {
        var types = new ArrayList<PtxType>();
        for (String modifier : modifiers) {
            PtxType.of(modifier).ifPresent(types::add);
        }
        return types;
    }

    /// The state space named by the modifiers, [Space#GENERIC] when none is.
    public Space space() {
        return modifiers.stream().map(Space::of).flatMap(Optional::stream).findFirst().orElse(Space.GENERIC);
    }
}
