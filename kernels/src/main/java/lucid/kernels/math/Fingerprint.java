package lucid.kernels.math;

/// The two terms of one element in [lucid.kernels.contract.Reduce#addFingerprint], for devices that go element by element, and the constants for
/// those that do not.
public final class Fingerprint {
    public static final int LOW_INDEX = 0x9E3779B9, LOW_MIX = 0x85EBCA6B;
    public static final int HIGH_INDEX = 0x85EBCA77, HIGH_MIX = 0x2C1B3C6D, HIGH_LAST = 0x297A2D39;

    private Fingerprint() {}

    /// Term of `y[0]`.
    ///
    /// @param bits  of the element
    /// @param index of the element, modulo 2^32
    public static int low(int bits, int index) {
        int h = fold(bits + index * LOW_INDEX, 16) * LOW_MIX;
        return fold(h, 13);
    }

    /// Term of `y[1]`.
    public static int high(int bits, int index) {
        int h = fold(bits ^ index * HIGH_INDEX, 15) * HIGH_MIX;
        return fold(h, 12) * HIGH_LAST;
    }

    private static int fold(int h, int shift) { return h ^ h >>> shift; }
}
