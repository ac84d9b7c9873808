package lucid.kernels.cuda;

/// How a CUDA device multiplies matrices. A choice holds for all products of a device, so that a row's bits never depend on how many rows there are.
public enum Precision {
    /// f32, one chain for each element: the CPU's bits. The default.
    EXACT,
    /// bf16 factors on tensor cores by `mma.sync`, f32 sums in the hardware's order: many times faster, other bits. See
    /// [lucid.kernels.cuda.matmul.CudaTensorMatMul]; attention and patch embedding likewise, see [lucid.kernels.cuda.attention.CudaAttention] and
    /// [CudaTensorPatchEmbedding].
    TENSOR,
    /// As [#TENSOR] by `wgmma` and tensor copies: for compute capability 9.0 alone.
    WGMMA,
    /// bf16 factors by NVIDIA's cuBLAS, on a real GPU alone: a peer to measure against. See [lucid.kernels.cuda.matmul.CublasMatMul].
    CUBLAS
}
