package lucid.kernels.ptx.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Snapshot;
import lucid.kernels.ptx.memory.order.Stamp;
import lucid.kernels.ptx.memory.shadow.Page;
import lucid.kernels.ptx.memory.shadow.Shadow;
import lucid.kernels.ptx.text.syntax.Space;

/// A copy or a matrix product that works on memory after its instruction: from issue until somebody has waited for it, its destinations must
/// not be touched and its sources must not be written.
///
/// What it may access is checked when it is issued, with what the issuing thread knows then. `CP_ASYNC` belongs to the generic proxy and lands as
/// a write of the thread that waits; `WGMMA` reads on behalf of a whole warp; `BULK` is an agent of its own, and only who has acquired
/// [#done] (by way of an mbarrier's phase or a bulk group) comes after it.
public final class Flight {
    /// What is under way.
    public enum Kind { CP_ASYNC, BULK, WGMMA }

    private record Range(CheckedMemory memory, int lane, long address, int bytes, boolean write) {
        /// The lane as a stamp has it.
        int by() {
            return lane < 0 ? Stamp.MANY : lane;
        }
    }

    private final Accessor issuer;
    private final int lane;
    private final Kind kind;
    private final String what;
    private final Finding.Site site;
    private final int copy;
    private final int instruction;
    private final List<Range> ranges = new ArrayList<>();
    private final List<CheckedMemory> memories = new ArrayList<>(2);

    private Flight(Accessor issuer, int lane, Kind kind, String what) {
        this.issuer = issuer;
        this.lane = lane;
        this.kind = kind;
        this.what = what;
        this.site = issuer.site(lane);
        this.copy = issuer.clock().issueCopy();
        this.instruction = issuer.instruction().index();
    }

    /// Starts one at the issuer's current instruction.
    ///
    /// @param lane the issuing lane, or -1 when the warp issues it together
    /// @param what names it in messages: `the bulk copy`, `the wgmma`
    public static Flight begin(Accessor issuer, int lane, Kind kind, String what) {
        return new Flight(issuer, lane, kind, what);
    }

    /// Adds a destination that one lane of a copy by several lanes writes.
    public boolean writes(CheckedMemory memory, int ofLane, long address, int bytes) {
        return add(memory, ofLane, address, bytes, true);
    }

    /// Adds a destination, checked against everything that is not ordered before the issue. False when part of it is no memory (reported).
    public boolean writes(CheckedMemory memory, long address, int bytes) {
        return add(memory, lane, address, bytes, true);
    }

    /// Adds a source that one lane of a copy by several lanes reads.
    public boolean reads(CheckedMemory memory, int ofLane, long address, int bytes) {
        return add(memory, ofLane, address, bytes, false);
    }

    /// Adds a source, checked for initialised bytes, order and (for the async proxy) the proxy fence. False when part of it is no memory (reported).
    public boolean reads(CheckedMemory memory, long address, int bytes) {
        return add(memory, lane, address, bytes, false);
    }

    /// [#reads] of a range of shared memory, if nothing is wrong with it; false leaves everything as it was.
    public boolean readsClean(SharedMemory memory, long address, int bytes) {
        if (!mayRead(memory, address, bytes)) {
            return false;
        }
        return add(memory, lane, address, bytes, false, true);
    }

    private boolean mayRead(SharedMemory memory, long address, int bytes) {
        Clock clock = issuer.clock();
        int by = lane < 0 ? Stamp.MANY : lane;
        for (long at = address; at < address + bytes; ) {
            Page page = memory.page(at);
            int n = page == null ? 1 : (int) Math.min(address + bytes - at, page.address + Shadow.BYTES - at);
            int offset = page == null ? 0 : (int) (at - page.address);
            if (page == null || !page.holds(at, n) || page.shadow.flights.over(offset, n, false) || !page.shadow.ready.covers(offset, n)
                    || !page.shadow.writesFenced(clock)
                    && page.shadow.writeWithout(offset, n, w -> clock.before(w, by) && clock.proxyFenced(w, true),
                            w -> clock.beforeAnyLane(w) && clock.proxyFencedByAll(w, true)) != 0) {
                return false;
            }
            at += n;
        }
        return true;
    }

    private boolean add(CheckedMemory memory, int lane, long address, int bytes, boolean write) {
        return add(memory, lane, address, bytes, write, false);
    }

    private boolean add(CheckedMemory memory, int lane, long address, int bytes, boolean write, boolean checked) {
        for (long at = address; at < address + bytes; ) {
            Page page = memory.page(at);
            int n = page == null ? 1 : (int) Math.min(address + bytes - at, page.address + Shadow.BYTES - at);
            if (page == null || !page.holds(at, n)) {
                Reports.outOfBounds(issuer, lane, memory, address, bytes, write ? "write" : "read");
                return false;
            }
            memory.lock(issuer, page);
            try {
                if (!checked) {
                    check(memory, lane, page, (int) (at - page.address), n, write);
                }
                page.shadow.flights.mark(write, (int) (at - page.address), n, 1);
            } finally {
                memory.unlock(issuer, page);
            }
            at += n;
        }
        synchronized (ranges) {
            ranges.add(new Range(memory, lane, address, bytes, write));
        }
        if (!memories.contains(memory)) {
            memories.add(memory);
            memory.enter(this);
        }
        return true;
    }

