package lucid.kernels.simd;

/// One thread's working memory for attention; arrays only grow, so a steady state allocates nothing. Rows of heads are padded to a multiple of 16.
final class AttentionScratch {
    private static final float[] NONE = {};

    /// Queries, outputs (or dOut), query gradients: [rows][padded].
    float[] q = NONE, o = NONE, dq = NONE;
    /// Queries and dOut again, in panels: [panel][rows][32].
    float[] qp = NONE, op = NONE;
    /// Keys and values in panels: [block][panel][32 keys][32].
    float[] k = NONE, v = NONE;
    /// Gradients of keys and values: [keys][padded].
    float[] dk = NONE, dv = NONE;
    /// Transposed key and value blocks: [block][dims][32].
    float[] kt = NONE, vt = NONE;
    /// Scores or probabilities, and their gradients: [rows][32].
    float[] s = NONE, ds = NONE;
    /// Per row: running maximum (or log-sum-exp), 16 lanes of the running sum, δ.
    float[] m = NONE, l = NONE, delta = NONE;
    /// Per row of a tile: the new maximum, and what the old sums shrink by.
    final float[] peak = new float[16], shrink = new float[16];
    /// For [Transpose].
    final int[] squares = new int[Transpose.SCRATCH];
    private final NativeScratch joined = new NativeScratch();
    /// Per row: keys it sees, or the end of its columns in a block.
    int[] visible = {};
    /// Which key blocks the current unit has packed.
    boolean[] packed = {};

    /// Rows of undefined contents, valid until the next call.
    AttentionRows rows(int rows, int cols) { return AttentionRows.of(joined.matrix(rows, cols)); }

    static float[] atLeast(float[] array, long length) {
        if (array.length >= length) return array;
        return new float[Math.toIntExact(length + length / 4)];
    }

    /// The fixed tree over 16 virtual lanes; destroys them.
    static float tree(float[] lanes, int at) {
        for (int width = 8; width > 0; width >>= 1) {
            for (int i = 0; i < width; i++) lanes[at + i] += lanes[at + i + width];
        }
        return lanes[at];
    }
}
