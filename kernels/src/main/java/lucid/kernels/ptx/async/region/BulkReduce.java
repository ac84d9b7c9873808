package lucid.kernels.ptx.async.region;

import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.CheckedMemory;
import lucid.kernels.ptx.memory.order.Access;

/// The writing side of `cp.reduce.async.bulk`: relaxed atomic updates of single elements with gpu scope, in an order that depends on the seed.
public final class BulkReduce {
    private final Warp warp;
    private final Reduction reduction;
    private final long[] addresses = new long[32];
    private final long[] values = new long[32];
    private final long[] old = new long[32];

    /// @param warp on whose behalf it happens
    public BulkReduce(Warp warp, Reduction reduction) {
        this.warp = warp;
        this.reduction = reduction;
    }

    /// Reduces an image into a region.
    public void apply(Region to, byte[] image) {
        switch (to) {
            case Region.Linear(CheckedMemory memory, long address, int bytes) -> row(memory, address, image, 0, bytes);
            case Region.Box(CheckedMemory memory, TensorMap map, int[] corner) -> {
                int width = map.rowBytes();
                map.rows(corner, (row, global, skip, count) -> row(memory, global, image, row * width + skip, count));
            }
            case Region.Swizzled _ -> throw new IllegalStateException("cp.reduce.async.bulk has no swizzled destination");
        }
    }

    private void row(CheckedMemory memory, long address, byte[] image, int at, int bytes) {
        int size = reduction.type().bytes();
        for (int from = 0; from < bytes; from += 32 * size) {
            int lanes = Math.min(32, (bytes - from) / size);
            for (int lane = 0; lane < lanes; lane++) {
                addresses[lane] = address + from + lane * size;
                values[lane] = element(image, at + from + lane * size, size);
            }
            memory.update(warp, lanes == 32 ? -1 : (1 << lanes) - 1, addresses, size, Access.RELAXED_GPU, (a, b, _) -> reduction.combine(a, b),
                    values, values, old);
        }
    }

    private static long element(byte[] image, int at, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | image[at + i] & 0xff;
        }
        return value;
    }
}
