/// Instructions that reach memory: loads and stores, atomics, matrix loads, fences, prefetches and addresses, as steps over a warp's registers.
/// The bytes and the checks are `lucid.kernels.ptx.memory`'s; copies that happen later are in `lucid.kernels.ptx.async`.
/// Start at [LoadStore], then [MemoryForm] (what an instruction says of its access) and [Routes] (which memory answers).
package lucid.kernels.ptx.steps.memory;
