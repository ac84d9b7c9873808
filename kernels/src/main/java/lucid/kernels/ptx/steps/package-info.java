/// What instructions do: one class per family, each turning instructions into steps over a warp's registers; here are arithmetic, logic and
/// comparisons, in `steps.memory` what goes to memory, in `steps.control` branches and what a warp does together, in `steps.scalar` the operation on
/// one value. It does not schedule, and asynchronous work is elsewhere. Start at [lucid.kernels.ptx.steps.Logic], then read
/// [lucid.kernels.ptx.steps.lanes.Lanes], the loops below it.
package lucid.kernels.ptx.steps;
