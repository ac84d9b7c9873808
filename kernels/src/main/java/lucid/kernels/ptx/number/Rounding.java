package lucid.kernels.ptx.number;

/// The roundings of PTX's floating-point conversions.
public enum Rounding {
    /// `.rn`: to nearest, ties to even.
    NEAREST_EVEN,
    /// `.rna`: to nearest, ties away from zero.
    NEAREST_AWAY,
    /// `.rz`: toward zero.
    ZERO,
    /// `.rm`: toward minus infinity.
    DOWN,
    /// `.rp`: toward plus infinity.
    UP;

    /// Whether a magnitude between `m` and `m + 1` (in units of the last place) goes up to `m + 1`.
    ///
    /// @param half -1, 0, 1: the rest is below, at, above one half
    /// @param exact there is no rest
    boolean awayFromZero(boolean negative, boolean odd, int half, boolean exact) {
        if (exact) return false;
        return switch (this) {
            case NEAREST_EVEN -> half > 0 || half == 0 && odd;
            case NEAREST_AWAY -> half >= 0;
            case ZERO -> false;
            case DOWN -> negative;
            case UP -> !negative;
        };
    }

    /// Whether a magnitude beyond the largest finite number becomes infinity (else it stays at the largest).
    boolean overflowsToInfinity(boolean negative) {
        return switch (this) {
            case NEAREST_EVEN, NEAREST_AWAY -> true;
            case ZERO -> false;
            case DOWN -> negative;
            case UP -> !negative;
        };
    }
}
