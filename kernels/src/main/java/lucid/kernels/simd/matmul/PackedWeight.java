package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemmTile.WIDTH;

import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;

/// A weight [n, k] with a copy in [PanelOrder]: one that lies ready, or one that is still to be made ([Packing] decides when).
final class PackedWeight implements HostBuffer.Companion {
    private static final int PAGE = 4096;

    private final Matrix weight;
    /// Null until it is made.
    private HostBuffer copy;
    private long at;

    private PackedWeight(Matrix weight) { this.weight = weight; }

    /// @param copy that lies ready
    PackedWeight(Matrix weight, HostBuffer copy) {
        this(weight);
        this.copy = copy;
    }

    /// See [lucid.kernels.Device#prepack].
    static void promise(Matrix weight, PanelOrder order) {
        HostBuffer buffer = HostBuffer.of(weight.buffer());
        if (buffer.companion() == null && weight.size() > 0 && order.takes(weight.dtype())) buffer.keep(new PackedWeight(weight));
    }

    /// What was promised of the weight whose rows w has, from the beginning of a panel on; else null.
    static PackedWeight of(Matrix w) { return HostBuffer.of(w.buffer()).companion() instanceof PackedWeight packed && packed.has(w) ? packed : null; }

    long bytes() { return weight.size() * weight.dtype().bytes(); }

    boolean made() { return copy != null; }

    private boolean has(Matrix w) {
        return w.size() > 0 && w.cols() == weight.cols() && (w.rows() == 1 || w.stride() == weight.cols()) && w.offset() % ((long) WIDTH * weight.cols()) == 0;
    }

    /// The right factor `wᵀ` of some of its rows.
    Operand right(Matrix w) {
        long first = w.offset() * weight.dtype().bytes();
        return PanelOrder.operand(copy.segment(), at + first, weight.dtype(), w.rows(), w.cols());
    }

    /// False where there is no memory for it.
    boolean make(PanelOrder order) {
        HostBuffer buffer = HostBuffer.of(weight.buffer());
        HostBuffer target = buffer.beside(order.length(weight.rows(), weight.cols()) + PAGE / weight.dtype().bytes());
        if (target == null) return false;
        long first = -target.segment().address() & PAGE - 1;
        order.pack(weight, target.segment(), first);
        copy = target;
        at = first;
        buffer.unload();
        return true;
    }

    @Override public void free() {
        if (copy != null) copy.close();
    }
}
