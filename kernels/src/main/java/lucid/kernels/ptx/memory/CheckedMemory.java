package lucid.kernels.ptx.memory;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Published;
import lucid.kernels.ptx.memory.order.Stamp;
import lucid.kernels.ptx.memory.shadow.LanePattern;
import lucid.kernels.ptx.memory.shadow.NearLanes;
import lucid.kernels.ptx.memory.shadow.Page;
import lucid.kernels.ptx.memory.shadow.Readers;
import lucid.kernels.ptx.memory.shadow.Scattered;
import lucid.kernels.ptx.memory.shadow.Shadow;
import lucid.kernels.ptx.memory.shadow.Worker;
import lucid.kernels.ptx.text.syntax.Space;

/// Memory that several warps share. A call serves all lanes of a warp: bounds, alignment, initialised bytes, races and copies in flight are
/// checked for every lane, once for all of them when they access neighbouring places.
///
/// After a finding a load gives bytes of 0xFF where there is no memory, and a store there is dropped.
public abstract sealed class CheckedMemory permits GlobalMemory, SharedMemory {
    private final boolean global = this instanceof GlobalMemory;
    private boolean concurrent;
    /// Every thread has a side of its own on the pages of global memory.
    private boolean ownSides = true;
    private final int firstLane;
    private final Set<Flight> flights = ConcurrentHashMap.newKeySet();

    /// Forgets copies that a launch which was stopped has left behind.
    final void forgetFlights() {
        flights.clear();
    }

    /// @param seed picks the order in which lanes of one atomic instruction take their turn; 0 for ascending
    CheckedMemory(long seed) {
        this.firstLane = seed == 0 ? 0 : (int) (seed * 0x9E3779B97F4A7C15L >>> 59);
    }

    /// The page of an address, or null where no memory is.
    abstract Page page(long address);

    /// Where an address lies that was found wrong: the nearest allocation or variable and the distance.
    public abstract String describe(long address, int bytes);

    /// `GLOBAL` or `SHARED`.
    public abstract Space space();

    /// How many threads access it at a time.
    final void setThreads(int threads) {
        concurrent = threads > 1;
        ownSides = threads <= Shadow.SIDES;
    }

    final void lock(Accessor who, Page page) {
        if (concurrent) {
            page.lock(who.traffic().worker());
        }
    }

    final void unlock(Accessor who, Page page) {
        if (concurrent) {
            page.unlock(who.traffic().worker());
        }
    }

    private int sideOf(Worker worker) { return concurrent ? worker.number % Shadow.SIDES : 0; }

    /// The side of a page on which this thread notes reads. Under all locks.
    final Readers sideFor(Accessor who, Page page) {
        Worker worker = who.traffic().worker();
        int number = sideOf(worker);
        if (ownSides || page.shadow.side(number) != null) {
            return page.shadow.makeSide(number, worker);
        }
        Readers side = page.shadow.makeSide(number, null);
        side.await(worker);
        return side;
    }

    /// The side of a page on which this thread notes reads of `bytes` a lane, taken.
    private Readers startReading(Accessor who, Page page, int bytes) {
        Worker worker = who.traffic().worker();
        Readers side = page.shadow.side(sideOf(worker));
        if (side == null || page.shadow.coarserThan(bytes)) {
            side = newSide(who, page, bytes);
        }
        if (concurrent) {
            side.take(worker);
        }
        return side;
    }

    /// Another thread's side need not be taken to make one's own beside it, only to cut the granules finer.
    private Readers newSide(Accessor who, Page page, int bytes) {
        Worker worker = who.traffic().worker();
        if (concurrent && ownSides && !page.shadow.coarserThan(bytes)) {
            page.take(worker);
            Readers side = page.shadow.makeSide(sideOf(worker), worker);
            page.release(worker);
            if (!page.shadow.coarserThan(bytes)) { return side; }
        }
        lock(who, page);
        Readers side = sideFor(who, page);
        page.shadow.refine(bytes);
        unlock(who, page);
        return side;
    }

    private void stopReading(Accessor who, Readers side) {
        if (concurrent) {
            side.release(who.traffic().worker());
        }
    }

