package lucid.kernels.contract;

import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Rows by index, both ways. What is written lies apart from what is read.
public interface Embedding {
    /// `y[r] = table[ids[r]]`. An id outside the table is refused, naming row and id.
    ///
    /// @param ids   i32 `[rows]`
    /// @param table f32 or bf16 [vocabulary, cols]
    void gather(Buffer ids, Matrix table, Matrix y);

    /// `dTable[ids[r]] += dy[r]`: for each group in order, each table row's chain over the group's rows ascending from 0, then added.
    void scatterAdd(Buffer ids, Matrix dy, RowGroups groups, Matrix dTable);
}
