package lucid.kernels.simd.attention;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.simd.matmul.GemmPanel;
import lucid.kernels.simd.matmul.GemmTile;
import lucid.kernels.simd.vector.Transpose;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// One thread's working memory for attention; arrays only grow, so a steady state allocates nothing. Rows of heads are padded to a multiple of 16.
final class AttentionScratch {
    private static final float[] NONE = {};

    /// Rows of the unit in the flat forward.
    int rows;
    /// Queries, outputs, query gradients: `[rows][padded]`; in the flat forward queries in `[dims / 32][rows][32]`, in the backward queries and dOut
    /// in strips as [GemmTile] reads its left factor.
    float[] q = NONE, o = NONE, dq = NONE;
    /// Queries and dOut again, in panels: [panel][rows][32].
    float[] qp = NONE, op = NONE;
    /// Keys and values in panels: [block][panel][32 keys][32]; in the tall forward, keys in strips as [GemmTile] reads its left factor, no values.
    float[] k = NONE, v = NONE;
    /// Gradients of keys and values: `[keys][padded]`.
    float[] dk = NONE, dv = NONE;
    /// A transposed key block: [dims][32].
    float[] kt = NONE;
    /// Scores or probabilities, and their gradients: [rows][32].
    float[] s = NONE, ds = NONE;
    /// Where in s the steps of the tall softmax find their key block.
    int block;
    /// Per row: running maximum (or log-sum-exp), 16 lanes of the running sum, δ.
    float[] m = NONE, l = NONE, delta = NONE;
    /// Per row of a tile: the new maximum, and what the old sums shrink by.
    final float[] peak = new float[16], shrink = new float[16];
    /// The tall forward's queries in panels, as [GemmTile] reads its right factor.
    final NativeScratch queries;
    Matrix queryPanels;
    /// Its values in panels: in memory of their own, because a vector from an array, which begins 16 bytes into a line, always touches two lines.
    final NativeScratch values;
    MemorySegment valuePanels;
    /// Transposed keys and values of the backward: `[block][32 / width][dims][width]`, as [GemmTile] reads its right factor.
    final NativeScratch keyBlocks, valueBlocks;
    Matrix transposedKeys, transposedValues;
    final GemmPanel panel;
    /// A tile that is narrower than a key block.
    final float[] tile = new float[GemmTile.SIZE];
    /// For [Transpose].
    final int[] squares = new int[Transpose.SCRATCH];
    private final NativeScratch joined;
    /// Per row: keys it sees, or the end of its columns in a block.
    int[] visible = {};
    /// Which key blocks the current unit has packed.
    boolean[] packed = {};

    /// Of one of these threads.
    AttentionScratch(Workers workers) {
        queries = new NativeScratch(workers);
        values = new NativeScratch(workers);
        keyBlocks = new NativeScratch(workers);
        valueBlocks = new NativeScratch(workers);
        panel = new GemmPanel(workers);
        joined = new NativeScratch(workers);
    }

    /// Rows of undefined contents, valid until the next call.
    AttentionRows rows(int rows, int cols) { return AttentionRows.of(joined.matrix(rows, cols)); }

    static float[] atLeast(float[] array, long length) {
        if (array.length >= length) return array;
        return new float[Math.toIntExact(length + length / 4)];
    }
}
