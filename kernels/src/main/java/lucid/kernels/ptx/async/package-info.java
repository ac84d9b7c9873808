/// Asynchronous work of a kernel: `cp.async` groups, `mbarrier`, bulk and tensor copies, `wgmma`, and when each of them really happens.
/// It is not memory (it asks package `memory` for every byte), not what a copy reads and writes (package `async.region`) and not arithmetic (`wgmma`
/// products come from package `tensor`). Start at [BlockAsync], the state of a block, which leads to every other class here;
/// [lucid.kernels.ptx.async.work.Timing] has the idea.
package lucid.kernels.ptx.async;
