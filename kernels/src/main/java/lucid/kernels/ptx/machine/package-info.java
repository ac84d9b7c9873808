/// The machine: warps in lockstep over decoded steps, blocks with shared memory and barriers, clusters and grids.
/// It is not a timing model, and it knows nothing of tensors or drivers.
/// Start at [lucid.kernels.ptx.machine.Step], [lucid.kernels.ptx.machine.Decoding] and [lucid.kernels.ptx.machine.Warp].
package lucid.kernels.ptx.machine;
