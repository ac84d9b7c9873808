package lucid.kernels.ptx.machine.launch;

/// In which order the warps of a block (of a cluster) take turns. A correct kernel gives the same result under every schedule.
public enum Schedule {
    /// Every warp in turn, some instructions each.
    ROUND_ROBIN,
    /// A warp drawn by the launch's seed, for a drawn number of instructions.
    RANDOM,
    /// One warp, chosen by the seed, runs until it must wait; only then the next one.
    ONE_AHEAD
}
