/// Instructions that steer a warp or join its lanes: branches and exits, barriers, votes, matches, reductions over a warp and shuffles.
/// It does not schedule: a step says that a warp waits, and `lucid.kernels.ptx.machine` decides who runs next.
/// Start at [Control], the shortest family.
package lucid.kernels.ptx.steps.control;
