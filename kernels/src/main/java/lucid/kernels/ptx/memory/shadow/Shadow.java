package lucid.kernels.ptx.memory.shadow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongPredicate;
import lucid.kernels.ptx.memory.order.Access;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Newest;
import lucid.kernels.ptx.memory.order.Runs;
import lucid.kernels.ptx.memory.order.Stamp;

/// What is known about 16 KB of memory besides its content: which bytes have been written, who wrote each granule last, who has read it since
/// ([Readers]), and which granules asynchronous copies are working on.
///
/// The race check is FastTrack (Flanagan and Freund 2009): the last write as one [Stamp], reads likewise as far as they are ordered. A granule has 4
/// bytes until a narrower access comes by; then the whole page is cut finer, so that neighbours in one word never collide. Who only reads holds the
/// lock of its side, who changes anything else holds those of the page and of all sides.
public final class Shadow {
    public static final int BYTES = 1 << 14;
    /// Sides of a page of global memory, at most: worker threads share them when there are more.
    public static final int SIDES = 8;
    /// Granules that are looked at together: long enough for vector code, short enough to be one warp's.
    private static final int CHUNK = 64;
    private static final Readers[] NONE = {};
    private static final VarHandle SIDE = MethodHandles.arrayElementVarHandle(Readers[].class);

    public final ReadyBits ready;
    public final FlightCounts flights;
    private final int bytes;
    /// Its accesses come from the warps of one block, or of one cluster.
    private final boolean shared;
    int shift = 2;
    /// The last writes; null as long as there are none.
    long[] writer;
    /// Empty before the first read.
    private Readers[] sides = NONE;
    /// The newest writes of shared memory; null for global memory.
    private final Newest newest;
    /// After a write that collided: whether the earlier access was a read.
    private boolean collidedWithRead;

    /// @param bytes of the page that may be accessed
    /// @param shared keep every reader (shared memory), or two of them (global memory)
    public Shadow(int bytes, boolean shared) {
        this.bytes = bytes;
        this.shared = shared;
        ready = new ReadyBits(bytes);
        flights = new FlightCounts(bytes);
        newest = shared ? new Newest() : null;
    }

    /// Forgets all accesses: a kernel boundary orders everything.
    void forgetAccesses() {
        writer = null;
        if (shared) {
            newest.forget();
        }
        sides = NONE;
        flights.clear();
    }

    // --- granules and sides ---

    /// The readers that are kept for some of the worker threads; null before the first one reads.
    public Readers side(int number) {
        Readers[] there = sides;
        return there.length == 0 ? null : (Readers) SIDE.getAcquire(there, number);
    }

    /// [#side], made if there is none. Under the page's lock.
    ///
    /// @param me whose side it is alone; null if several threads share it, or if there is but one thread
    public Readers makeSide(int number, Worker me) {
        if (sides.length == 0) {
            sides = new Readers[shared ? 1 : SIDES];
        }
        if (sides[number] == null) {
            Readers side = shared ? new AgentReaders(bytes, shift) : new LastReaders(bytes, shift);
            side.give(me);
            SIDE.setRelease(sides, number, side);
        }
        return sides[number];
    }

    /// Takes every side; the page's lock is held, so that no side can be added and nobody asks for this thread's own.
    void lockSides(Worker me, Page page) {
        for (Readers side : sides) {
            if (side != null && !side.isOf(me)) {
                me.hold(page);
                side.await(me);
                me.hold(null);
            }
        }
    }

    void unlockSides(Worker me) {
        for (Readers side : sides) {
            if (side != null) {
                side.release(me);
            }
        }
    }

    /// Whether granules are too large for accesses of that many bytes.
    public boolean coarserThan(int width) {
        return 1 << shift > width;
    }

