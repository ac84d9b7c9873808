package lucid.kernels.simd.work;

import lucid.kernels.contract.operand.Matrix;

/// Cuts element-wise work into strips: pieces of a row, or, where all matrices are dense, of the whole as one long row.
public final class Strips {
    /// Elements of a strip: 16 KB of each operand, so that three operands fit the first-level cache.
    private static final int LENGTH = 4096;
    /// Below this many elements a second thread costs more than it brings.
    public static final int PARALLEL = 16_384;

    @FunctionalInterface
    public interface Body {
        /// Elements `col .. col + n` of a row.
        void run(long row, long col, int n, int thread);
    }

    private Strips() {}

    /// Runs the body over all elements of `rows` rows of `cols`, on all threads.
    public static void run(Workers workers, int rows, int cols, boolean dense, Body body) {
        if (rows == 0 || cols == 0) return;
        if (!dense) {
            workers.parallel(rows, grain(cols), (from, to, thread) -> {
                for (int r = from; r < to; r++) body.run(r, 0, cols, thread);
            });
            return;
        }
        long size = (long) rows * cols;
        int strips = Math.toIntExact((size + LENGTH - 1) / LENGTH);
        workers.parallel(strips, PARALLEL / LENGTH, (from, to, thread) -> {
            for (int s = from; s < to; s++) {
                long start = (long) s * LENGTH;
                body.run(0, start, (int) Math.min(LENGTH, size - start), thread);
            }
        });
    }

    /// Rows of `cols` elements that are worth a thread's turn.
    public static int grain(int cols) { return Math.max(1, PARALLEL / Math.max(1, cols)); }

    /// Byte offset of element (row, col) in the matrix's segment.
    public static long at(Matrix m, long row, long col) { return (m.offset() + row * m.stride() + col) * m.dtype().bytes(); }
}
