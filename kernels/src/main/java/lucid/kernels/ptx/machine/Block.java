package lucid.kernels.ptx.machine;

/// A block (CTA): its warps, its shared memory and its barriers.
public final class Block {
    /// Linear index in the grid.
    public final int index;

    Block(int index) {
        this.index = index;
    }
}
