package lucid.kernels.contract;

import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// RMSNorm and LayerNorm over rows, forward and backward. Row sums in the order of [Reduce]; parameter gradients in the order of [RowGroups]. All
/// f32. Outputs lie apart from inputs and from each other, but y may be x, and dx may be x or dy.
public interface Normalization {
    /// `rstd = 1/√(mean(x²) + eps)`, `y = (x · rstd) · weight`. Zhang & Sennrich 2019, as in Qwen2.
    ///
    /// @param weight [1, cols]
    /// @param rstd   [rows, 1], kept for the backward
    void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd);

    /// `dx (+)= rstd · (w·dy - x̂ · mean(w·dy·x̂))` with `x̂ = x·rstd`; `dWeight += Σ_rows dy · x̂` by groups (null: not wanted).
    void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx, Matrix dWeight);

    /// `mean`, `rstd = 1/√(mean((x-mean)²) + eps)` (biased variance, two passes), `y = ((x - mean) · rstd) · weight + bias`.
    void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd);

    /// `dx (+)= rstd · (g - mean(g) - x̂ · mean(g·x̂))`, `g = w·dy`; `dWeight += Σ dy·x̂`, `dBias += Σ dy` by groups (null: not wanted).
    void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
                           Matrix dWeight, Matrix dBias);
}
