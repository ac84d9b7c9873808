package lucid.kernels.simd;

import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Matrix;

/// See [Conversion].
public final class SimdConversion implements Conversion {
    public SimdConversion(Workers workers) {}

    @Override public void convert(Matrix x, Matrix y) { throw new IllegalStateException("simd Conversion.convert is not built yet"); }
}
