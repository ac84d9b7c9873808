package lucid.kernels.ptx.check;

import lucid.kernels.ptx.text.syntax.Instruction;

/// One thing that is wrong with a run.
///
/// @param kind what
/// @param at where the program was
/// @param address the address concerned, or -1
/// @param value the value concerned as raw bits, or 0
/// @param message what was found, what was wanted, what to do
/// @param earlier the access that it collides with, or null
/// @param count how often the same kind came at the same instruction
public record Finding(Kind kind, Site at, long address, long value, String message, Site earlier, long count) {

    /// A place in a run.
    ///
    /// @param file the module's name
    /// @param instruction the instruction
    /// @param block linear index of the block in the grid
    /// @param warp index of the warp in the block
    /// @param lane 0..31, or -1 for the whole warp
    public record Site(String file, Instruction instruction, int block, int warp, int lane) {
        @Override
        public String toString() {
            String source = instruction.source() == 0 ? "" : " (template line " + instruction.source() + ")";
            return file + ":" + instruction.line() + source + ": " + instruction.text() + "; block " + block + ", warp " + warp
                    + (lane < 0 ? "" : ", lane " + lane);
        }
    }

    @Override
    public String toString() {
        var text = new StringBuilder(kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ')).append(" at ").append(at);
        if (address != -1) {
            text.append(", address 0x").append(Long.toHexString(address));
        }
        text.append(": ").append(message);
        if (earlier != null) {
            text.append("; earlier access: ").append(earlier);
        }
        return count > 1 ? text + " (" + count + " times)" : text.toString();
    }
}
