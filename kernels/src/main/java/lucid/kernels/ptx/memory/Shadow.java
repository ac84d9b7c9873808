package lucid.kernels.ptx.memory;

import java.util.Arrays;
import java.util.function.LongPredicate;

/// What is known about 16 KB of memory besides its content: which bytes have been written, who wrote and who read each granule last, and which
/// granules asynchronous copies are working on.
///
/// The race check is FastTrack (Flanagan and Freund 2009): the last write as one [Stamp], the last read as another as long as reads are ordered,
/// and the concurrent readers besides ([#second]) when they are not. A granule has 4 bytes until a narrower access comes by; then the
/// whole page is cut finer, so that neighbours in one word never collide. Calls come under the page's lock.
final class Shadow extends Granules {
    static final int BYTES = 1 << 14;
    /// Granules that are looked at together: long enough for vector code, short enough to be one warp's.
    private static final int CHUNK = 64;

    final ReadyBits ready;
    final FlightCounts flights;
    /// True when `ld.global.nc` has read here: then every write looks for such a reader.
    private boolean nonCoherent;
    /// After a write that collided: whether the earlier access was a read.
    private boolean collidedWithRead;

    /// @param bytes of the page that may be accessed
    /// @param sets where concurrent readers are kept one by one (shared memory), or null to keep two of them (global memory)
    Shadow(int bytes, ReaderSets sets) {
        super(bytes, sets);
        ready = new ReadyBits(bytes);
        flights = new FlightCounts(bytes);
    }

    /// Forgets all accesses: a kernel boundary orders everything.
    void forgetAccesses() {
        forget();
        flights.clear();
        nonCoherent = false;
    }

    // --- one lane ---

    /// Notes a read; returns the earlier write that it races with, or 0.
    long read(int offset, int bytes, long stamp, Access how, Clock clock) {
        int log = refine(bytes);
        int from = offset >> shift;
        int to = from + (1 << log);
        nonCoherent |= how.nonCoherent();
        needReaders();
        long conflict = 0;
        int lane = Stamp.lane(stamp);
        for (int g = from; g < to; g++) {
            long write = writer == null ? 0 : writer[g];
            if (write != 0 && !clock.before(write, lane) && !Stamp.morallyStrong(write, stamp)) {
                conflict = write;
            }
            noteRead(g, stamp, clock, lane);
        }
        return conflict;
    }

    void noteRead(int g, long stamp, Clock clock, int lane) {
        long last = reader[g];
        if (last == 0 || last == stamp) {
            reader[g] = stamp;
        } else if (clock.own(last)) {
            boolean merged = Stamp.lane(last) != lane && !clock.before(last, lane);
            reader[g] = merged ? Stamp.withLane(stamp, Stamp.MANY) : stamp;
        } else {
            if (clock.before(last, lane)) {
                if (second != null && second[g] != 0 && secondBefore(second[g], clock, lane)) {
                    second[g] = 0;
                }
            } else {
                needSecond();
                second[g] = concurrent(second[g], last, stamp, clock);
            }
            reader[g] = stamp;
        }
    }

    /// The second reader after `last` has lost its place to `now`.
    long concurrent(long older, long last, long now, Clock clock) {
        if (sets != null) {
            return sets.with(older, last, now);
        }
        boolean drop = older == 0 || Stamp.sameAgent(older, now) || clock.before(older, Stamp.lane(now)) || Stamp.sameBlock(older, now) && !Stamp.sameBlock(last, now);
        return drop ? last : older;
    }

    boolean secondBefore(long second, Clock clock, int lane) {
        return Stamp.kind(second) != 0 ? clock.before(second, lane) : sets.unordered(second, clock, lane) == 0;
    }

    /// Notes a write; returns the earlier access that it races with, or 0; [#collidedWithRead] tells which.
    long write(int offset, int bytes, long stamp, Clock clock) {
        int log = refine(bytes);
        int from = offset >> shift;
        int to = from + (1 << log);
        needWriters();
        long conflict = 0;
        for (int g = from; g < to; g++) {
            long found = collision(g, stamp, clock);
            conflict = found == 0 ? conflict : found;
        }
        setWriter(from, to - from, stamp);
        return conflict;
    }

    long collision(int g, long stamp, Clock clock) {
        int lane = Stamp.lane(stamp);
        long write = writer[g];
        if (write != 0 && !clock.before(write, lane) && !Stamp.morallyStrong(write, stamp)) {
            collidedWithRead = false;
            return write;
        }
        long read = reader == null ? 0 : reader[g];
        if (read != 0 && !clock.before(read, lane) && !Stamp.morallyStrong(read, stamp)) {
            collidedWithRead = true;
            return read;
        }
        long other = second == null ? 0 : second[g];
        if (other == 0) {
            return 0;
        }
        long unordered = Stamp.kind(other) == 0 ? sets.unordered(other, clock, lane) : clock.before(other, lane) ? 0 : other;
        collidedWithRead = true;
        return unordered != 0 && !Stamp.morallyStrong(unordered, stamp) ? unordered : 0;
    }

    void setWriter(int from, int n, long stamp) {
        for (int g = from; g < from + n; g++) {
            writer[g] = stamp;
            if (reader != null) {
                reader[g] = 0;
            }
            if (second != null) {
                second[g] = 0;
            }
        }
    }

    boolean collidedWithRead() {
        return collidedWithRead;
    }

    /// The write that a granule remembers, or 0.
    long writerAt(int offset) {
        return writer == null ? 0 : writer[offset >> shift];
    }

