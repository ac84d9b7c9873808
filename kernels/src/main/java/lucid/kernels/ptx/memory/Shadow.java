package lucid.kernels.ptx.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongPredicate;

/// What is known about 16 KB of memory besides its content: which bytes have been written, who wrote each granule last, who has read it since ([Readers]), and which
/// granules asynchronous copies are working on.
///
/// The race check is FastTrack (Flanagan and Freund 2009): the last write as one [Stamp], reads likewise as far as they are ordered. A granule has 4 bytes until a narrower
/// access comes by; then the whole page is cut finer, so that neighbours in one word never collide. Who only reads holds the lock of its side, who changes anything else
/// holds those of the page and of all sides.
final class Shadow {
    static final int BYTES = 1 << 14;
    /// Sides of a page of global memory, at most: worker threads share them when there are more.
    static final int SIDES = 8;
    /// Granules that are looked at together: long enough for vector code, short enough to be one warp's.
    private static final int CHUNK = 64;
    private static final int NOBODY = -1;
    private static final int SEVERAL = -2;
    private static final VarHandle SIDE = MethodHandles.arrayElementVarHandle(Readers[].class);

    final ReadyBits ready;
    final FlightCounts flights;
    private final int bytes;
    /// Its accesses come from the warps of one block, or of one cluster.
    private final boolean shared;
    private int shift = 2;
    /// The last writes; null as long as there are none.
    private long[] writer;
    private final Readers[] sides;
    /// Newest write of shared memory by agent, and the block that these agents are of, as it is stamped.
    private final int[] newest;
    private int block = NOBODY;
    /// After a write that collided: whether the earlier access was a read.
    private boolean collidedWithRead;

    /// @param bytes of the page that may be accessed
    /// @param shared keep every reader (shared memory), or two of them (global memory)
    Shadow(int bytes, boolean shared) {
        this.bytes = bytes;
        this.shared = shared;
        ready = new ReadyBits(bytes);
        flights = new FlightCounts(bytes);
        sides = new Readers[shared ? 1 : SIDES];
        newest = shared ? new int[Snapshot.View.AGENTS] : null;
    }

    /// Forgets all accesses: a kernel boundary orders everything.
    void forgetAccesses() {
        writer = null;
        block = NOBODY;
        Arrays.fill(sides, null);
        flights.clear();
    }

    // --- granules and sides ---

    /// The readers that are kept for some of the worker threads; null before the first one reads.
    Readers side(int number) {
        return (Readers) SIDE.getAcquire(sides, number);
    }

    /// [#side], made if there is none. Under all locks, of which a new side's is one from then on.
    ///
    /// @param locking whether there are locks at all
    Readers makeSide(int number, boolean locking) {
        if (sides[number] == null) {
            Readers side = shared ? new AgentReaders(bytes, shift) : new LastReaders(bytes, shift);
            if (locking) {
                side.lock();
            }
            SIDE.setRelease(sides, number, side);
        }
        return sides[number];
    }

    /// Locks every side; the page's lock is held, so that no side can be added.
    void lockSides() {
        for (Readers side : sides) {
            if (side != null) {
                side.lock();
            }
        }
    }

    void unlockSides() {
        for (Readers side : sides) {
            if (side != null) {
                side.unlock();
            }
        }
    }

    /// Whether granules are too large for accesses of that many bytes.
    boolean coarserThan(int width) {
        return 1 << shift > width;
    }

    /// Cuts the granules finer when the access needs it. Under all locks.
    void refine(int width) {
        while (coarserThan(width)) {
            shift--;
            writer = twice(writer, granules());
            for (Readers side : sides) {
                if (side != null) {
                    side.refine();
                }
            }
        }
    }

    static long[] twice(long[] stamps, int granules) {
        if (stamps == null) {
            return null;
        }
        long[] finer = new long[granules];
        for (int i = 0; i < finer.length; i++) {
            finer[i] = stamps[i >> 1];
        }
        return finer;
    }

    private int granules() {
        return bytes + (1 << shift) - 1 >> shift;
    }

    /// log2 of the granules that an access of `width` bytes covers.
    private int log(int width) {
        return Integer.numberOfTrailingZeros(width) - shift;
    }

    private void needWriters() {
        if (writer == null) {
            writer = new long[granules()];
        }
    }

    /// Every write of the page has happened before what any lane does now; false when that is not sure.
    private boolean writesBefore(Clock clock) {
        return writer == null || shared && (block == NOBODY || clock.isOf(block) && clock.follows(newest));
    }

    private boolean writesBefore(int from, int n, Clock clock) {
        return writesBefore(clock) || n <= 2 * CHUNK && Runs.settled(writer, from, n, clock);
    }

    /// Nobody has written there.
    boolean untouched(int offset, int bytes) {
        int from = offset >> shift;
        return writer == null || writer[from] == 0 && Runs.same(writer, from, (offset + bytes - 1 >> shift) - from + 1);
    }

    // --- one lane ---

