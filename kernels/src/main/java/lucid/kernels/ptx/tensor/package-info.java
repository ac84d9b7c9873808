/// Tensor cores and the movement of matrices as pure functions: fragment layouts, `mma`, `wgmma` with its descriptors, `ldmatrix`.
/// No warps, schedules, barriers or checks here: a caller brings register files and bytes of shared memory, and decides when something runs.
/// Start with [Fragment], then [MmaUnit]; for Hopper [MatrixDescriptor] and [WgmmaUnit].
package lucid.kernels.ptx.tensor;
