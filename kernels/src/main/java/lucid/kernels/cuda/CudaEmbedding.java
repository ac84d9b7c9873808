package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.I32;

import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.Kernels;

/// [Embedding] on a GPU. Ids stay on the device and kernels check them. A gather takes a wrong one as 0, which [lucid.kernels.cuda.launch.Complaints]
/// says later; a scatter waits for the check, because it would change the table.
public final class CudaEmbedding implements Embedding {
    private final Kernels kernels;

    public CudaEmbedding(Kernels kernels) { this.kernels = kernels; }

    @Override public void gather(Buffer ids, Matrix table, Matrix y) {
        String operation = "embedding.gather";
        Arguments.gather(operation, ids, table, y);
        if (y.rows() == 0) return;
        if (table.rows() == 0) {
            kernels.complaints().lookAt(kernels, operation, "ids", ids, 0, null);
            kernels.complaints().check();
        }
        kernels.call(table.dtype() == F32 ? "embedding_gather_f32_sm80" : "embedding_gather_bf16_sm80").buffer(ids).view(table).view(y)
                .u32(y.cols()).u32(table.rows()).u64(kernels.complaints().index(operation, "ids", table.rows())).launch(y.rows(), 128);
    }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        String operation = "embedding.scatterAdd";
        Arguments.scatterAdd(operation, ids, dy, groups, dTable);
        int rows = dy.rows();
        if (rows == 0) return;
        try (CudaBuffer next = kernels.scratch(I32, rows); CudaBuffer first = kernels.scratch(I32, rows);
                CudaBuffer offsets = kernels.table(groups.offsets())) {
            kernels.call("embedding_rank_i32_sm80").buffer(ids).buffer(next).buffer(first).u32(rows).u32(dTable.rows())
                    .u64(kernels.complaints().index(operation, "ids", dTable.rows())).launch((rows + 255L) / 256, 256);
            kernels.complaints().check();
            if (dy.cols() == 0) return;
            kernels.call("embedding_scatter_add_f32_sm80").buffer(ids).buffer(next).buffer(first).view(dy).view(dTable).buffer(offsets).u32(dy.cols())
                    .launch(rows, (dy.cols() + 127L) / 128, 1, 128, 0);
        }
    }
}
