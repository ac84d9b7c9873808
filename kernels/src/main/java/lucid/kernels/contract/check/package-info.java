/// The checks of arguments that all implementations share: sizes, strides, types, overlap, row groups, and the messages of what is refused.
/// It computes nothing but sizes and touches no memory; what an argument means is said by the family in `lucid.kernels.contract`.
/// Start with [Checks], then [ProductArguments]; [PatchGrid] and [CheckedPatchEmbedding] do the same for patches.
package lucid.kernels.contract.check;
