/// The machine: an entry decoded into steps, warps in lockstep over them, blocks with shared memory and barriers, clusters and grids.
/// It is not a timing model, and what instructions do is in package `steps`.
/// Start at [lucid.kernels.ptx.machine.Program] (what is decoded), then [lucid.kernels.ptx.machine.Warp] and [lucid.kernels.ptx.machine.Scheduler] (how it runs).
package lucid.kernels.ptx.machine;