    /// Notes a read; returns the earlier write that it races with, or 0. Under all locks.
    long read(Readers side, int offset, int bytes, long stamp, Access how, Clock clock) {
        refine(bytes);
        int from = offset >> shift;
        int to = from + (1 << log(bytes));
        side.nonCoherent |= how.nonCoherent();
        long conflict = 0;
        int lane = Stamp.lane(stamp);
        for (int g = from; g < to; g++) {
            long write = writer == null ? 0 : writer[g];
            if (write != 0 && !clock.before(write, lane) && !Stamp.morallyStrong(write, stamp)) {
                conflict = write;
            }
            side.note(g, stamp, clock, lane);
        }
        return conflict;
    }

    /// Notes a write; returns the earlier access that it races with, or 0; [#collidedWithRead] tells which.
    long write(int offset, int bytes, long stamp, Clock clock) {
        refine(bytes);
        int from = offset >> shift;
        int n = 1 << log(bytes);
        needWriters();
        long conflict = 0;
        for (int g = from; g < from + n; g++) {
            long found = collision(g, stamp, clock);
            conflict = found == 0 ? conflict : found;
        }
        Arrays.fill(writer, from, from + n, stamp);
        wrote(stamp);
        for (Readers side : sides) {
            if (side != null) {
                side.clear(from, n);
            }
        }
        return conflict;
    }

    private long collision(int g, long stamp, Clock clock) {
        long write = writer[g];
        if (write != 0 && !clock.before(write, Stamp.lane(stamp)) && !Stamp.morallyStrong(write, stamp)) {
            collidedWithRead = false;
            return write;
        }
        for (Readers side : sides) {
            long read = side == null ? 0 : side.unordered(g, stamp, clock);
            if (read != 0) {
                collidedWithRead = true;
                return read;
            }
        }
        return 0;
    }

    private void wrote(long stamp) {
        if (shared) {
            int agent = Stamp.agent(stamp);
            newest[agent] = Math.max(newest[agent], Stamp.time(stamp));
            block = block == NOBODY || block == Stamp.block(stamp) ? Stamp.block(stamp) : SEVERAL;
        }
    }

    boolean collidedWithRead() {
        return collidedWithRead;
    }

    /// The write that a granule remembers, or 0.
    long writerAt(int offset) {
        return writer == null ? 0 : writer[offset >> shift];
    }

    /// A read by `ld.global.nc` that a granule remembers, or 0.
    long nonCoherentReaderAt(int offset) {
        for (Readers side : sides) {
            long read = side == null || !side.nonCoherent ? 0 : side.at(offset >> side.shift);
            if (read != 0) {
                return read;
            }
        }
        return 0;
    }

    boolean nonCoherent() {
        boolean found = false;
        for (Readers side : sides) {
            found |= side != null && side.nonCoherent;
        }
        return found;
    }

    // --- neighbouring lanes at once ---

    /// Notes a weak read by lanes 0, 1, ... of neighbouring places, when that is free of findings; false leaves everything as it was.
    boolean readRun(Readers side, int offset, int lanes, int bytes, long stamp, Clock clock) {
        int laneShift = log(bytes);
        int from = offset >> shift;
        int n = lanes << laneShift;
        if (!writesBefore(clock) && !Runs.ordered(writer, from, n, laneShift, clock)) {
            return false;
        }
        side.noteRun(from, n, laneShift, stamp, clock);
        return true;
    }

    /// Notes a weak write by lanes 0, 1, ... to neighbouring places, when that is free of findings; false leaves everything as it was.
    boolean writeRun(int offset, int lanes, int bytes, long stamp, Clock clock) {
        refine(bytes);
        int laneShift = log(bytes);
        int from = offset >> shift;
        int n = lanes << laneShift;
        if (!writesBefore(clock) && !Runs.ordered(writer, from, n, laneShift, clock)) {
            return false;
        }
        for (Readers side : sides) {
            if (side != null && (side.nonCoherent || !side.runBefore(from, n, laneShift, clock))) {
                return false;
            }
        }
        needWriters();
        Runs.fill(writer, from, n, laneShift, stamp);
        written(from, n, stamp);
        return true;
    }

    private void written(int from, int n, long stamp) {
        wrote(stamp);
        for (Readers side : sides) {
            if (side != null) {
                side.written(from, n);
            }
        }
    }

    // --- all lanes at one place ---

    /// Notes a weak read of one place by all 32 lanes; false when it is not surely free of findings, and nothing has been noted.
    boolean readByAll(Readers side, int offset, int bytes, long stamp, Clock clock) {
        int n = 1 << log(bytes);
        if (!flights.none() && flights.over(offset, bytes, false) || !ready.coversAligned(offset, bytes)) {
            return false;
        }
        int from = offset >> shift;
        if (!writesBefore(clock)) {
            for (int g = from; g < from + n; g++) {
                if (writer[g] != 0 && !clock.beforeAnyLane(writer[g])) {
                    return false;
                }
            }
        }
        for (int g = from; g < from + n; g++) {
            side.note(g, stamp | Stamp.MANY, clock, Stamp.MANY);
        }
        return true;
    }

    // --- lanes at places of their own ---

