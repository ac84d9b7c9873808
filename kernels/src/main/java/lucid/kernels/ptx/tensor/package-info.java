/// Tensor cores and the movement of matrices as pure functions: fragment layouts, `mma`, `wgmma` with its descriptors, `ldmatrix`.
/// No warps, schedules, barriers or checks here: a caller brings register files and bytes of shared memory, and decides when something runs.
/// Start with [lucid.kernels.ptx.tensor.form.Fragment], then [MmaUnit]; for Hopper [lucid.kernels.ptx.tensor.form.MatrixDescriptor] and [WgmmaUnit].
package lucid.kernels.ptx.tensor;
