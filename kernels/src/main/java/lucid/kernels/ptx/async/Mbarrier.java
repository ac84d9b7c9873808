package lucid.kernels.ptx.async;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Phase;
import lucid.kernels.ptx.async.work.Work;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.order.Snapshot;

/// A live mbarrier: its counters, what its arrivals have published, and the copies that will complete on it.
///
/// Two rules go beyond the counters. Who arrives must know that the phase before is complete, else in another order this arrival would be one too
/// many there. Who waits for a phase by parity must know the same, else in another order the wait would take an older phase of equal parity for it.
/// "Know" is happens-before, so neither rule depends on the schedule that is run.
final class Mbarrier {
    /// Where it lies in shared memory, cluster rank included.
    final long address;
    final Finding.Site made;
    private final BlockAsync home;
    private final Phase phase;
    private final long madeAt;
    private final int makerBlock;
    private final int makerWarp;
    private final int makerLane;
    private boolean proxyVisible;
    private Snapshot arrived = Snapshot.NONE;
    private Snapshot published = Snapshot.NONE;
    /// When the newest phases were completed, by parity.
    private final long[] completedAt = new long[2];
    private final List<Work> due = new ArrayList<>();
    private boolean wanted;
    /// Newest phase that a wait has seen complete, and newest phase that a bulk copy took part in.
    private int seen = -1;
    private int copied = -1;

    Mbarrier(BlockAsync home, long address, int count, Warp maker, int lane) {
        this.home = home;
        this.address = address;
        this.phase = new Phase(count);
        this.made = maker.site(lane);
        this.madeAt = maker.clock().moment();
        this.makerBlock = maker.block.index;
        this.makerWarp = maker.index;
        this.makerLane = lane;
    }

    Phase phase() {
        return phase;
    }

    /// True when what the warp does now comes after the initialisation.
    boolean knownTo(Warp warp) {
        return warp.clock().knows(madeAt);
    }

    /// A fence by the lanes of `mask` that makes the initialisation visible to the async proxy.
    void fenced(Warp warp, int mask) {
        proxyVisible |= warp.block.index == makerBlock && warp.index == makerWarp && (mask >>> makerLane & 1) != 0;
    }

    boolean proxyVisible() {
        return proxyVisible;
    }

    /// What an arrival or a change of the transaction count does to the counters.
    @FunctionalInterface
    interface Change {
        Fault apply(Phase phase);
    }

    /// An arrival by a lane of a warp, which publishes what the lanes that arrive with it have done.
    ///
    /// @param lanes that execute the instruction
    /// @param past the warp's clock, released at this instruction
    /// @return what is wrong with it, or null
    Fault arrive(Warp warp, int lanes, Snapshot past, Change change) {
        Fault early = phase.completed() > 0 && !warp.clock().knows(completedAt[phase.completed() - 1 & 1])
                ? new Fault(Kind.MBARRIER_OVER_ARRIVAL, "arrives in phase " + phase.completed() + " without having seen phase "
                        + (phase.completed() - 1)
                        + " complete: in another order this is an arrival too many there (" + phase
                                + "); wait for the phase before, or correct the init count")
                : null;
        Fault fault = change(warp.clock().moment(), warp.clock().release(lanes, warp.live).join(past), change);
        return fault != null ? fault : early;
    }

    /// An arrival or completed bytes of asynchronous work.
    ///
    /// @param moment when the work was done
    /// @param past what its completion publishes
    Fault complete(long moment, Snapshot past, boolean copy, Change change) {
        if (copy) {
            copied = phase.completed();
        }
        return change(moment, past, change);
    }

    private Fault change(long moment, Snapshot past, Change change) {
        int before = phase.completed();
        Snapshot all = arrived.join(past);
        Fault fault = change.apply(phase);
        if (fault == null) {
            arrived = all;
        }
        if (phase.completed() != before) {
            published = arrived;
            completedAt[before & 1] = moment;
            wanted = false;
            home.changed();
        }
        return fault;
    }

    /// A change that is no arrival (`expect_tx`).
    Fault expect(Change change) {
        return change.apply(phase);
    }

    /// A poll for the phase of that parity.
    ///
    /// @return what is wrong with it, or null
    Fault pollParity(Warp warp, int parity) {
        int target = phase.parityDone(parity) ? phase.completed() - 1 : phase.completed();
        if (target < 1 || warp.clock().knows(completedAt[target - 1 & 1])) {
            return null;
        }
        return new Fault(Kind.MBARRIER_PHASE_MISSED, "waits by parity " + (parity & 1) + " while phase " + phase.completed()
                + " is running, without having seen phase " + (target - 1)
                + " complete: phases " + target + " and " + (target - 2)
                        + " have the same parity, so it cannot tell them apart; the other side runs ahead or the parity bit is wrong");
    }

    /// A poll for the phase of a state.
    Fault pollState(long state) {
        int wanting = Phase.phaseOf(state);
        int now = phase.completed();
        return wanting == now || wanting == now - 1 ? null : new Fault(Kind.MBARRIER_PHASE_MISSED,
                "waits with the state of phase " + wanting + " while phase " + now
                        + " is running: a state is good for the current and the preceding phase");
    }

    /// The wait was successful: what was published is known to the lanes now.
    void passed(Warp warp, int lanes) {
        seen = phase.completed() - 1;
        warp.clock().acquire(published, lanes);
    }

    /// Somebody waits for the running phase.
    void want() {
        wanted = true;
    }

    /// Asynchronous work that will complete on this object.
    void add(Work work) {
        due.add(work);
    }

    /// Does one piece of late work that somebody waits for; false when there is none.
    boolean progress() {
        if (!wanted || due.isEmpty()) {
            return false;
        }
        due.getLast().ensure();
        return true;
    }

    void remove(Work work) {
        due.remove(work);
    }

    /// What is unfinished when the block ends, or null.
    String unfinished() {
        if (!due.isEmpty()) {
            return due.size() + " asynchronous operation(s) on the mbarrier at 0x" + Long.toHexString(address)
                    + " are still in flight, the first issued at " + due.getFirst().site();
        }
        if (phase.transactions() != 0) {
            return "the mbarrier at 0x" + Long.toHexString(address) + " ends with transaction count " + phase.transactions()
                    + ": bytes expected and bytes copied differ (" + phase + ")";
        }
        return copied > seen ? "nobody waited for phase " + copied + " of the mbarrier at 0x" + Long.toHexString(address)
                + ", on which bulk copies completed" : null;
    }

    @Override
    public String toString() {
        return "mbarrier at 0x" + Long.toHexString(address) + ": " + phase + (due.isEmpty() ? "" : ", " + due.size() + " operation(s) in flight");
    }
}
