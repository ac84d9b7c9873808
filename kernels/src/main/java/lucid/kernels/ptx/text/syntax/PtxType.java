package lucid.kernels.ptx.text.syntax;

import java.util.Locale;
import java.util.Optional;

/// A fundamental or alternate type of PTX (PTX ISA, "Types"), as it follows a dot in a directive or an instruction.
public enum PtxType {
    PRED(Kind.PREDICATE, 1),
    B8(Kind.BITS, 8), B16(Kind.BITS, 16), B32(Kind.BITS, 32), B64(Kind.BITS, 64), B128(Kind.BITS, 128),
    U8(Kind.UNSIGNED, 8), U16(Kind.UNSIGNED, 16), U32(Kind.UNSIGNED, 32), U64(Kind.UNSIGNED, 64),
    S8(Kind.SIGNED, 8), S16(Kind.SIGNED, 16), S32(Kind.SIGNED, 32), S64(Kind.SIGNED, 64),
    U16X2(Kind.UNSIGNED, 32), S16X2(Kind.SIGNED, 32),
    F16(Kind.FLOAT, 16), F16X2(Kind.FLOAT, 32), BF16(Kind.FLOAT, 16), BF16X2(Kind.FLOAT, 32), TF32(Kind.FLOAT, 32),
    F32(Kind.FLOAT, 32), F64(Kind.FLOAT, 64), E4M3(Kind.FLOAT, 8), E5M2(Kind.FLOAT, 8), E4M3X2(Kind.FLOAT, 16), E5M2X2(Kind.FLOAT, 16),
    B1(Kind.BITS, 1), U4(Kind.UNSIGNED, 4), S4(Kind.SIGNED, 4);

    /// How the bits are read.
    public enum Kind { PREDICATE, BITS, UNSIGNED, SIGNED, FLOAT }

    private final Kind kind;
    private final int bits;

    PtxType(Kind kind, int bits) {
        this.kind = kind;
        this.bits = bits;
    }

    public Kind kind() {
        return kind;
    }

    /// Width in bits; 1 for a predicate.
    public int bits() {
        return bits;
    }

    /// Width in bytes of a value in memory.
    ///
    /// @throws IllegalStateException for types narrower than a byte: they have no address
    public int bytes() {
        if (bits < 8) {
            throw new IllegalStateException("." + text() + " has no size in memory");
        }
        return bits / 8;
    }

    /// Whether it is a signed integer; floating types are not.
    public boolean signed() {
        return kind == Kind.SIGNED;
    }

    public boolean floating() {
        return kind == Kind.FLOAT;
    }

    /// The spelling in PTX, without the dot.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The type that `text` (without the dot) spells; empty when it spells none.
    public static Optional<PtxType> of(String text) {
        for (PtxType type : values()) {
            if (type.text().equals(text)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
