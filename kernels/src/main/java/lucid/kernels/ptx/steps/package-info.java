/// What instructions do: one class per family, each turning instructions into steps over a warp's registers.
/// It does not schedule, and asynchronous work is elsewhere.
/// Start at [lucid.kernels.ptx.steps.Control], the shortest family.
package lucid.kernels.ptx.steps;
