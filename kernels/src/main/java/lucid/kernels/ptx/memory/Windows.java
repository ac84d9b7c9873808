package lucid.kernels.ptx.memory;

import lucid.kernels.ptx.text.syntax.Space;

/// Where the state spaces lie among generic addresses: disjoint windows, told apart by their high bits.
///
/// Global addresses are generic addresses as they are, as on hardware. Every window lies above 4 GB, so that an address that went through 32 bits
/// points nowhere.
public final class Windows {
    public static final long GLOBAL = 0x1000_0000_0000L;
    /// Length of the global window.
    public static final long GLOBAL_BYTES = 1L << 40;
    public static final long SHARED = 0x2000_0000_0000L;
    public static final long LOCAL = 0x3000_0000_0000L;
    public static final long CONSTANT = 0x4000_0000_0000L;
    public static final long PARAMETER = 0x5000_0000_0000L;
    /// Length of every window but the global one.
    public static final long BYTES = 1L << 32;

    private Windows() {}

    /// What `cvta` adds to an address of that space.
    ///
    /// @throws IllegalArgumentException for `GENERIC`
    public static long base(Space space) {
        return switch (space) {
            case GLOBAL -> 0;
            case SHARED, SHARED_CTA, SHARED_CLUSTER -> SHARED;
            case LOCAL -> LOCAL;
            case CONST -> CONSTANT;
            case PARAM -> PARAMETER;
            case GENERIC -> throw new IllegalArgumentException("a generic address has no window of its own");
        };
    }

    /// The space that a generic address lies in, [Space#GENERIC] when in none.
    public static Space spaceOf(long generic) {
        if (generic - GLOBAL >= 0 && generic - GLOBAL < GLOBAL_BYTES) {
            return Space.GLOBAL;
        }
        return switch ((int) (generic >>> 32)) {
            case (int) (SHARED >>> 32) -> Space.SHARED;
            case (int) (LOCAL >>> 32) -> Space.LOCAL;
            case (int) (CONSTANT >>> 32) -> Space.CONST;
            case (int) (PARAMETER >>> 32) -> Space.PARAM;
            default -> Space.GENERIC;
        };
    }
}
