/// The mathematics between rewards and gradients: advantages of a group, the clipped loss with KL, and how token terms become one number.
/// Pure functions in double on plain arrays: the oracle for the fused kernel and the calculator of the ledger. No tensors here.
/// Start with [Advantages], then [PolicyLoss].
package lucid.grpo.policy;
