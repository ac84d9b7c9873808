/// The memory that threads of a kernel share, global and shared, with the shadow state that tells uninitialised bytes, races and copies in flight.
/// It is not a cache or a timing model, it does not know warps (who accesses is an [Accessor], when is its [lucid.kernels.ptx.memory.order.Clock]),
/// and memory that nobody can race for is in [lucid.kernels.ptx.memory.unshared]. Start at [CheckedMemory], then [GlobalMemory] and
/// [lucid.kernels.ptx.memory.shadow.Shadow].
package lucid.kernels.ptx.memory;