    /// The read that a granule remembers, or 0.
    long readerAt(int offset) {
        return reader == null ? 0 : reader[offset >> shift];
    }

    boolean nonCoherent() {
        return nonCoherent;
    }

    // --- neighbouring lanes at once ---

    /// Notes a weak read by lanes 0, 1, ... of neighbouring places, when that is free of findings; false leaves everything as it was.
    boolean readRun(int offset, int lanes, int bytes, long stamp, Clock clock) {
        int laneShift = refine(bytes);
        int from = offset >> shift;
        int n = lanes << laneShift;
        if (writer != null && !Runs.ordered(writer, from, n, laneShift, clock)) {
            return false;
        }
        needReaders();
        if (Runs.uniform(reader, from, n) && (second == null || Runs.same(second, from, n)) && noteRun(from, n, laneShift, stamp, clock)) {
            return true;
        }
        for (int i = 0; i < n; i++) {
            int lane = i >> laneShift;
            noteRead(from + i, stamp | lane, clock, lane);
        }
        return true;
    }

    private boolean noteRun(int from, int n, int laneShift, long stamp, Clock clock) {
        long last = reader[from];
        if (last != 0 && clock.own(last)) {
            if (!clock.syncedInWarp(last) && !Runs.lanesMatch(reader, from, n, laneShift)) {
                return false;
            }
        } else if (last != 0) {
            long others = second == null ? 0 : second[from];
            if (!clock.before(last, 0)) {
                needSecond();
                Arrays.fill(second, from, from + n, concurrent(others, last & -64L | Stamp.MANY, stamp, clock));
            } else if (others != 0 && secondBefore(others, clock, 0)) {
                Arrays.fill(second, from, from + n, 0);
            }
        }
        Runs.fill(reader, from, n, laneShift, stamp);
        return true;
    }

    /// Notes a weak write by lanes 0, 1, ... to neighbouring places, when that is free of findings; false leaves everything as it was.
    boolean writeRun(int offset, int lanes, int bytes, long stamp, Clock clock) {
        int laneShift = refine(bytes);
        int from = offset >> shift;
        int n = lanes << laneShift;
        if (nonCoherent || writer != null && !Runs.ordered(writer, from, n, laneShift, clock)
                || reader != null && !Runs.ordered(reader, from, n, laneShift, clock)
                || second != null && !secondsBefore(from, n, clock)) {
            return false;
        }
        needWriters();
        Runs.fill(writer, from, n, laneShift, stamp);
        if (reader != null) {
            Arrays.fill(reader, from, from + n, 0);
        }
        if (second != null) {
            Arrays.fill(second, from, from + n, 0);
        }
        return true;
    }

    /// The other readers of all granules have happened before what any lane does now.
    boolean secondsBefore(int from, int n, Clock clock) {
        if (Runs.same(second, from, n)) {
            return second[from] == 0 || secondBefore(second[from], clock, 0);
        }
        long good = 0;
        for (int g = from; g < from + n; g++) {
            long other = second[g];
            if (other != good && other != 0) {
                if (Stamp.kind(other) == 0 ? sets.unordered(other, clock, 0) != 0 : !clock.beforeAnyLane(other)) {
                    return false;
                }
                good = other;
            }
        }
        return true;
    }

    // --- all lanes at one place ---

    /// Notes a weak read of one place by all 32 lanes; false when it is not surely free of findings, and nothing has been noted.
    boolean readByAll(int offset, int bytes, long stamp, Clock clock) {
        int n = 1 << refine(bytes);
        if (!flights.none() && flights.over(offset, bytes, false) || !ready.coversAligned(offset, bytes)) {
            return false;
        }
        int from = offset >> shift;
        for (int g = from; writer != null && g < from + n; g++) {
            long write = writer[g];
            if (write != 0 && !clock.beforeAnyLane(write)) {
                return false;
            }
        }
        needReaders();
        for (int g = from; g < from + n; g++) {
            noteRead(g, stamp | Stamp.MANY, clock, Stamp.MANY);
        }
        return true;
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
        for (int g = offset >> shift; g < to; g = runEnd(g, to)) {
            long found = collision(g, stamp, clock);
            if (found != 0) {
                return found;
            }
        }
        return 0;
    }

    /// Stamps a range as written, without a check.
    void stampWrite(int offset, int bytes, long stamp) {
        needWriters();
        int from = offset >> shift;
        int to = offset + bytes + (1 << shift) - 1 >> shift;
        Arrays.fill(writer, from, to, stamp);
        if (reader != null) {
            Arrays.fill(reader, from, to, 0);
        }
        if (second != null) {
            Arrays.fill(second, from, to, 0);
        }
    }

    /// Notes a range as read, without a check.
    void stampRead(int offset, int bytes, long stamp, Clock clock) {
        needReaders();
        int from = offset >> shift;
        int to = offset + bytes + (1 << shift) - 1 >> shift;
        for (int g = from; g < to; ) {
            int end = Runs.end(second, g, Runs.end(reader, g, to));
            noteRead(g, stamp, clock, Stamp.lane(stamp));
            Arrays.fill(reader, g + 1, end, reader[g]);
            if (second != null) {
                Arrays.fill(second, g + 1, end, second[g]);
            }
            g = end;
        }
    }

    /// Where the run of granules that begins at `from` ends: within it writer and readers are the same.
    private int runEnd(int from, int to) {
        return Runs.end(second, from, Runs.end(reader, from, Runs.end(writer, from, to)));
    }
}
