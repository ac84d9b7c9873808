/// The memory of the CPU devices: off-heap blocks of one segment kind, counted; 64-byte aligned and pooled by size, but for large ones made once
/// ([HostBuffer#beside]), which come from the C library's heap as it aligns them and go back to it.
/// It knows nothing of arithmetic and nothing of scopes or tensors.
/// Start with [HostMemory].
package lucid.kernels.host;
