package lucid.kernels.reference;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;

/// See [Elementwise].
public final class ReferenceElementwise implements Elementwise {
    @Override public void fill(Matrix y, float value) { throw new IllegalStateException("reference Elementwise.fill is not built yet"); }

    @Override public void copy(Matrix x, Matrix y) { throw new IllegalStateException("reference Elementwise.copy is not built yet"); }

    @Override public void binary(Binary op, Matrix a, Matrix b, Matrix y) { throw new IllegalStateException("reference Elementwise.binary is not built yet"); }

    @Override public void addScaled(float alpha, Matrix x, Matrix y) { throw new IllegalStateException("reference Elementwise.addScaled is not built yet"); }

    @Override public void scale(float alpha, Matrix x, Matrix y) { throw new IllegalStateException("reference Elementwise.scale is not built yet"); }

    @Override public void unary(Unary op, Matrix x, Matrix y) { throw new IllegalStateException("reference Elementwise.unary is not built yet"); }

    @Override public void unaryBackward(Unary op, Matrix x, Matrix dy, Accumulate mode, Matrix dx) { throw new IllegalStateException("reference Elementwise.unaryBackward is not built yet"); }

    @Override public void swiGlu(Matrix gate, Matrix up, Matrix y) { throw new IllegalStateException("reference Elementwise.swiGlu is not built yet"); }

    @Override public void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Accumulate mode, Matrix dGate, Matrix dUp) { throw new IllegalStateException("reference Elementwise.swiGluBackward is not built yet"); }
}
