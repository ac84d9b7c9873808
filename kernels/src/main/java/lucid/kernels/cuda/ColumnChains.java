package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// Sums down the columns in the order of [RowGroups]: a chain for every group that has rows and every column, side by side; then the groups are added
/// to the gradient in order.
final class ColumnChains {
    /// Groups of one launch: what a grid may have in y.
    private static final int MOST_GROUPS = 65535;

    private final Kernels kernels;

    ColumnChains(Kernels kernels) { this.kernels = kernels; }

    /// `y[c] += Σ_r x[r, c]`.
    void sums(Matrix x, RowGroups groups, Matrix y) {
        run(groups, y, call -> call.view(x), "reduce_columns_f32_sm80");
    }

    /// `y[c] += Σ_r dy[r, c] · x̂[r, c]`, `x̂ = (x - mean) · rstd`; mean null: 0.
    void normalized(Matrix dy, Matrix x, Matrix mean, Matrix rstd, RowGroups groups, Matrix y) {
        run(groups, y, call -> call.view(x).view(dy).viewOrNull(mean).view(rstd), "normalization_weight_gradient_f32_sm80");
    }

    private interface Operands {
        Kernels.Launching give(Kernels.Launching call);
    }

    private void run(RowGroups groups, Matrix y, Operands operands, String kernel) {
        int cols = y.cols();
        int[] starts = groups.starts();
        int chained = starts.length - 1;
        if (cols == 0 || chained == 0) return;
        try (CudaBuffer offsets = kernels.table(starts); CudaBuffer chains = kernels.scratch(F32, (long) Math.min(chained, MOST_GROUPS) * cols)) {
            for (int from = 0; from < chained; from += MOST_GROUPS) {
                int count = Math.min(MOST_GROUPS, chained - from);
                operands.give(kernels.call(kernel)).u64(offsets.address() + 4L * from).buffer(chains).u32(cols)
                        .launch((cols + 31L) / 32, count, 1, 256, 0);
                kernels.call("reduce_column_groups_f32_sm80").buffer(chains).address(y).u32(count).u32(cols).launch((cols + 255L) / 256, 256);
            }
        }
    }
}
