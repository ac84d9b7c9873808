package lucid.kernels.cuda;

/// How a CUDA device multiplies matrices.
public enum Precision {
    /// f32, one chain for each element: the CPU's bits. The default.
    EXACT,
    /// bf16 factors on tensor cores, f32 sums in the hardware's order: many times faster, other bits. See [CudaTensorMatMul].
    TENSOR
}
