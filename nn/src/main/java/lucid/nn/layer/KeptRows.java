package lucid.nn.layer;

import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.RowGroups;
import lucid.tensor.Tensor;

/// The rows that the last block goes on with. All rows of the pass give it keys and values, these alone give queries.
///
/// @param rows      i32 row numbers, ascending
/// @param groups    prompt groups of these rows
/// @param positions i32, the rotary position of each of them
/// @param plan      who of them attends to whom: query rows are numbered among these rows, key rows as in the whole pass
public record KeptRows(Tensor rows, RowGroups groups, Tensor positions, AttentionPlan plan) {
    /// @param all a row for every row of the pass
    Tensor of(Tensor all) { return all.gatherRows(rows, groups); }
}
