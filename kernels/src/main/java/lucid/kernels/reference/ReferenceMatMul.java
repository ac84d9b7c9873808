package lucid.kernels.reference;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// See [MatMul].
public final class ReferenceMatMul implements MatMul {
    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) { throw new IllegalStateException("reference MatMul.multiply is not built yet"); }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) { throw new IllegalStateException("reference MatMul.multiplyContinue is not built yet"); }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) { throw new IllegalStateException("reference MatMul.gradWeight is not built yet"); }
}
