package lucid.kernels.math;

/// Philox 4x32-10: a counter-based generator. The same (key, counter) gives the same four words everywhere and always, so randomness needs no
/// state and no order. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public final class Philox {
    private static final int M0 = 0xD2511F53;
    private static final int M1 = 0xCD9E8D57;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;

    private Philox() {}

    /// Ten rounds of a counter of four words, c0 to c3.
    ///
    /// @param key low word first
    /// @param out receives four words
    public static void words(long key, int c0, int c1, int c2, int c3, int[] out) { words(10, key, c0, c1, c2, c3, out); }

    static void words(int rounds, long key, int c0, int c1, int c2, int c3, int[] out) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int r = 0; r < rounds; r++) {
            if (r > 0) {
                k0 += W0;
                k1 += W1;
            }
            long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c0 = n0;
            c1 = (int) p1;
            c2 = n2;
            c3 = (int) p0;
        }
        out[0] = c0;
        out[1] = c1;
        out[2] = c2;
        out[3] = c3;
    }

    /// The first word alone.
    public static int word(long key, int c0, int c1, int c2, int c3) {
        int[] out = new int[4];
        words(key, c0, c1, c2, c3, out);
        return out[0];
    }

    /// A number in [0, 1) from the upper 24 bits of a word: exact in f32.
    public static float uniform(int word) { return (word >>> 8) * 0x1p-24f; }

    /// [#uniform] to draw from a distribution: 2^-25 instead of 0, for which the first weight would be taken that is not 0, however small.
    public static float drawing(int word) { return Math.max(uniform(word), 0x1p-25f); }

    /// Packs a run's seed and a purpose into a key, so that different uses of one seed never share a stream.
    public static long key(long seed, int purpose) {
        int[] out = new int[4];
        words(seed, purpose, 0x4C756369, 0, 0, out);
        return (out[0] & 0xFFFFFFFFL) | (long) out[1] << 32;
    }
}
