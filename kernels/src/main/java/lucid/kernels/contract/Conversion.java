package lucid.kernels.contract;

import lucid.kernels.contract.operand.Matrix;

/// Between storage types. Narrowing rounds to nearest even; NaN stays NaN; widening is exact.
public interface Conversion {
    /// `y = (dtype of y) x` for F32 <-> BF16, F32 <-> F16, U8 -> F32, I32 -> F32; same shape.
    void convert(Matrix x, Matrix y);
}
