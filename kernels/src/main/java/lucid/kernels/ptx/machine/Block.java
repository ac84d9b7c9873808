package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.machine.launch.BlockMemory;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.text.syntax.Variable;

/// A block (CTA): its warps, its shared memory and its barriers.
public final class Block {
    /// Named barriers of a block (PTX ISA, "bar, barrier": a is 0..15).
    static final int BARRIERS = 16;

    /// Linear index in the grid.
    public final int index;
    /// Rank in the cluster.
    public final int rank;
    public final Cluster cluster;
    /// `%ctaid`.
    public final Geometry.Size position;
    /// Asynchronous work, or null when the launch has none.
    public AsyncState async;
    /// What its warps can address.
    public BlockMemory memory;

    final Warp[] warps;
    final NamedBarrier[] barriers = new NamedBarrier[BARRIERS];
    private RegisterPool registers;
    private int running;

    Block(Cluster cluster, int rank, Geometry.Size position) {
        this.cluster = cluster;
        this.rank = rank;
        this.position = position;
        Geometry.Size grid = cluster.grid.geometry.grid();
        this.index = position.x() + grid.x() * (position.y() + grid.y() * position.z());
        this.warps = new Warp[cluster.grid.geometry.warps()];
        this.running = warps.length;
    }

    /// Makes the warps; the block's memory must be there.
    void start() {
        int threads = cluster.grid.geometry.threads();
        for (int w = 0; w < warps.length; w++) {
            int lanes = Math.min(32, threads - w * 32);
            warps[w] = new Warp(this, w, lanes == 32 ? -1 : (1 << lanes) - 1);
        }
    }

    public int warpCount() {
        return warps.length;
    }

    public Warp warp(int w) {
        return warps[w];
    }

    /// The named barrier `id`, 0..15.
    public NamedBarrier barrier(int id) {
        if (barriers[id] == null) {
            barriers[id] = new NamedBarrier(this, id);
        }
        return barriers[id];
    }

    /// What `setmaxnreg` has asked for.
    public RegisterPool registers() {
        if (registers == null) {
            registers = new RegisterPool(this);
        }
        return registers;
    }

    /// The address of a variable within its space, as this block sees it.
    public long addressOf(Variable variable) {
        return switch (variable.space()) {
            case SHARED, SHARED_CTA, SHARED_CLUSTER -> memory.shared().addressOf(variable);
            case LOCAL -> variable.offset();
            case PARAM -> memory.parameters().addressOf(variable);
            case CONST -> memory.constants().addressOf(variable);
            case GLOBAL -> cluster.grid.addressOf(variable);
            case GENERIC -> throw new IllegalStateException("variable " + variable.name() + " has no state space");
        };
    }

    /// Warps that have not exited.
    int running() {
        return running;
    }

    /// Lanes have exited: barriers that waited for them may complete.
    void lanesExited(Warp warp) {
        running -= warp.live == 0 ? 1 : 0;
        for (NamedBarrier barrier : barriers) {
            if (barrier != null) {
                barrier.lanesExited();
            }
        }
        cluster.barrier.lanesExited();
        if (running == 0) {
            if (async != null) {
                async.exit();
            }
            memory.shared().exit();
        }
    }
}