    /// Loads for the lanes of `mask`.
    ///
    /// @param addresses by lane, within this memory's own window
    /// @param bytes per lane: 1, 2, 4, 8 or 16
    /// @param out receives word `w` of lane `l` at `bases[w] + l`; narrower values are zero-extended
    /// @param bases one per 32-bit word
    public final void load(Accessor who, int mask, long[] addresses, int bytes, Access how, int[] out, int[] bases) {
        if (!how.strong()) {
            LanePattern pattern = who.traffic().pattern(who.at(), mask, addresses, bytes);
            if (pattern != null && loadPattern(who, pattern, addresses, how, out, bases)) {
                count(who, pattern, addresses);
                return;
            }
        }
        count(who, mask, addresses, bytes);
        int rest = how.strong() || how.nonCoherent() ? mask : loadScattered(who, mask, addresses, bytes, out, bases);
        for (int left = rest; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            loadLane(who, lane, addresses[lane], bytes, how, out, bases);
        }
    }

    /// Stores for the lanes of `mask`; arguments as for [#load].
    public final void store(Accessor who, int mask, long[] addresses, int bytes, Access how, int[] in, int[] bases) {
        if (!how.strong()) {
            LanePattern pattern = who.traffic().pattern(who.at(), mask, addresses, bytes);
            if (pattern != null && storePattern(who, pattern, addresses, in, bases)) {
                count(who, pattern, addresses);
                return;
            }
        }
        count(who, mask, addresses, bytes);
        int rest = how.strong() ? mask : storeScattered(who, mask, addresses, bytes, in, bases);
        StoreLanes.store(this, who, mask, rest, addresses, bytes, how, in, bases);
    }

    /// The page that holds all lanes of an aligned access, or null.
    private Page pageOf(LanePattern pattern, long base) {
        Page page = page(base + pattern.low);
        return page != null && pattern.aligned && (base & pattern.bytes - 1) == 0 && page.holds(base + pattern.low, pattern.span) ? page : null;
    }

    /// A load that is free of findings; false leaves everything as it was.
    private boolean loadPattern(Accessor who, LanePattern pattern, long[] addresses, Access how, int[] out, int[] bases) {
        long base = addresses[pattern.first];
        Page page = pageOf(pattern, base);
        if (page == null) {
            return false;
        }
        int bytes = pattern.bytes;
        int offset = (int) (base + pattern.low - page.address);
        int span = (int) pattern.span;
        Shadow shadow = page.shadow;
        Clock clock = who.clock();
        Readers side = startReading(who, page, bytes);
        try {
            if (how.nonCoherent() && !shadow.untouched(offset, span) || !shadow.flights.none() && shadow.flights.over(offset, span, false)
                    || !shadow.ready.covers(offset, span)
                    || !shadow.readPattern(side, pattern, addresses, page.address, offset, clock.stamp(who.at(), Stamp.WEAK), clock)) {
                return false;
            }
            side.nonCoherent |= how.nonCoherent();
            if (pattern.run) {
                Lanes.gather(page.data, page.origin + offset, pattern.lanes(), bytes, out, bases);
            } else if (pattern.same) {
                Lanes.get(page.data, page.origin + offset, 0, bytes, out, bases);
            } else if (!NearLanes.gather(page.data, page.origin + offset, pattern, out, bases)) {
                Lanes.gather(page.data, page.origin - page.address, pattern.mask, addresses, bytes, out, bases);
            }
        } finally {
            stopReading(who, side);
        }
        if (pattern.same) {
            Lanes.spread(bytes, out, bases);
        }
        return true;
    }

    /// A store that is free of findings; false leaves everything as it was.
    private boolean storePattern(Accessor who, LanePattern pattern, long[] addresses, int[] in, int[] bases) {
        long base = addresses[pattern.first];
        Page page = pattern.crowded != 0 ? null : pageOf(pattern, base);
        if (page == null) {
            return false;
        }
        int bytes = pattern.bytes;
        int offset = (int) (base + pattern.low - page.address);
        Shadow shadow = page.shadow;
        Clock clock = who.clock();
        lock(who, page);
        try {
            if (!shadow.flights.none() && shadow.flights.over(offset, (int) pattern.span, true)
                    || !shadow.writePattern(pattern, addresses, page.address, offset, clock.stamp(who.at(), Stamp.WEAK), clock)) {
                return false;
            }
            if (pattern.run) {
                shadow.ready.add(offset, (int) pattern.span);
                Lanes.scatter(page.data, page.origin + offset, pattern.lanes(), bytes, in, bases);
            } else {
                shadow.ready.add(pattern.mask, addresses, page.address, bytes);
                Lanes.scatter(page.data, page.origin - page.address, pattern.mask, addresses, bytes, in, bases);
            }
        } finally {
            unlock(who, page);
        }
        return true;
    }

