package lucid.kernels.reference;

import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.check.ElementwiseArguments;
import lucid.kernels.contract.operand.Matrix;

/// Between storage types. See [Conversion].
public final class ReferenceConversion implements Conversion {
    @Override public void convert(Matrix x, Matrix y) {
        ElementwiseArguments.convert(x, y);
        Values.write(Values.read(x), y);
    }
}
