package lucid.kernels.simd;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Rotary;

/// See [Rotary].
public final class SimdRotary implements Rotary {
    public SimdRotary(Workers workers) {}

    @Override public void table(double theta, int headDim, Matrix cos, Matrix sin) { throw new IllegalStateException("simd Rotary.table is not built yet"); }

    @Override public void rotate(Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, boolean inverse, Matrix y) { throw new IllegalStateException("simd Rotary.rotate is not built yet"); }
}
