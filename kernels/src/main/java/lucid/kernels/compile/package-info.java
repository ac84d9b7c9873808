/// The compile gate: what NVIDIA's own assembler says of a `.ptx` file (errors, registers, spills, C75xx notes), on any machine, without a GPU.
/// It neither runs kernels (that is `lucid.kernels.ptx`) nor loads them on a device, and nothing of CUDA is touched before the first call.
/// Start with [CompileGate].
package lucid.kernels.compile;