    private void count(Accessor who, LanePattern pattern, long[] addresses) {
        if (global) {
            who.traffic().global(who.at(), pattern, addresses);
        } else {
            who.traffic().shared(who.at(), pattern);
        }
    }

    /// Loads the lanes whose access is free of findings, page by page; returns the others.
    private int loadScattered(Accessor who, int mask, long[] addresses, int bytes, int[] out, int[] bases) {
        int rest = 0;
        for (int left = mask; left != 0; ) {
            int first = left & -left;
            Page page = page(addresses[Integer.numberOfTrailingZeros(left)]);
            int here = page == null ? 0 : page.lanes(left, addresses, bytes);
            left &= ~(here | first);
            if ((here & first) == 0) {
                rest |= here | first;
                continue;
            }
            Clock clock = who.clock();
            Readers side = startReading(who, page, bytes);
            try {
                int clean = Scattered.read(page.shadow, side, here, addresses, page.address, bytes, clock.stamp(who.at(), Stamp.WEAK), clock);
                Lanes.gather(page.data, page.origin - page.address, clean, addresses, bytes, out, bases);
                rest |= here & ~clean;
            } finally {
                stopReading(who, side);
            }
        }
        return rest;
    }

    /// Stores the lanes whose access is free of findings, page by page; returns the others.
    private int storeScattered(Accessor who, int mask, long[] addresses, int bytes, int[] in, int[] bases) {
        int rest = 0;
        for (int left = mask; left != 0; ) {
            int first = left & -left;
            Page page = page(addresses[Integer.numberOfTrailingZeros(left)]);
            int here = page == null ? 0 : page.lanes(left, addresses, bytes);
            left &= ~(here | first);
            if ((here & first) == 0) {
                rest |= here | first;
                continue;
            }
            Clock clock = who.clock();
            lock(who, page);
            try {
                int clean = Scattered.write(page.shadow, here, addresses, page.address, bytes, clock.stamp(who.at(), Stamp.WEAK), clock);
                page.shadow.ready.add(clean, addresses, page.address, bytes);
                Lanes.scatter(page.data, page.origin - page.address, clean, addresses, bytes, in, bases);
                rest |= here & ~clean;
            } finally {
                unlock(who, page);
            }
        }
        return rest;
    }

    private void loadLane(Accessor who, int lane, long address, int bytes, Access how, int[] out, int[] bases) {
        Page page = checked(who, lane, address, bytes, "read");
        if (page == null) {
            for (int w = 0; w << 2 < bytes; w++) {
                out[bases[w] + lane] = bytes >= 4 ? -1 : -1 >>> 32 - 8 * bytes;
            }
            return;
        }
        int offset = (int) (address - page.address);
        Clock clock = who.clock();
        lock(who, page);
        try {
            readChecks(who, lane, page, offset, bytes, how);
            long stamp = clock.stamp(who.instruction().index(), how.kind()) | lane;
            long conflict = page.shadow.read(sideFor(who, page), offset, bytes, stamp, how, clock);
            if (conflict != 0) {
                Reports.race(who, lane, this, address, bytes, page.get(offset, Math.min(bytes, 8)), conflict, "reads", "written");
            }
            if (how.strong()) {
                clock.observe(page.published(offset), how, lane);
            }
            Lanes.get(page.data, page.origin + offset, lane, bytes, out, bases);
        } finally {
            unlock(who, page);
        }
    }

    private void readChecks(Accessor who, int lane, Page page, int offset, int bytes, Access how) {
        Shadow shadow = page.shadow;
        if (!shadow.flights.none() && shadow.flights.over(offset, bytes, false)) {
            Reports.inFlight(who, lane, this, page.address + offset, bytes, "reads", flightOver(page.address + offset, bytes, true));
        } else if (!shadow.ready.covers(offset, bytes)) {
            Reports.uninitialised(who, lane, this, page.address + offset, bytes, page.get(offset, Math.min(bytes, 8)));
        }
        if (how.nonCoherent() && shadow.writerAt(offset) != 0) {
            Reports.nonCoherent(who, lane, this, page.address + offset, shadow.writerAt(offset), true);
        }
    }

    /// The page of one lane's access, or null after a finding.
    final Page checked(Accessor who, int lane, long address, int bytes, String verb) {
        Page page = page(address);
        if (page == null || !page.holds(address, bytes)) {
            Reports.outOfBounds(who, lane, this, address, bytes, verb);
            return null;
        }
        if ((address & bytes - 1) != 0) {
            Reports.misaligned(who, lane, this, address, bytes, verb);
            return null;
        }
        return page;
    }

