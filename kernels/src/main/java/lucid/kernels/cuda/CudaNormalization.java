package lucid.kernels.cuda;

import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.Kernels;

/// [Normalization] on a GPU: half a warp, or a block, to a row; the parameters' gradients are [ColumnChains].
public final class CudaNormalization implements Normalization {
    /// Rows from here on have blocks of their own: two columns for each thread.
    private static final int WIDE = 256;
    /// Dynamic shared memory that needs no permission, less what the kernels hold themselves.
    private static final int SHARED = 48 * 1024 - 64;

    private final Kernels kernels;
    private final ColumnChains columns;

    public CudaNormalization(Kernels kernels) {
        this.kernels = kernels;
        this.columns = new ColumnChains(kernels);
    }

    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) {
        Arguments.rmsNorm("normalization.rmsNorm", x, weight, y, rstd);
        launch("normalization_rms", 1, x, call -> call.view(x).address(weight).view(y).view(rstd).f32(eps));
    }

    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
            Matrix dWeight) {
        Arguments.rmsNormBackward("normalization.rmsNorm backward", x, weight, rstd, dy, groups, dx, dWeight);
        if (dWeight != null) columns.normalized(dy, x, null, rstd, groups, dWeight);
        launch("normalization_rms_backward", 3, x, call -> call.view(x).address(weight).view(rstd).view(dy).view(dx).u32(add(mode)));
    }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) {
        Arguments.layerNorm("normalization.layerNorm", x, weight, bias, y, mean, rstd);
        launch("normalization_layer", 1, x, call -> call.view(x).address(weight).address(bias).view(y).view(mean).view(rstd).f32(eps));
    }

    /// The parameters' gradients first: dx may be the same memory as x or dy.
    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups,
            Accumulate mode, Matrix dx,
                                            Matrix dWeight, Matrix dBias) {
        Arguments.layerNormBackward("normalization.layerNorm backward", x, weight, mean, rstd, dy, groups, dx, dWeight, dBias);
        if (dBias != null) columns.sums(dy, groups, dBias);
        if (dWeight != null) columns.normalized(dy, x, mean, rstd, groups, dWeight);
        launch("normalization_layer_backward", 3, x, call -> call.view(x).address(weight).view(mean).view(rstd).view(dy).view(dx).u32(add(mode)));
    }

    private interface Operands {
        Kernels.Launching give(Kernels.Launching call);
    }

    /// A block per row where rows are long and `arrays` of them fit the shared memory that every launch may have; otherwise half a warp per row. The
    /// bits are the same.
    private void launch(String kernel, int arrays, Matrix x, Operands arguments) {
        if (x.rows() == 0) return;
        int n = x.cols();
        long shared = arrays * ((n + 3L) / 4) * 16;
        if (n < WIDE || shared > SHARED) CudaReduce.launch(arguments.give(kernels.call(kernel + "_f32_sm80")), x);
        else arguments.give(kernels.call(kernel + "_wide_f32_sm80")).u32(n).launch(x.rows(), 1, 1, 128, (int) shared);
    }

    private static int add(Accumulate mode) { return mode == Accumulate.ADD ? 1 : 0; }
}
