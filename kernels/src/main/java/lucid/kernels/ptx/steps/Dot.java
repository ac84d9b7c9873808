package lucid.kernels.ptx.steps;

/// Dot products of the small integers inside a word.
final class Dot {
    private Dot() {}

    static int four(int a, boolean signedA, int b, boolean signedB, int c) {
        int sum = c;
        for (int shift = 0; shift < 32; shift += 8) {
            sum += octet(a >>> shift, signedA) * octet(b >>> shift, signedB);
        }
        return sum;
    }

    static int two(int a, boolean signedA, int b, boolean signedB, int c) {
        int low = signedA ? (short) a : a & 0xffff;
        int high = signedA ? a >> 16 : a >>> 16;
        return c + low * octet(b, signedB) + high * octet(b >>> 8, signedB);
    }

    private static int octet(int a, boolean signed) {
        return signed ? (byte) a : a & 0xff;
    }
}
