package lucid.kernels.ptx.memory.order;

import java.util.Arrays;

/// What the warps of one block have done before they arrived at a barrier: a [Snapshot] that grows in place, because barriers are frequent.
public final class Gathering {
    final int[] times = new int[Snapshot.View.AGENTS];
    int[][] fences;
    int[][] lanes;
    Snapshot elsewhere = Snapshot.NONE;

    /// A warp arrives.
    public void add(Clock clock) {
        clock.release(this);
    }

    /// The lanes of `mask` have waited for all that arrived, and have met.
    public void pass(Clock clock, int mask) {
        clock.acquire(this, mask);
    }

    /// Begins the next phase.
    public void clear() {
        Arrays.fill(times, 0);
        fences = null;
        lanes = null;
        elsewhere = Snapshot.NONE;
    }
}
