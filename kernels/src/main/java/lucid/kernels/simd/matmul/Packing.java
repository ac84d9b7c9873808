package lucid.kernels.simd.matmul;

import lucid.kernels.contract.operand.Matrix;

/// When weights of which [lucid.kernels.Device#prepack] was promised are packed: little by little, as reading them earns it.
///
/// Packing takes new memory, which costs more than the copy itself: as much as 8 to 60 readings of the weight (6.2 GB in 2 to 14 s, a reading 0.2 s;
/// the more where a virtual machine's host must find the memory first), and it saves a quarter to a half of a reading each time. Whether there will
/// be that many is not known. So every [#READINGS] bytes that products of few rows read of such weights pay for packing one: a short answer pays for
/// little, a long one has all packed after about as many tokens, and nobody waits for it at once.
final class Packing {
    /// Readings of a weight before it is packed, if all are read alike.
    static final int READINGS = 32;
    private static final System.Logger LOG = System.getLogger(Packing.class.getName());

    private final PanelOrder order;
    private long earned;
    /// Bytes of the largest weight that has been read: what more than its price is earned is of no use.
    private long largest;
    /// Whether there was no memory for a copy.
    private boolean full;

    Packing(PanelOrder order) { this.order = order; }

    /// The right factor `wᵀ` of a product: packed, or as it lies.
    ///
    /// @param rows of the result
    Operand right(Matrix w, int rows) {
        PackedWeight packed = PackedWeight.of(w);
        if (packed == null) return Operand.lanesDown(w);
        if (rows <= Gemv.ROWS) read(packed);
        return packed.made() ? packed.right(w) : Operand.lanesDown(w);
    }

    private void read(PackedWeight w) {
        long price = READINGS * w.bytes();
        largest = Math.max(largest, w.bytes());
        earned = Math.min(earned + w.bytes(), READINGS * largest);
        if (w.made() || earned < price || full) return;
        earned -= price;
        full = !w.make(order);
        if (full)
            LOG.log(System.Logger.Level.WARNING, "There is no memory to pack more weights: the others are read as they lie, with the same results.");
    }
}
