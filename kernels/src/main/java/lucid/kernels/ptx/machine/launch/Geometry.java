package lucid.kernels.ptx.machine.launch;

/// The shape of a launch.
///
/// @param grid blocks in x, y, z
/// @param block threads in x, y, z
/// @param cluster blocks of a cluster in x, y, z; 1, 1, 1 without clusters
/// @param dynamicShared bytes of the `extern .shared` array
public record Geometry(Size grid, Size block, Size cluster, int dynamicShared) {

    /// Three extents, each at least 1.
    public record Size(int x, int y, int z) {
        public long count() {
            return (long) x * y * z;
        }

        @Override
        public String toString() {
            return x + "," + y + "," + z;
        }
    }

    /// Threads of a block.
    public int threads() {
        return (int) block.count();
    }

    /// Warps of a block, the last of which may have fewer than 32 threads.
    public int warps() {
        return (threads() + 31) >>> 5;
    }

    /// Blocks of a cluster.
    public int clusterBlocks() {
        return (int) cluster.count();
    }

    /// Clusters of the grid.
    public long clusters() {
        return grid.count() / clusterBlocks();
    }
}
