package lucid.kernels.reference;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Rotary;

/// See [Rotary].
public final class ReferenceRotary implements Rotary {
    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) { throw new IllegalStateException("reference Rotary.table is not built yet"); }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) { throw new IllegalStateException("reference Rotary.rotate is not built yet"); }
}