    /// A read-modify-write of one location: the new value from the old one and the instruction's operands.
    @FunctionalInterface
    public interface Update {
        long apply(long old, long a, long b);
    }

    /// Atomic read-modify-writes for the lanes of `mask`, one after the other in an order that depends on the seed.
    ///
    /// @param bytes 2, 4 or 8
    /// @param a first operand by lane
    /// @param b second operand by lane (`cas`), else anything as long
    /// @param old receives the value found, zero-extended
    public final void atomic(Accessor who, int mask, long[] addresses, int bytes, Access how, Update update, long[] a, long[] b, long[] old) {
        count(who, mask, addresses, bytes);
        update(who, mask, addresses, bytes, how, update, a, b, old);
    }

    /// [#atomic] of asynchronous work, which was counted when it was issued.
    public final void update(Accessor who, int mask, long[] addresses, int bytes, Access how, Update update, long[] a, long[] b, long[] old) {
        for (int i = 0; i < 32; i++) {
            int lane = i + firstLane & 31;
            if ((mask >>> lane & 1) != 0) {
                old[lane] = atomicLane(who, lane, addresses[lane], bytes, how, update, a[lane], b[lane]);
            }
        }
    }

    private long atomicLane(Accessor who, int lane, long address, int bytes, Access how, Update update, long a, long b) {
        Page page = checked(who, lane, address, bytes, "update");
        if (page == null) {
            return -1L >>> 64 - 8 * bytes;
        }
        int offset = (int) (address - page.address);
        Clock clock = who.clock();
        lock(who, page);
        try {
            readChecks(who, lane, page, offset, bytes, how);
            Published found = page.published(offset);
            clock.observe(found, how, lane);
            long stamp = clock.stamp(who.instruction().index(), how.kind()) | lane;
            long conflict = page.shadow.write(offset, bytes, stamp, clock);
            long value = page.get(offset, bytes);
            if (conflict != 0) {
                Reports.race(who, lane, this, address, bytes, value, conflict, "updates", page.shadow.collidedWithRead() ? "read" : "written");
            }
            page.publish(offset, Published.continued(found, clock.publish(how)));
            page.set(offset, bytes, update.apply(value, a, b));
            page.shadow.ready.add(offset, bytes);
            return value;
        } finally {
            unlock(who, page);
        }
    }

    private void count(Accessor who, int mask, long[] addresses, int bytes) {
        if (global) {
            who.traffic().global(who.instruction().index(), mask, addresses, bytes);
        } else {
            who.traffic().shared(who.instruction().index(), mask, addresses, bytes);
        }
    }

    // --- copies in flight, see Flight ---

    final void enter(Flight flight) {
        flights.add(flight);
    }

    final void leave(Flight flight) {
        flights.remove(flight);
    }

    /// A copy in flight over that range, for a message; null when it has just landed.
    final Flight flightOver(long address, int bytes, boolean writesOnly) {
        return flights.stream().filter(f -> f.covers(this, address, bytes, writesOnly)).findFirst().orElse(null);
    }

    /// Bytes as they are, without checks or traces: for copies that were checked when they were issued. False when part of the range is no memory.
    public final boolean peek(long address, byte[] into, int at, int bytes) {
        for (int done = 0; done < bytes; ) {
            Page page = page(address + done);
            int offset = page == null ? 0 : (int) (address + done - page.address);
            if (page == null || offset < page.from || offset >= page.to) {
                return false;
            }
            int n = Math.min(bytes - done, page.to - offset);
            System.arraycopy(page.data, page.origin + offset, into, at + done, n);
            done += n;
        }
        return true;
    }

    /// Writes bytes without checks or traces and marks them initialised, while no other thread accesses this memory. False when part of the range is
    /// no memory: what lies before it is written.
    public final boolean poke(long address, byte[] from, int at, int bytes) { return poke(null, address, from, at, bytes); }

    /// The same, at any time.
    public final boolean poke(Accessor who, long address, byte[] from, int at, int bytes) {
        for (int done = 0; done < bytes; ) {
            Page page = page(address + done);
            int offset = page == null ? 0 : (int) (address + done - page.address);
            if (page == null || offset < page.from || offset >= page.to) {
                return false;
            }
            int n = Math.min(bytes - done, page.to - offset);
            if (who != null) {
                lock(who, page);
            }
            try {
                System.arraycopy(from, at + done, page.data, page.origin + offset, n);
                page.shadow.ready.add(offset, n);
            } finally {
                if (who != null) {
                    unlock(who, page);
                }
            }
            done += n;
        }
        return true;
    }
}
