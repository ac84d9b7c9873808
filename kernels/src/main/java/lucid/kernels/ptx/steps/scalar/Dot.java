package lucid.kernels.ptx.steps.scalar;

/// Dot products of the small integers inside a word.
public final class Dot {
    private Dot() {}

    /// `dp4a`: c plus the products of four bytes.
    public static int four(int a, boolean signedA, int b, boolean signedB, int c) {
        int sum = c;
        for (int shift = 0; shift < 32; shift += 8) {
            sum += octet(a >>> shift, signedA) * octet(b >>> shift, signedB);
        }
        return sum;
    }

    /// `dp2a`: c plus the products of two halves of a and two bytes of b.
    public static int two(int a, boolean signedA, int b, boolean signedB, int c) {
        int low = signedA ? (short) a : a & 0xffff;
        int high = signedA ? a >> 16 : a >>> 16;
        return c + low * octet(b, signedB) + high * octet(b >>> 8, signedB);
    }

    private static int octet(int a, boolean signed) {
        return signed ? (byte) a : a & 0xff;
    }
}
