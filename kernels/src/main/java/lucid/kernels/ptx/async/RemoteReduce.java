package lucid.kernels.ptx.async;

import lucid.kernels.ptx.async.region.BulkReduce;
import lucid.kernels.ptx.async.region.Reduction;
import lucid.kernels.ptx.async.region.Region;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Work;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.Flight;
import lucid.kernels.ptx.memory.order.Snapshot;

/// `cp.reduce.async.bulk` into the shared memory of a block of the cluster, completing on an mbarrier there.
final class RemoteReduce extends Work {
    private final Warp warp;
    private final Region from;
    private final Region to;
    private final Reduction reduction;
    private final Flight flight;
    private final Mbarrier mbarrier;
    private final Snapshot past;

    private RemoteReduce(Warp warp, Region from, Region to, Reduction reduction, Flight flight, Mbarrier mbarrier) {
        super(flight.site());
        this.warp = warp;
        this.from = from;
        this.to = to;
        this.reduction = reduction;
        this.flight = flight;
        this.mbarrier = mbarrier;
        this.past = warp.clock().release();
    }

    static void issue(Warp warp, int lane, Region from, Region to, Reduction reduction, Mbarrier mbarrier) {
        Flight flight = Flight.begin(warp, lane, Flight.Kind.BULK, "a bulk reduction");
        if (!from.claim(flight, false)) {
            flight.landed();
            return;
        }
        warp.traffic().request(warp.instruction().index());
        from.count(warp);
        to.count(warp);
        var work = new RemoteReduce(warp, from, to, reduction, flight, mbarrier);
        mbarrier.add(work);
        BlockAsync.of(warp).issued(work);
    }

    @Override
    protected void happen() {
        byte[] image = new byte[from.bytes()];
        from.read(image);
        new BulkReduce(warp, reduction).apply(to, image);
        flight.landed();
        mbarrier.remove(this);
        Snapshot done = past.join(flight.done()).join(warp.clock().release());
        Fault fault = mbarrier.complete(flight.moment(), done, true, phase -> phase.completeTx(image.length));
        BlockAsync.report(warp.block, fault, site(), mbarrier);
    }
}
