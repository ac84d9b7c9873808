/// What a kernel can address: global, shared, local, constant and parameter memory, with the shadow state that tells uninitialised bytes, races and copies in flight.
/// It is not a cache or a timing model, and it does not know warps: who accesses is a [lucid.kernels.ptx.memory.Accessor], when is its [lucid.kernels.ptx.memory.order.Clock].
/// Start at [lucid.kernels.ptx.memory.CheckedMemory], then [lucid.kernels.ptx.memory.GlobalMemory] and [lucid.kernels.ptx.memory.Shadow].
package lucid.kernels.ptx.memory;
