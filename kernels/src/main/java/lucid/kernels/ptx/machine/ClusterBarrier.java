package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Snapshot;

/// The barrier over all threads of a cluster (PTX ISA, "barrier.cluster"): arrive does not wait, wait comes after it, exited threads drop out.
public final class ClusterBarrier {
    private final Cluster cluster;
    /// Per warp of the cluster: lanes that have arrived in the open phase.
    private final int[] arrived;
    /// Per warp: lanes whose phase is complete and that have not waited for it yet.
    private final int[] passed;
    /// What those who have arrived with release semantics had done before, in the open phase and in the last complete one.
    private Snapshot past = Snapshot.NONE;
    private Snapshot complete = Snapshot.NONE;

    ClusterBarrier(Cluster cluster) {
        this.cluster = cluster;
        int warps = cluster.grid.geometry.clusterBlocks() * cluster.grid.geometry.warps();
        this.arrived = new int[warps];
        this.passed = new int[warps];
    }

    /// The lanes of `mask` arrive.
    ///
    /// @param release false for `.relaxed`, which orders no memory
    public void arrive(Warp warp, int mask, boolean release) {
        int w = number(warp);
        if (((arrived[w] | passed[w]) & mask) != 0) {
            warp.finding(Kind.BARRIER_MISUSE, -1, "barrier.cluster.arrive again without a barrier.cluster.wait after the last one");
        }
        arrived[w] |= mask;
        if (release) {
            past = past.join(warp.clock().release());
        }
        tryComplete();
    }

    /// True when the phase in which the lanes of `mask` arrived is complete; else the step waits and is run again.
    public boolean await(Warp warp, int mask) {
        int w = number(warp);
        if ((mask & ~(arrived[w] | passed[w])) != 0) {
            warp.finding(Kind.BARRIER_MISUSE, -1, "barrier.cluster.wait without a barrier.cluster.arrive before it");
            arrived[w] |= mask & ~passed[w];
            tryComplete();
        }
        if ((passed[w] & mask) != mask) {
            return false;
        }
        passed[w] &= ~mask;
        warp.synchronised(complete, mask);
        return true;
    }

    private int number(Warp warp) {
        return warp.block.rank * warp.block.warps.length + warp.index;
    }

    void lanesExited() {
        tryComplete();
    }

    private void tryComplete() {
        boolean any = false;
        for (Block block : cluster.blocks) {
            for (Warp warp : block.warps) {
                int here = arrived[number(warp)];
                if ((here & warp.live) != warp.live) {
                    return;
                }
                any |= here != 0;
            }
        }
        if (any) {
            for (int w = 0; w < arrived.length; w++) {
                passed[w] |= arrived[w];
                arrived[w] = 0;
            }
            complete = past;
            past = Snapshot.NONE;
            cluster.event();
        }
    }

    /// For the dead-lock report; empty when nobody has arrived.
    String state() {
        var text = new StringBuilder();
        var missing = new StringBuilder();
        for (Block block : cluster.blocks) {
            for (Warp warp : block.warps) {
                int here = arrived[number(warp)];
                (here == 0 ? missing : text).append((here & warp.live) == warp.live && here == 0 ? "" : " block " + block.index + " warp "
                        + warp.index);
            }
        }
        return text.isEmpty() ? "" : "cluster barrier: arrived" + text + "; not arrived:" + (missing.isEmpty() ? " none" : missing);
    }
}