    /// Notes weak reads of the lanes of `mask`, each at its address minus `origin`; returns the lanes for which that was free of findings.
    int readLanes(Readers side, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        int lowest = Scattered.lowest(mask, addresses, origin);
        int span = Scattered.highest(mask, addresses, origin) + bytes - lowest;
        int clean = flights.none() && ready.covers(lowest, span) && writesBefore(lowest >> shift, span >> shift, clock) ? mask
                : readableLanes(mask, addresses, origin, bytes, clock);
        if (clean != 0) {
            side.noteLanes(clean, addresses, origin, 1 << log(bytes), stamp, clock);
        }
        return clean;
    }

    private int readableLanes(int mask, long[] addresses, long origin, int bytes, Clock clock) {
        boolean still = flights.none();
        int clean = 0;
        long good = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            if (ready.coversAligned(offset, bytes) && (still || !flights.over(offset, bytes, false))) {
                long ordered = writer == null ? good : Scattered.ordered(writer, offset >> shift, 1 << log(bytes), lane, clock, good);
                good = ordered >= 0 ? ordered : good;
                clean |= ordered >= 0 ? 1 << lane : 0;
            }
        }
        return clean;
    }

    /// Notes weak writes of the lanes of `mask`; returns the lanes for which that was free of findings.
    int writeLanes(int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        refine(bytes);
        needWriters();
        if (nonCoherent()) {
            return 0;
        }
        int width = 1 << log(bytes);
        int lowest = Scattered.lowest(mask, addresses, origin);
        int span = Scattered.highest(mask, addresses, origin) + bytes - lowest;
        boolean near = flights.none() && writesBefore(lowest >> shift, span >> shift, clock) && readsBefore(lowest >> shift, span >> shift, clock);
        int clean = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            int from = offset >> shift;
            if (near ? Scattered.foreign(writer, from, width, stamp) : free(offset, bytes, width, stamp | lane, clock)) {
                clean |= 1 << lane;
                for (int g = from; g < from + width; g++) {
                    writer[g] = stamp | lane;
                }
                written(from, width, stamp);
            }
        }
        return clean;
    }

    private boolean readsBefore(int from, int n, Clock clock) {
        for (Readers side : sides) {
            if (side != null && !side.allBefore(from, n, clock)) {
                return false;
            }
        }
        return true;
    }

    private boolean free(int offset, int bytes, int width, long stamp, Clock clock) {
        boolean free = flights.none() || !flights.over(offset, bytes, true);
        int from = offset >> shift;
        for (int g = from; free && g < from + width; g++) {
            free = collision(g, stamp, clock) == 0;
        }
        return free;
    }

    // --- ranges of asynchronous copies ---

    /// The first write in the range that `good` does not hold for; 0 for none.
    ///
    /// @param whole a stricter and cheaper `good` that does not depend on the write's lane
    long writeWithout(int offset, int bytes, LongPredicate good, LongPredicate whole) {
        int from = offset >> shift;
        int end = offset + bytes + (1 << shift) - 1 >> shift;
        long passed = 0;
        for (int at = from; writer != null && at < end; at += CHUNK) {
            int n = Math.min(CHUNK, end - at);
            long first = writer[at];
            if (Runs.uniform(writer, at, n) && (first >>> Stamp.LANE_BITS == passed || whole.test(first))) {
                passed = first >>> Stamp.LANE_BITS;
                continue;
            }
            long found = eachWithout(at, n, good);
            if (found != 0) {
                return found;
            }
        }
        return 0;
    }

    private long eachWithout(int from, int n, LongPredicate good) {
        long last = 0;
        for (int g = from; g < from + n; g++) {
            long write = writer[g];
            if (write != last && write != 0 && !good.test(write)) {
                return write;
            }
            last = write;
        }
        return 0;
    }

    /// The first access in the range that has not happened before; 0 for none.
    long unorderedAccess(int offset, int bytes, long stamp, Clock clock) {
        needWriters();
        int to = offset + bytes + (1 << shift) - 1 >> shift;
        int from = offset >> shift;
        if (writesBefore(clock) && readsBefore(from, to - from, clock)) {
            return 0;
        }
        for (int g = from; g < to; g = runEnd(g, to)) {
            long found = collision(g, stamp, clock);
            if (found != 0) {
                return found;
            }
        }
        return 0;
    }

    /// Where the run of granules that begins at `from` ends: within it writer and readers are the same.
    private int runEnd(int from, int to) {
        int end = Runs.end(writer, from, to);
        for (Readers side : sides) {
            end = side == null ? end : side.end(from, end);
        }
        return end;
    }

    /// Stamps a range as written, without a check.
    void stampWrite(int offset, int bytes, long stamp) {
        needWriters();
        int from = offset >> shift;
        int to = offset + bytes + (1 << shift) - 1 >> shift;
        Arrays.fill(writer, from, to, stamp);
        written(from, to - from, stamp);
    }

    /// Notes a range as read, without a check.
    void stampRead(Readers side, int offset, int bytes, long stamp, Clock clock) {
        side.noteRange(offset >> shift, offset + bytes + (1 << shift) - 1 >> shift, stamp, clock);
    }
}
