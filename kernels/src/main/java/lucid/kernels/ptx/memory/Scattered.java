package lucid.kernels.ptx.memory;

/// Lanes that access places of their own, all within one page.
///
/// Mostly these places are near each other and have one history: it is then judged once for all of them, and only the notes are made lane by lane.
final class Scattered {
    /// The most granules over which places count as near.
    private static final int NEAR = 4 * 32;
    /// What the readers of a region allow.
    private enum Past { SETTLED, OWN, CONCURRENT, MIXED }

    private Scattered() {}

    /// Notes weak reads of the lanes of `mask`, each at its address minus `origin`; returns the lanes for which that was free of findings.
    static int read(Shadow shadow, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        int width = 1 << shadow.refine(bytes);
        shadow.needReaders();
        int lowest = lowest(mask, addresses, origin);
        int span = highest(mask, addresses, origin) + bytes - lowest;
        int from = lowest >> shadow.shift;
        int n = span >> shadow.shift;
        if (n <= NEAR && shadow.flights.none() && shadow.ready.covers(lowest, span) && (shadow.writer == null || settled(shadow.writer, from, n, clock))) {
            Past past = readers(shadow, from, n, clock);
            if (past != Past.MIXED) {
                noteNear(shadow, mask, addresses, origin, width, stamp, clock, past);
                return mask;
            }
        }
        return readEach(shadow, mask, addresses, origin, bytes, stamp, clock);
    }

    private static int lowest(int mask, long[] addresses, long origin) {
        long lowest = Long.MAX_VALUE;
        for (int lane = 0; lane < 32; lane++) {
            lowest = Math.min(lowest, (mask >>> lane & 1) != 0 ? addresses[lane] : Long.MAX_VALUE);
        }
        return (int) (lowest - origin);
    }

    private static int highest(int mask, long[] addresses, long origin) {
        long highest = Long.MIN_VALUE;
        for (int lane = 0; lane < 32; lane++) {
            highest = Math.max(highest, (mask >>> lane & 1) != 0 ? addresses[lane] : Long.MIN_VALUE);
        }
        return (int) (highest - origin);
    }

    /// One history, ordered before whatever any lane does now.
    private static boolean settled(long[] stamps, int from, int n, Clock clock) {
        if (!Runs.uniform(stamps, from, n)) {
            return false;
        }
        long first = stamps[from];
        return first == 0 || (clock.own(first) ? clock.syncedInWarp(first) : clock.before(first, 0));
    }

    private static Past readers(Shadow shadow, int from, int n, Clock clock) {
        boolean alike = Runs.uniform(shadow.reader, from, n) && (shadow.second == null || Runs.same(shadow.second, from, n));
        if (!alike) {
            return Past.MIXED;
        }
        long last = shadow.reader[from];
        long others = shadow.second == null ? 0 : shadow.second[from];
        if (last != 0 && clock.own(last)) {
            return clock.syncedInWarp(last) && others == 0 ? Past.SETTLED : Past.OWN;
        }
        if (last != 0 && !clock.before(last, 0)) {
            return Past.CONCURRENT;
        }
        return others == 0 || shadow.secondBefore(others, clock, 0) ? Past.SETTLED : Past.MIXED;
    }

