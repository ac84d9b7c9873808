package lucid.kernels.ptx.async.work;

import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.tensor.WgmmaUnit;
import lucid.kernels.ptx.tensor.form.MatrixDescriptor;
import lucid.kernels.ptx.tensor.form.SharedView;

/// One `wgmma.mma_async` of a warpgroup. Products of a warpgroup happen in the order in which they were issued.
public final class Product extends Work {
    private final Warp leader;
    private final WgmmaUnit unit;
    private final int[][] files;
    private final int[] d;
    private final int[] a;
    private final MatrixDescriptor left;
    private final MatrixDescriptor right;
    private final boolean scaleD;
    private final SharedView shared;
    private Product before;

    /// @param leader a warp that has issued it, for messages
    /// @param a registers of A, or null when `left` describes it
    /// @param before the product issued before it, or null
    public Product(Warp leader, WgmmaUnit unit, int[][] files, int[] d, int[] a, MatrixDescriptor left, MatrixDescriptor right, boolean scaleD,
            SharedView shared, Product before) {
        super(leader.site(-1));
        this.leader = leader;
        this.unit = unit;
        this.files = files;
        this.d = d;
        this.a = a;
        this.left = left;
        this.right = right;
        this.scaleD = scaleD;
        this.shared = shared;
        this.before = before;
    }

    @Override
    protected void happen() {
        if (before != null) {
            before.ensure();
            before = null;
        }
        try {
            if (a == null) {
                unit.run(files, d, left, right, shared, scaleD);
            } else {
                unit.run(files, d, a, right, shared, scaleD);
            }
        } catch (IllegalArgumentException e) {
            leader.block.cluster.findings().add(new Finding(Kind.ILLEGAL_OPERAND, site(), right.start(), 0, e.getMessage(), null, 1));
        }
    }
}
