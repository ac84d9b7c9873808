package lucid.kernels.reference;

import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Rows by index. See [Embedding].
public final class ReferenceEmbedding implements Embedding {
    @Override public void gather(Buffer ids, Matrix table, Matrix y) {
        Arguments.gather("embedding.gather", ids, table, y);
        int[] index = indices("embedding.gather", ids, y.rows(), table.rows());
        for (int r = 0; r < index.length; r++) Values.writeRow(Values.read(table.rows(index[r], index[r] + 1))[0], y, r);
    }

    @Override public void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        String operation = "embedding.scatterAdd";
        Arguments.scatterAdd(operation, ids, dy, groups, dTable);
        int[] index = indices(operation, ids, dy.rows(), dTable.rows());
        double[][] d = Values.read(dy);
        double[][] sums = new double[dTable.rows()][dTable.cols()];
        for (int r = 0; r < index.length; r++) {
            for (int c = 0; c < dy.cols(); c++) sums[index[r]][c] += d[r][c];
        }
        Values.write(sums, Accumulate.ADD, dTable);
    }

    private static int[] indices(String operation, Buffer ids, int rows, int limit) {
        int[] index = Values.readInts(ids);
        for (int r = 0; r < rows; r++) Checks.index(operation, "ids", r, index[r], limit);
        return index;
    }
}
