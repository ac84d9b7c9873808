/// Matrix products on the CPU: packed panels and a register tile for many rows, the weight streamed once for few, the same chain of sums in both.
/// It is no general BLAS: no alpha, no beta, and no order of sums but the contract's.
/// Start with [SimdMatMul], which chooses between [Gemm] (many rows) and [Gemv] (few); [GemmTile] is where the time goes.
package lucid.kernels.simd.matmul;
