package lucid.kernels.ptx.async.work;

import java.util.Arrays;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.CheckedMemory;
import lucid.kernels.ptx.memory.Flight;

/// One `cp.async` of a warp: up to 16 bytes a lane from global to shared memory, and zeros behind what the source is shorter.
public final class CopyAsync extends Work {
    private static final byte[] POISON = new byte[16];

    static {
        Arrays.fill(POISON, (byte) 0xff);
    }

    private final CheckedMemory global;
    private final CheckedMemory shared;
    private final Flight flight;
    private final int size;
    private final int mask;
    private final long[] targets;
    private final long[] sources;
    private final int[] lengths;

    /// @param mask lanes whose operands are legal
    /// @param lengths bytes of each lane's source, the rest of `size` becoming 0
    public CopyAsync(Warp warp, Flight flight, int mask, int size, long[] targets, long[] sources, int[] lengths) {
        super(flight.site());
        this.global = warp.block.memory.global();
        this.shared = warp.block.memory.shared();
        this.flight = flight;
        this.mask = mask;
        this.size = size;
        this.targets = targets;
        this.sources = sources;
        this.lengths = lengths;
    }

    /// Until it happens its destination holds nothing that anybody could take for data.
    public void poison() {
        for (int left = done() ? 0 : mask; left != 0; left &= left - 1) {
            shared.poke(targets[Integer.numberOfTrailingZeros(left)], POISON, 0, size);
        }
    }

    @Override
    protected void happen() {
        byte[] data = new byte[16];
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int length = lengths[lane];
            if (length < size) {
                Arrays.fill(data, length, size, (byte) 0);
            }
            if (length > 0 && !global.peek(sources[lane], data, 0, length)) {
                Arrays.fill(data, 0, length, (byte) 0xff);
            }
            shared.poke(targets[lane], data, 0, size);
        }
    }

    /// These lanes have waited for it.
    public void land(int lanes) {
        ensure();
        flight.landed(lanes & mask);
    }
}
