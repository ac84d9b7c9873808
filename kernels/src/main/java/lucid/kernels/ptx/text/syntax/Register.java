package lucid.kernels.ptx.text.syntax;

/// A declared register and where its lanes live.
///
/// @param name as declared; two scopes may declare the same name, `slot` tells them apart
/// @param type its declared type
/// @param bank which register file holds it
/// @param slot its number within the bank, from 0
public record Register(String name, PtxType type, Bank bank, int slot) {

    /// The register files of a warp. Types of 8, 16 and 32 bits live in words (unused high bits are 0), 64 bits in wides, predicates as one lane
    /// mask.
    public enum Bank { PREDICATE, WORD, WIDE }

    /// The bank of a type.
    ///
    /// @throws IllegalArgumentException for 128-bit types, which have none
    public static Bank bankOf(PtxType type) {
        if (type == PtxType.PRED) {
            return Bank.PREDICATE;
        }
        if (type.bits() > 64) {
            throw new IllegalArgumentException("a register of type ." + type.text() + " is not supported (at most 64 bits)");
        }
        return type.bits() == 64 ? Bank.WIDE : Bank.WORD;
    }
}
