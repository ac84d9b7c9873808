/// What a launch hands to the machine and gets back: the shape of the grid, the order of turns, the memory of a block, and counts of what ran.
/// Plain data: nothing here runs, and how a user asks for a launch is [lucid.kernels.ptx.Launch].
/// Start at [Geometry].
package lucid.kernels.ptx.machine.launch;
