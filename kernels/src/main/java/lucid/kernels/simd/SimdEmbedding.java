package lucid.kernels.simd;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// See [Embedding].
public final class SimdEmbedding implements Embedding {
    public SimdEmbedding(Workers workers) {}

    @Override public void gather(Buffer ids, Matrix table, Matrix y) { throw new IllegalStateException("simd Embedding.gather is not built yet"); }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) { throw new IllegalStateException("simd Embedding.scatterAdd is not built yet"); }
}