    private void check(CheckedMemory memory, int lane, Page page, int offset, int bytes, boolean write) {
        Shadow shadow = page.shadow;
        Clock clock = issuer.clock();
        long address = page.address + offset;
        int by = lane < 0 ? Stamp.MANY : lane;
        if (!shadow.flights.none() && shadow.flights.over(offset, bytes, write)) {
            Reports.inFlight(issuer, lane, memory, address, bytes, write ? "writes" : "reads", memory.flightOver(address, bytes, !write));
            return;
        }
        if (write) {
            long found = shadow.unorderedAccess(offset, bytes, clock.stamp(instruction, Stamp.WEAK) | by, clock);
            if (found != 0) {
                Reports.race(issuer, lane, memory, address, bytes, 0, found, "overwrites", shadow.collidedWithRead() ? "read" : "written");
            }
            return;
        }
        if (!shadow.ready.covers(offset, bytes)) {
            Reports.uninitialised(issuer, lane, memory, address, bytes, page.get(offset, 4));
        }
        long found = shadow.writeWithout(offset, bytes, w -> clock.before(w, by), clock::beforeAnyLane);
        if (found != 0) {
            Reports.race(issuer, lane, memory, address, bytes, page.get(offset, 4), found, "reads", "written");
        } else if (kind != Kind.CP_ASYNC) {
            boolean shared = memory.space() == Space.SHARED;
            long unfenced = shadow.writeWithout(offset, bytes, w -> clock.proxyFenced(w, shared), w -> clock.proxyFencedByAll(w, shared));
            if (unfenced != 0) {
                Reports.missingFence(issuer, lane, memory, address, bytes, unfenced);
            }
        }
    }

    /// The sources may be written again (`wait_group.read`); destinations stay in flight.
    public void sourcesRead() {
        take(range -> !range.write()).forEach(this::end);
    }

    /// Ends it for the ranges of some lanes.
    public void landed(int lanes) {
        take(range -> (lanes >>> range.lane() & 1) != 0).forEach(this::end);
        boolean last;
        synchronized (ranges) {
            last = ranges.isEmpty();
        }
        if (last) {
            landed();
        }
    }

    /// Ends it: what it wrote counts as written, what it read as read.
    public void landed() {
        List<Range> all = take(_ -> true);
        all.forEach(this::end);
        memories.forEach(memory -> memory.leave(this));
    }

    private List<Range> take(Predicate<Range> which) {
        synchronized (ranges) {
            List<Range> taken = ranges.stream().filter(which).toList();
            ranges.removeIf(which);
            return taken;
        }
    }

    private void end(Range range) {
        Clock clock = issuer.clock();
        long stamp = (kind == Kind.BULK ? moment() & -64L : clock.stamp(instruction, Stamp.WEAK)) | range.by();
        for (long at = range.address(); at < range.address() + range.bytes(); ) {
            Page page = range.memory().page(at);
            int offset = (int) (at - page.address);
            int n = (int) Math.min(range.address() + range.bytes() - at, Shadow.BYTES - offset);
            range.memory().lock(issuer, page);
            try {
                page.shadow.flights.mark(range.write(), offset, n, -1);
                if (range.write()) {
                    page.shadow.stampWrite(offset, n, stamp);
                } else {
                    page.shadow.stampRead(range.memory().sideFor(issuer, page), offset, n, stamp, clock);
                }
            } finally {
                range.memory().unlock(issuer, page);
            }
            at += n;
        }
    }

    /// What waiting for it teaches: join it into what the wait's clock acquires.
    public Snapshot done() {
        return issuer.clock().copyDone(copy);
    }

    /// When it was done, as a moment that [Clock#knows] can be asked for: who has acquired [#done] knows it.
    public long moment() {
        return Stamp.of(copy, instruction, issuer.clock().block(), 32 + issuer.clock().warp(), Stamp.WEAK) | Stamp.MANY;
    }

    public String what() {
        return what;
    }

    /// Where it was issued.
    public Finding.Site site() {
        return site;
    }

    int block() {
        return issuer.clock().block();
    }

    boolean covers(CheckedMemory memory, long address, int bytes, boolean writesOnly) {
        synchronized (ranges) {
            return ranges.stream().anyMatch(r -> r.memory() == memory && r.address() < address + bytes && address < r.address() + r.bytes()
                    && (r.write() || !writesOnly));
        }
    }
}
