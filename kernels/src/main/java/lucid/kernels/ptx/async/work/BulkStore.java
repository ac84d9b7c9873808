package lucid.kernels.ptx.async.work;

import lucid.kernels.ptx.async.region.BulkReduce;
import lucid.kernels.ptx.async.region.Region;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;

/// A bulk copy or reduction out of shared memory into global memory, which is waited for in bulk groups: first for its source, then for all of it.
public final class BulkStore extends Work {
    private final Warp warp;
    private final Region from;
    private final Region to;
    private final BulkReduce reduce;
    private final Flight flight;
    private byte[] image;
    private boolean awaited;
    private boolean landed;

    /// @param reduce null for a plain copy
    public BulkStore(Warp warp, Region from, Region to, BulkReduce reduce, Flight flight) {
        super(flight.site());
        this.warp = warp;
        this.from = from;
        this.to = to;
        this.reduce = reduce;
        this.flight = flight;
    }

    /// True once somebody has waited for its source.
    public boolean sourceRead() {
        return awaited;
    }

    private void take() {
        if (image == null) {
            image = new byte[from.bytes()];
            from.read(image);
        }
    }

    @Override
    protected void happen() {
        take();
        if (reduce == null) {
            to.write(warp, image);
        } else {
            reduce.apply(to, image);
        }
    }

    /// `wait_group.read`: the source may be written again.
    public void awaitRead(int lanes) {
        take();
        awaited = true;
        flight.sourcesRead();
        warp.clock().acquire(flight.done(), lanes);
    }

    /// `wait_group`: it is complete.
    public void await(int lanes) {
        awaited = true;
        finish();
        warp.clock().acquire(flight.done(), lanes);
    }

    /// It happens now at the latest.
    public void finish() {
        if (!landed) {
            landed = true;
            ensure();
            flight.landed();
        }
    }
}
