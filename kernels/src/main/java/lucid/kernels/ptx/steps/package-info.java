/// What instructions do: one class per family, each turning instructions into steps over a warp's registers. Here are arithmetic, logic and comparisons; what goes to memory is in `steps.memory`, branches and what a warp does together in `steps.control`, the operation on one value in `steps.scalar`.
/// It does not schedule, and asynchronous work is elsewhere.
/// Start at [lucid.kernels.ptx.steps.control.Control], the shortest family; here [Logic] is the one to read first, then [Lanes], the loops below it.
package lucid.kernels.ptx.steps;
