package lucid.kernels.ptx.async;

import java.util.Arrays;
import lucid.kernels.ptx.async.region.Region;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Work;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.memory.order.Snapshot;

/// A bulk copy into the shared memory of one block, which completes on an mbarrier there. A multicast is one of these per block.
final class BulkLoad extends Work {
    private final Warp warp;
    private final BlockAsync home;
    private final Region from;
    private final Region to;
    private final Flight flight;
    private final Mbarrier mbarrier;
    private final Snapshot past;

    /// @param past what the issuing warp had done, released at the issue: the completion publishes it (PTX ISA, "Async proxy")
    BulkLoad(Warp warp, Region from, Region to, Flight flight, Mbarrier mbarrier, Snapshot past) {
        super(flight.site());
        this.warp = warp;
        this.home = BlockAsync.of(warp);
        this.from = from;
        this.to = to;
        this.flight = flight;
        this.mbarrier = mbarrier;
        this.past = past;
    }

    /// Starts it.
    void issue() {
        mbarrier.add(this);
        home.issued(this);
        if (!done()) {
            byte[] poison = new byte[to.bytes()];
            Arrays.fill(poison, (byte) 0xff);
            to.write(warp, poison);
        }
    }

    @Override
    protected void happen() {
        byte[] image = new byte[from.bytes()];
        from.read(image);
        to.write(warp, image);
        flight.landed();
        mbarrier.remove(this);
        Fault fault = mbarrier.complete(flight.moment(), past.join(flight.done()), true, phase -> phase.completeTx(image.length));
        BlockAsync.report(home.block, fault, site(), mbarrier);
    }
}
