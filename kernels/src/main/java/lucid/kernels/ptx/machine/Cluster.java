package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.machine.launch.Geometry;

/// The blocks that run together on one thread and can see each other's shared memory; one block when a launch has no clusters.
public final class Cluster {
    public final Grid grid;
    /// Linear index in the grid of clusters.
    public final int index;

    final Block[] blocks;
    public final ClusterBarrier barrier;
    final Counters counters;
    /// Instructions that this cluster may still run before it asks for more.
    long granted;
    /// A `trap` has ended the cluster.
    boolean trapped;
    private long events;

    Cluster(Grid grid, int index, Counters counters) {
        this.grid = grid;
        this.index = index;
        this.counters = counters;
        this.blocks = new Block[grid.geometry.clusterBlocks()];
        this.barrier = new ClusterBarrier(this);
        Geometry.Size size = grid.geometry.cluster();
        int clustersX = grid.geometry.grid().x() / size.x();
        int clustersY = grid.geometry.grid().y() / size.y();
        for (int rank = 0; rank < blocks.length; rank++) {
            int x = index % clustersX * size.x() + rank % size.x();
            int y = index / clustersX % clustersY * size.y() + rank / size.x() % size.y();
            int z = index / clustersX / clustersY * size.z() + rank / (size.x() * size.y());
            blocks[rank] = new Block(this, rank, new Geometry.Size(x, y, z));
        }
    }

    public int blockCount() {
        return blocks.length;
    }

    /// The block of that rank.
    public Block block(int rank) {
        return blocks[rank];
    }

    public Findings findings() {
        return grid.findings;
    }

    /// Something has changed that a waiting warp of this cluster may wait for: it is tried again.
    public void event() {
        events++;
    }

    long events() {
        return events;
    }

    void executed(int instructions) {
        granted -= instructions;
    }
}
