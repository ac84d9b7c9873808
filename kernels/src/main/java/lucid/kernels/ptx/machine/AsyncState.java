package lucid.kernels.ptx.machine;

/// The work of one block that goes on behind its warps' backs: copies, barriers in shared memory, matrix products of a warpgroup.
///
/// The machine does not know that work; package `async` implements it. A launch puts one into every block before its first warp runs
/// (`Block.async`), and the steps of package `async` find it there.
public interface AsyncState {
    /// Called when no warp of the cluster can run: performs one piece of delayed work that a warp waits for, or ends one bounded wait.
    ///
    /// @return false when there is none, so that the cluster is dead-locked
    boolean progress();

    /// Called when the last warp of the block has exited: work that nobody waited for is reported.
    void exit();

    /// The open barriers and copies, one a line, for the dead-lock report; empty when there are none.
    String describe();

    /// `fence.proxy.async`: the lanes' earlier generic writes become visible to later asynchronous reads.
    void proxyFence(Warp warp, int mask);

    /// `fence.mbarrier_init.release.cluster`: the lanes' `mbarrier.init`s become visible to the asynchronous proxy.
    void mbarrierInitFence(Warp warp, int mask);
}
