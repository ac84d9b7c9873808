package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Arguments;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.RowGroups;

/// [Normalization] on a GPU: half a warp to a row; the parameters' gradients are [ColumnChains].
public final class CudaNormalization implements Normalization {
    private final Kernels kernels;
    private final ColumnChains columns;

    public CudaNormalization(Kernels kernels) {
        this.kernels = kernels;
        this.columns = new ColumnChains(kernels);
    }

    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) {
        String operation = "normalization.rmsNorm";
        Arguments.norm(operation, x, weight, y, rstd);
        checkPerRow(operation, "rstd", rstd, x, y);
        CudaReduce.launch(kernels.call("normalization_rms_f32_sm80").view(x).address(weight).view(y).view(rstd).f32(eps), x);
    }

    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx, Matrix dWeight) {
        Arguments.normBackward("normalization.rmsNorm backward", x, weight, rstd, dy, groups, dx, dWeight, null);
        if (dWeight != null) columns.normalized(dy, x, null, rstd, groups, dWeight);
        CudaReduce.launch(kernels.call("normalization_rms_backward_f32_sm80").view(x).address(weight).view(rstd).view(dy).view(dx).u32(add(mode)), x);
    }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) {
        String operation = "normalization.layerNorm";
        Arguments.norm(operation, x, weight, y, rstd);
        Checks.shape(operation, "bias", bias, 1, x.cols(), F32);
        checkPerRow(operation, "mean", mean, x, y);
        checkPerRow(operation, "rstd", rstd, x, y);
        CudaReduce.launch(kernels.call("normalization_layer_f32_sm80").view(x).address(weight).address(bias).view(y).view(mean).view(rstd).f32(eps), x);
    }

    /// The parameters' gradients first: dx may be the same memory as x or dy.
    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
                                            Matrix dWeight, Matrix dBias) {
        String operation = "normalization.layerNorm backward";
        Arguments.normBackward(operation, x, weight, rstd, dy, groups, dx, dWeight, dBias);
        Checks.shape(operation, "mean", mean, x.rows(), 1, F32);
        if (dBias != null) columns.sums(dy, groups, dBias);
        if (dWeight != null) columns.normalized(dy, x, mean, rstd, groups, dWeight);
        CudaReduce.launch(kernels.call("normalization_layer_backward_f32_sm80").view(x).address(weight).view(mean).view(rstd).view(dy).view(dx).u32(add(mode)), x);
    }

    private static int add(Accumulate mode) { return mode == Accumulate.ADD ? 1 : 0; }

    /// What the outputs of a row must not lie upon, beyond what [Arguments] demands.
    private static void checkPerRow(String operation, String name, Matrix m, Matrix x, Matrix y) {
        Checks.shape(operation, name, m, x.rows(), 1, F32);
        Checks.apart(operation, name, m, "x", x);
        Checks.apart(operation, name, m, "y", y);
    }
}
