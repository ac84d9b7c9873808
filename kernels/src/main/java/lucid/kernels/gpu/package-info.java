/// A GPU as Lucid sees it: memory, kernels, launches, one stream, events, graphs; the emulator and the driver (through JCuda) stand behind it.
/// It knows nothing of tensors, families of primitives or shapes: those are in `lucid.kernels.cuda`.
/// Start with [Gpu], then [Call]; what the driver and NVIDIA's libraries need is in [lucid.kernels.gpu.nvidia].
package lucid.kernels.gpu;
