/// The machine: an entry as steps, warps in lockstep over them, blocks with shared memory and barriers, clusters and grids.
/// It is not a timing model, what instructions do is in package `steps`, and what decoders know of an entry is in
/// [lucid.kernels.ptx.machine.decoding]. Start at [Program] (what is decoded), then [Warp] and [Scheduler] (how it runs).
package lucid.kernels.ptx.machine;
