package lucid.kernels.ptx.machine;

/// Sees every instruction before and after it has run: the hook of traces. A launch without one pays nothing for it.
///
/// Blocks run on several threads unless the launch says `threads(1)`; an observer that is shared must be ready for that.
public interface Observer {
    /// Before `warp.instruction()` runs for the lanes in `mask`. A waiting instruction is seen again each time it is tried.
    void before(Warp warp, int mask);

    /// After it ran.
    ///
    /// @param result what the step returned, see [Step]
    void after(Warp warp, int mask, int result);

    /// `warp.instruction()` ran for no lane: its guard was false for all that came to it.
    default void skipped(Warp warp) {}
}
