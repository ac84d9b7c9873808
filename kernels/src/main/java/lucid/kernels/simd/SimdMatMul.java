package lucid.kernels.simd;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// See [MatMul].
public final class SimdMatMul implements MatMul {
    public SimdMatMul(Workers workers) {}

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) { throw new IllegalStateException("simd MatMul.multiply is not built yet"); }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) { throw new IllegalStateException("simd MatMul.multiplyContinue is not built yet"); }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) { throw new IllegalStateException("simd MatMul.gradWeight is not built yet"); }
}
