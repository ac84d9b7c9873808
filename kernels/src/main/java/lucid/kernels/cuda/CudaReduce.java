package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Reduce] on a GPU: half a warp to a row, a thread for each of the contract's 16 lanes.
public final class CudaReduce implements Reduce {
    /// Columns of a piece in [#addSumOfSquares] and [#addFingerprint].
    private static final int PIECE = 4096;

    private final Kernels kernels;
    private final ColumnChains columns;

    public CudaReduce(Kernels kernels) {
        this.kernels = kernels;
        this.columns = new ColumnChains(kernels);
    }

    @Override public void rowSum(Matrix x, Matrix y) {
        Arguments.rows("reduce.rowSum", x, y);
        launch(kernels.call("reduce_row_sum_f32_sm80").view(x).view(y), x);
    }

    @Override public void rowMax(Matrix x, Matrix y) {
        Arguments.rows("reduce.rowMax", x, y);
        launch(kernels.call("reduce_row_max_f32_sm80").view(x).view(y), x);
    }

    @Override public void rowDot(Matrix a, Matrix b, Matrix y) {
        Arguments.rowDot(a, b, y);
        launch(kernels.call("reduce_row_dot_f32_sm80").view(a).view(b).view(y), a);
    }

    /// Gives the last two parameters of a kernel that takes 16 rows to a block, and launches it.
    static void launch(Kernels.Launching call, Matrix shape) {
        if (shape.rows() > 0) call.u32(shape.rows()).u32(shape.cols()).launch((shape.rows() + 15L) / 16, 256);
    }

    @Override public void columnSums(Matrix x, RowGroups groups, Matrix y) {
        Arguments.columnSums(x, groups, y);
        columns.sums(x, groups, y);
    }

    @Override public void addSumOfSquares(Matrix x, Matrix y) {
        Arguments.addSumOfSquares(x, y);
        int perRow = pieces(x);
        int pieces = Math.multiplyExact(x.rows(), perRow);
        try (CudaBuffer sums = kernels.scratch(F32, pieces)) {
            if (pieces > 0)
                kernels.call("reduce_squares_f32_sm80").view(x).buffer(sums).u32(perRow).u32(x.rows()).u32(x.cols()).launch((pieces + 15L) / 16, 256);
            kernels.call("reduce_in_order_f32_sm80").buffer(sums).u32(pieces).address(y).launch(1, 256);
        }
    }

    @Override public void addFingerprint(Matrix x, Matrix y) {
        Arguments.addFingerprint(x, y);
        if (x.size() == 0) return;
        boolean asOneRow = x.isDense() && x.size() <= Integer.MAX_VALUE;
        Matrix flat = asOneRow ? new Matrix(x.buffer(), x.offset(), 1, (int) x.size(), x.size()) : x;
        int perRow = pieces(flat);
        int pieces = Math.multiplyExact(flat.rows(), perRow);
        kernels.call("reduce_fingerprint_f32_sm80").view(flat).address(y).u32(perRow).u32(flat.rows()).u32(flat.cols())
                .launch((pieces + 15L) / 16, 256);
    }

    private static int pieces(Matrix x) { return (int) ((x.cols() + (long) PIECE - 1) / PIECE); }

    @Override public void softmax(Matrix x, Matrix y) {
        Arguments.softmax(x, y);
        if (x.cols() > 0) launch(kernels.call("reduce_softmax_f32_sm80").view(x).view(y), x);
    }

    @Override public void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx) {
        Arguments.softmaxBackward(y, dy, dx);
        if (y.cols() > 0) launch(kernels.call("reduce_softmax_backward_f32_sm80").view(y).view(dy).view(dx).u32(mode == Accumulate.ADD ? 1 : 0), y);
    }
}
