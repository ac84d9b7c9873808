/// Asynchronous work of a kernel: `cp.async` groups, `mbarrier`, bulk and tensor copies, `wgmma`, and when each of them really happens.
/// It is not memory (it asks package `memory` for every byte) and not arithmetic (`wgmma` products come from package `tensor`).
/// Start at [lucid.kernels.ptx.async.Timing] for the idea, then at [lucid.kernels.ptx.async.TensorMap].
package lucid.kernels.ptx.async;
