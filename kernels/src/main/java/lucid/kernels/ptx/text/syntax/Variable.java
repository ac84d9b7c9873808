package lucid.kernels.ptx.text.syntax;

/// A variable in memory, or a parameter of an entry.
///
/// @param name as declared
/// @param space `GLOBAL`, `CONST`, `SHARED`, `LOCAL` or `PARAM`
/// @param type type of one element
/// @param alignment in bytes: the declared `.align`, else the type's own
/// @param bytes its size; 0 for an `.extern .shared` array, whose size the launch gives
/// @param offset for a parameter or a shared or local variable: its byte offset within the space's static part; else 0
/// @param initial initial bytes, or null when it has none
/// @param line where it is declared, from 1
public record Variable(String name, Space space, PtxType type, int alignment, long bytes, long offset, byte[] initial, int line) {

    /// True for the `extern .shared` array that a launch sizes.
    public boolean dynamic() {
        return space.isShared() && bytes == 0;
    }
}