    /// Cuts the granules finer when the access needs it. Under all locks.
    public void refine(int width) {
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
    int log(int width) {
        return Integer.numberOfTrailingZeros(width) - shift;
    }

    void needWriters() {
        if (writer == null) {
            writer = new long[granules()];
        }
    }

    /// Every write of the page has happened before what any lane does now; false when that is not sure.
    private boolean writesBefore(Clock clock) {
        return writer == null || shared && newest.before(clock);
    }

    boolean writesBefore(int from, int n, Clock clock) {
        return writesBefore(clock) || n <= 2 * CHUNK && Runs.settled(writer, from, n, clock);
    }

    /// Nobody has written there.
    public boolean untouched(int offset, int bytes) {
        int from = offset >> shift;
        return writer == null || writer[from] == 0 && Runs.same(writer, from, (offset + bytes - 1 >> shift) - from + 1);
    }

    // --- one lane ---

    /// Notes a read; returns the earlier write that it races with, or 0. Under all locks.
    public long read(Readers side, int offset, int bytes, long stamp, Access how, Clock clock) {
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
    public long write(int offset, int bytes, long stamp, Clock clock) {
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

    long collision(int g, long stamp, Clock clock) {
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
            newest.note(stamp);
        }
    }

    public boolean collidedWithRead() {
        return collidedWithRead;
    }

    /// The write that a granule remembers, or 0.
    public long writerAt(int offset) {
        return writer == null ? 0 : writer[offset >> shift];
    }

    /// A read by `ld.global.nc` that a granule remembers, or 0.
    public long nonCoherentReaderAt(int offset) {
        for (Readers side : sides) {
            long read = side == null || !side.nonCoherent ? 0 : side.at(offset >> side.shift);
            if (read != 0) {
                return read;
            }
        }
        return 0;
    }

    public boolean nonCoherent() {
        boolean found = false;
        for (Readers side : sides) {
            found |= side != null && side.nonCoherent;
        }
        return found;
    }

    // --- neighbouring lanes at once ---

    /// Notes a weak read by lanes 0, 1, ... of neighbouring places, when that is free of findings; false leaves everything as it was.
    public boolean readRun(Readers side, int offset, int lanes, int bytes, long stamp, Clock clock) {
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
    public boolean writeRun(int offset, int lanes, int bytes, long stamp, Clock clock) {
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

    void written(int from, int n, long stamp) {
        wrote(stamp);
        for (Readers side : sides) {
            if (side != null) {
                side.written(from, n);
            }
        }
    }

    // --- lanes that lie in a known way, all of them in initialised bytes that no copy works on ---

    /// Notes weak reads, when they are free of findings; false leaves everything as it was.
    ///
    /// @param origin the address of offset 0
    /// @param offset of the lowest lane
    public boolean readPattern(Readers side, LanePattern pattern, long[] addresses, long origin, int offset, long stamp, Clock clock) {
        int from = offset >> shift;
        if (pattern.run) {
            return readRun(side, offset, pattern.lanes(), pattern.bytes, stamp, clock);
        }
        if (!writesBefore(from, (int) (pattern.span >> shift), clock)) {
            return false;
        }
        int width = 1 << log(pattern.bytes);
        if (pattern.same) {
            for (int g = from; g < from + width; g++) {
                side.note(g, stamp | Stamp.MANY, clock, Stamp.MANY);
            }
        } else if (!pattern.dense || !side.noteDense(from, (int) (pattern.span >> shift), stamp | Stamp.MANY, clock)) {
            side.noteLanes(pattern.places, pattern.crowded, addresses, origin, width, stamp, clock);
        }
        return true;
    }

    /// Notes weak writes of lanes at different places, when they are free of findings; false leaves everything as it was.
    public boolean writePattern(LanePattern pattern, long[] addresses, long origin, int offset, long stamp, Clock clock) {
        if (pattern.run) {
            return writeRun(offset, pattern.lanes(), pattern.bytes, stamp, clock);
        }
        refine(pattern.bytes);
        int from = offset >> shift;
        int n = (int) (pattern.span >> shift);
        int width = 1 << log(pattern.bytes);
        if (nonCoherent() || !writesBefore(from, n, clock) && !Scattered.settled(writer, pattern.mask, addresses, origin, shift, width, clock)
                || !readsBefore(from, n, clock)) {
            return false;
        }
        needWriters();
        for (int left = pattern.mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int g = (int) (addresses[lane] - origin) >> shift;
            for (int end = g + width; g < end; g++) {
                writer[g] = stamp | lane;
            }
        }
        wrote(stamp);
        for (Readers side : sides) {
            if (side != null) {
                side.writtenBy(pattern.mask, addresses, origin, width);
            }
        }
        return true;
    }

    boolean readsBefore(int from, int n, Clock clock) {
        for (Readers side : sides) {
            if (side != null && !side.allBefore(from, n, clock)) {
                return false;
            }
        }
        return true;
    }

    // --- ranges of asynchronous copies ---

    /// Every write of this page of shared memory has surely happened before what any lane does now, and been passed to the async proxy.
    public boolean writesFenced(Clock clock) {
        return shared && writesBefore(clock) && newest.fenced(clock);
    }

    /// The first write in the range that `good` does not hold for; 0 for none.
    ///
    /// @param whole a stricter and cheaper `good` that does not depend on the write's lane
    public long writeWithout(int offset, int bytes, LongPredicate good, LongPredicate whole) {
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
    public long unorderedAccess(int offset, int bytes, long stamp, Clock clock) {
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
    public void stampWrite(int offset, int bytes, long stamp) {
        needWriters();
        int from = offset >> shift;
        int to = offset + bytes + (1 << shift) - 1 >> shift;
        Arrays.fill(writer, from, to, stamp);
        written(from, to - from, stamp);
    }

    /// Notes a range as read, without a check.
    public void stampRead(Readers side, int offset, int bytes, long stamp, Clock clock) {
        side.noteRange(offset >> shift, offset + bytes + (1 << shift) - 1 >> shift, stamp, clock);
    }
}
