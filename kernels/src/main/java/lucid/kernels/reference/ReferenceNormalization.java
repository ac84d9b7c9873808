package lucid.kernels.reference;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.RowGroups;

/// See [Normalization].
public final class ReferenceNormalization implements Normalization {
    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) { throw new IllegalStateException("reference Normalization.rmsNorm is not built yet"); }

    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx, Matrix dWeight) { throw new IllegalStateException("reference Normalization.rmsNormBackward is not built yet"); }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) { throw new IllegalStateException("reference Normalization.layerNorm is not built yet"); }

    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx, Matrix dWeight, Matrix dBias) { throw new IllegalStateException("reference Normalization.layerNormBackward is not built yet"); }
}
