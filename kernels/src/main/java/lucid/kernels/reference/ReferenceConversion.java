package lucid.kernels.reference;

import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Matrix;

/// See [Conversion].
public final class ReferenceConversion implements Conversion {
    @Override public void convert(Matrix x, Matrix y) { throw new IllegalStateException("reference Conversion.convert is not built yet"); }
}
