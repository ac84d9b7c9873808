package lucid.nn.layer;

import lucid.kernels.contract.operand.AttentionPlan;
import lucid.tensor.RotaryTable;
import lucid.tensor.Tensor;

/// What all layers of one decoder pass share.
///
/// @param positions i32 `[rows]`, the rotary position of every row
/// @param plan      who attends to whom
public record DecoderContext(Tensor positions, RotaryTable rotary, AttentionPlan plan, KeyValueStore store) {
    /// Scale of the scores, `headDim^-1/2`.
    public float scale() { return (float) (1 / Math.sqrt(plan.headDim())); }
}
