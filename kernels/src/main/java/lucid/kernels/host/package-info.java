/// The memory of the CPU devices: 64-byte aligned off-heap blocks of one segment kind, pooled by size, counted.
/// It knows nothing of arithmetic and nothing of scopes or tensors.
/// Start with [HostMemory].
package lucid.kernels.host;