    private static void noteNear(Shadow shadow, int mask, long[] addresses, long origin, int width, long stamp, Clock clock, Past past) {
        long[] reader = shadow.reader;
        int first = (int) (addresses[Integer.numberOfTrailingZeros(mask)] - origin) >> shadow.shift;
        long others = 0;
        if (past == Past.CONCURRENT) {
            shadow.needSecond();
            others = shadow.concurrent(shadow.second[first], Stamp.withLane(reader[first], Stamp.MANY), stamp, clock);
        }
        long[] second = past == Past.OWN ? null : shadow.second;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int g = (int) (addresses[lane] - origin) >> shadow.shift;
            for (int end = g + width; g < end; g++) {
                long last = reader[g];
                boolean shared = (last ^ stamp) >>> Stamp.LANE_BITS == 0 ? Stamp.lane(last) != lane : past == Past.OWN && !clock.before(last, lane);
                reader[g] = stamp | (shared ? Stamp.MANY : lane);
                if (second != null) {
                    second[g] = others;
                }
            }
        }
    }

    private static int readEach(Shadow shadow, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        int width = 1 << shadow.refine(bytes);
        boolean still = shadow.flights.none();
        int clean = 0;
        long good = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            int from = offset >> shadow.shift;
            if (!shadow.ready.coversAligned(offset, bytes) || !still && shadow.flights.over(offset, bytes, false)) {
                continue;
            }
            long ordered = shadow.writer == null ? good : ordered(shadow.writer, from, width, lane, clock, good);
            if (ordered >= 0) {
                good = ordered;
                clean |= 1 << lane;
                noteLane(shadow, from, width, stamp, clock, lane);
            }
        }
        return clean;
    }

    /// Checks the writes under one lane's read; `good` is the last one that was found ordered for every lane (without its lane bits, so never negative).
    /// Returns the new one, or -1 for a race.
    private static long ordered(long[] writer, int from, int width, int lane, Clock clock, long good) {
        for (int g = from; g < from + width; g++) {
            long write = writer[g];
            if (write != 0 && write >>> Stamp.LANE_BITS != good) {
                if (!clock.before(write, lane)) {
                    return -1;
                }
                good = clock.own(write) && !clock.syncedInWarp(write) ? good : write >>> Stamp.LANE_BITS;
            }
        }
        return good;
    }

    private static void noteLane(Shadow shadow, int from, int width, long stamp, Clock clock, int lane) {
        long own = stamp | lane;
        for (int g = from; g < from + width; g++) {
            long last = shadow.reader[g];
            if ((last ^ stamp) >>> Stamp.LANE_BITS == 0) {
                shadow.reader[g] = last == own ? own : stamp | Stamp.MANY;
            } else {
                shadow.noteRead(g, own, clock, lane);
            }
        }
    }

    /// Notes weak writes of the lanes of `mask`; returns the lanes for which that was free of findings.
    static int write(Shadow shadow, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        int width = 1 << shadow.refine(bytes);
        shadow.needWriters();
        if (shadow.nonCoherent()) {
            return 0;
        }
        int lowest = lowest(mask, addresses, origin);
        int span = highest(mask, addresses, origin) + bytes - lowest;
        int from = lowest >> shadow.shift;
        int n = span >> shadow.shift;
        boolean near = n <= NEAR && shadow.flights.none() && settled(shadow.writer, from, n, clock) && (shadow.reader == null || settled(shadow.reader, from, n, clock))
                && (shadow.second == null || Runs.same(shadow.second, from, n) && (shadow.second[from] == 0 || shadow.secondBefore(shadow.second[from], clock, 0)));
        int clean = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            if (near ? untouched(shadow.writer, offset >> shadow.shift, width, stamp) : free(shadow, offset, bytes, width, stamp | lane, clock)) {
                clean |= 1 << lane;
                shadow.setWriter(offset >> shadow.shift, width, stamp | lane);
            }
        }
        return clean;
    }

    /// No other lane of this instruction has written there.
    private static boolean untouched(long[] writer, int from, int width, long stamp) {
        boolean untouched = true;
        for (int g = from; g < from + width; g++) {
            untouched &= (writer[g] ^ stamp) >>> Stamp.LANE_BITS != 0;
        }
        return untouched;
    }

    private static boolean free(Shadow shadow, int offset, int bytes, int width, long stamp, Clock clock) {
        boolean free = shadow.flights.none() || !shadow.flights.over(offset, bytes, true);
        int from = offset >> shadow.shift;
        for (int g = from; free && g < from + width; g++) {
            free = shadow.collision(g, stamp, clock) == 0;
        }
        return free;
    }
}
