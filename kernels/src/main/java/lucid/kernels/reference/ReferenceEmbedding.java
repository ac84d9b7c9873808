package lucid.kernels.reference;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// Rows by index. See [Embedding].
public final class ReferenceEmbedding implements Embedding {
    @Override public void gather(Buffer ids, Matrix table, Matrix y) {
        Checks.type("embedding.gather", "table", table, F32, BF16);
        Checks.type("embedding.gather", "y", y, F32);
        Checks.shape("embedding.gather", "y", y, y.rows(), table.cols(), F32);
        int[] index = indices("embedding.gather", ids, y.rows(), table.rows());
        for (int r = 0; r < index.length; r++) Values.writeRow(Values.read(table.rows(index[r], index[r] + 1))[0], y, r);
    }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        String operation = "embedding.scatterAdd";
        Checks.type(operation, "dy", dy, F32);
        Checks.type(operation, "dTable", dTable, F32);
        Checks.shape(operation, "dTable", dTable, dTable.rows(), dy.cols(), F32);
        Checks.groups(operation, groups, dy.rows());
        int[] index = indices(operation, ids, dy.rows(), dTable.rows());
        double[][] d = Values.read(dy);
        double[][] sums = new double[dTable.rows()][dTable.cols()];
        for (int r = 0; r < index.length; r++) {
            for (int c = 0; c < dy.cols(); c++) sums[index[r]][c] += d[r][c];
        }
        Values.write(sums, Accumulate.ADD, dTable);
    }

    private static int[] indices(String operation, Buffer ids, int rows, int limit) {
        Checks.buffer(operation, "ids", ids, rows, I32);
        int[] index = Values.readInts(ids);
        for (int r = 0; r < rows; r++) Checks.index(operation, "ids", r, index[r], limit);
        return index;
    }
}
