package lucid.kernels.simd;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.RowGroups;

/// See [Reduce].
public final class SimdReduce implements Reduce {
    public SimdReduce(Workers workers) {}

    @Override public void rowSum(Matrix x, Matrix y) { throw new IllegalStateException("simd Reduce.rowSum is not built yet"); }

    @Override public void rowMax(Matrix x, Matrix y) { throw new IllegalStateException("simd Reduce.rowMax is not built yet"); }

    @Override public void rowDot(Matrix a, Matrix b, Matrix y) { throw new IllegalStateException("simd Reduce.rowDot is not built yet"); }

    @Override public void columnSums(Matrix x, RowGroups groups, Matrix y) { throw new IllegalStateException("simd Reduce.columnSums is not built yet"); }

    @Override public void addSumOfSquares(Matrix x, Matrix y) { throw new IllegalStateException("simd Reduce.addSumOfSquares is not built yet"); }

    @Override public void softmax(Matrix x, Matrix y) { throw new IllegalStateException("simd Reduce.softmax is not built yet"); }

    @Override public void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx) { throw new IllegalStateException("simd Reduce.softmaxBackward is not built yet"); }
}
