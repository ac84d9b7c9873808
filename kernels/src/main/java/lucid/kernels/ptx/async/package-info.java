/// Asynchronous work of a kernel: `cp.async` groups, `mbarrier`, bulk and tensor copies, `wgmma`, and when each of them really happens.
/// It is not memory (it asks package `memory` for every byte) and not arithmetic (`wgmma` products come from package `tensor`).
/// Start at [lucid.kernels.ptx.async.Timing] for the idea, at [lucid.kernels.ptx.async.BlockAsync] for the state of a block, then at the `...Steps` of a family.
package lucid.kernels.ptx.async;
