package lucid.kernels.ptx.tensor.form;

/// The transposition inside `movmatrix`, `ldmatrix.trans` and `stmatrix.trans`, on 8 x 8 matrices with 16-bit elements.
///
/// Lane `4 g + t` holds the elements (g, 2t) and (g, 2t + 1), low half first. Lane l of slot s is `words[32 s + l]`.
public final class MatrixMoves {
    private MatrixMoves() {}

    /// Slot d receives the transpose of slot a: lane `4 g + t` the elements (2t, g) and (2t + 1, g). The slots may be the same.
    public static void transpose(int[] words, int d, int a) {
        int[] m = new int[64];
        for (int i = 0; i < 32; i++) {
            m[2 * i] = words[32 * a + i] & 0xffff;
            m[2 * i + 1] = words[32 * a + i] >>> 16;
        }
        for (int g = 0; g < 8; g++) {
            for (int t = 0; t < 4; t++) words[32 * d + 4 * g + t] = m[16 * t + g] | m[16 * t + 8 + g] << 16;
        }
    }
}
