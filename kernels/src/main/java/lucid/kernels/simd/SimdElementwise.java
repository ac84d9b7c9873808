package lucid.kernels.simd;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;

/// See [Elementwise].
public final class SimdElementwise implements Elementwise {
    public SimdElementwise(Workers workers) {}

    @Override public void fill(Matrix y, float value) { throw new IllegalStateException("simd Elementwise.fill is not built yet"); }

    @Override public void copy(Matrix x, Matrix y) { throw new IllegalStateException("simd Elementwise.copy is not built yet"); }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) { throw new IllegalStateException("simd Elementwise.binary is not built yet"); }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) { throw new IllegalStateException("simd Elementwise.addScaled is not built yet"); }

    @Override public void scale(float alpha, Matrix x, Matrix y) { throw new IllegalStateException("simd Elementwise.scale is not built yet"); }

    @Override public void unary(Unary op, Matrix x, Matrix y) { throw new IllegalStateException("simd Elementwise.unary is not built yet"); }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) { throw new IllegalStateException("simd Elementwise.unaryBackward is not built yet"); }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) { throw new IllegalStateException("simd Elementwise.swiGlu is not built yet"); }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) { throw new IllegalStateException("simd Elementwise.swiGluBackward is not built yet"); }
}
