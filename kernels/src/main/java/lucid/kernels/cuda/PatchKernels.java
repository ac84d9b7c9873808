package lucid.kernels.cuda;

/// What embeds patches on a CUDA device.
public enum PatchKernels {
    /// Hand-written kernels, as exact as the device's [Precision]. The default.
    OWN,
    /// NVIDIA's cuDNN, on a real GPU alone: a peer to measure against. See [CudnnPatchEmbedding].
    CUDNN
}
