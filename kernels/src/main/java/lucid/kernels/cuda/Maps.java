package lucid.kernels.cuda;

import java.util.Arrays;
import java.util.function.Consumer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.launch.Kernels;

/// Launches of kernels that map over elements, four columns to a thread: dense views are one long row, and a launch has no more threads than 31 bits
/// count.
final class Maps {
    private static final int THREADS = 256;
    private static final long MOST_QUADS = (1L << 31) - THREADS;

    private Maps() {}

    /// Calls `launch` with pieces that cover the views, which all have one shape; never when they are empty.
    static void over(Consumer<Matrix[]> launch, Matrix... views) {
        Matrix shape = views[0];
        if (shape.size() == 0) return;
        // I64 is copied as pairs of words, so one row has at most half of what an int counts.
        if (shape.size() <= Integer.MAX_VALUE / 2 && Arrays.stream(views).allMatch(Matrix::isDense)) {
            launch.accept(Arrays.stream(views).map(Maps::flat).toArray(Matrix[]::new));
            return;
        }
        rows(shape, (from, to) -> launch.accept(Arrays.stream(views).map(v -> v.rows(from, to)).toArray(Matrix[]::new)));
    }

    interface Rows {
        void run(int from, int to);
    }

    /// Calls `launch` with ranges of rows that one launch can take.
    static void rows(Matrix shape, Rows launch) {
        if (shape.size() == 0) return;
        int most = (int) Math.max(1, Math.min(Integer.MAX_VALUE, MOST_QUADS / quads(shape.cols())));
        for (int from = 0; from < shape.rows(); from += Math.min(most, shape.rows() - from))
            launch.run(from, from + Math.min(most, shape.rows() - from));
    }

    /// A dense view as one row.
    static Matrix flat(Matrix m) {
        int size = Math.toIntExact(m.size());
        return new Matrix(m.buffer(), m.offset(), 1, size, size);
    }

    private static long quads(int cols) { return (cols + 3L) / 4; }

    /// Gives the last two parameters, rows and columns, and launches.
    static void launch(Kernels.Launching call, Matrix shape) { launch(call, shape.rows(), shape.cols()); }

    static void launch(Kernels.Launching call, int rows, int cols) {
        call.u32(rows).u32(cols).launch((rows * quads(cols) + THREADS - 1) / THREADS, THREADS);
    }
}
