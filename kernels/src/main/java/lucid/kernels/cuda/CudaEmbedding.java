package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;

import lucid.kernels.contract.Arguments;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// [Embedding] on a GPU. Ids stay on the device: kernels check them, and each call waits once to hear of a wrong one. Before a wrong id is refused, a gather may have
/// written other rows of its output; a scatter has written nothing.
public final class CudaEmbedding implements Embedding {
    private final Kernels kernels;
    private final IndexErrors errors;

    public CudaEmbedding(Kernels kernels) {
        this.kernels = kernels;
        this.errors = new IndexErrors(kernels.gpu());
    }

    @Override public void gather(Buffer ids, Matrix table, Matrix y) {
        String operation = "embedding.gather";
        Arguments.gather(operation, ids, table, y);
        if (y.rows() == 0) return;
        kernels.call(table.dtype() == F32 ? "embedding_gather_f32_sm80" : "embedding_gather_bf16_sm80").buffer(ids).view(table).view(y)
                .u32(y.cols()).u32(table.rows()).u64(errors.address()).launch(y.rows(), 128);
        errors.check(operation, "ids", ids, table.rows());
    }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        String operation = "embedding.scatterAdd";
        Arguments.scatterAdd(operation, ids, dy, groups, dTable);
        int rows = dy.rows();
        if (rows == 0) return;
        try (CudaBuffer next = kernels.scratch(I32, rows); CudaBuffer first = kernels.scratch(I32, rows); CudaBuffer offsets = kernels.table(groups.offsets())) {
            kernels.call("embedding_rank_i32_sm80").buffer(ids).buffer(next).buffer(first).u32(rows).u32(dTable.rows()).u64(errors.address()).launch((rows + 255L) / 256, 256);
            errors.check(operation, "ids", ids, dTable.rows());
            if (dy.cols() == 0) return;
            kernels.call("embedding_scatter_add_f32_sm80").buffer(ids).buffer(next).buffer(first).view(dy).view(dTable).buffer(offsets).u32(dy.cols())
                    .launch(rows, (dy.cols() + 127L) / 128, 1, 128, 0);
        }
    }
}
