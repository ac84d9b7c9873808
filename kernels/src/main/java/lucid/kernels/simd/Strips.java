package lucid.kernels.simd;

import lucid.kernels.contract.Matrix;

/// Cuts element-wise work into strips: pieces of a row, or, where all matrices are dense, of the whole as one long row.
final class Strips {
    /// Elements of a strip: 16 KB of each operand, so that three operands fit the first-level cache.
    private static final int LENGTH = 4096;
    /// Below this many elements a second thread costs more than it brings.
    static final int PARALLEL = 16_384;

    @FunctionalInterface
    interface Body {
        /// Elements `col .. col + n` of a row.
        void run(long row, long col, int n, int thread);
    }

    private Strips() {}

    static void run(Workers workers, int rows, int cols, boolean dense, Body body) {
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
    static int grain(int cols) { return Math.max(1, PARALLEL / Math.max(1, cols)); }

    /// Byte offset of element (row, col) in the matrix's segment.
    static long at(Matrix m, long row, long col) { return (m.offset() + row * m.stride() + col) * m.dtype().bytes(); }
}
