package lucid.kernels.ptx.memory.shadow;

import java.util.Arrays;
import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Runs;
import lucid.kernels.ptx.memory.order.Stamp;

/// The readers of a page of global memory, of which there may be any number: per granule the last one and, when that is concurrent with others,
/// another one.
final class LastReaders extends Readers {
    /// The most granules over which places count as near.
    private static final int NEAR = 4 * 32;
    /// What the readers of a region allow.
    private enum Past { SETTLED, OWN, CONCURRENT, MIXED }

    private long[] reader;
    /// Another concurrent reader; null as long as there is none.
    private long[] second;

    LastReaders(int bytes, int shift) {
        super(bytes, shift);
        reader = new long[granules()];
    }

    @Override
    void refine() {
        shift--;
        reader = Shadow.twice(reader, granules());
        second = Shadow.twice(second, granules());
    }

    private void needSecond() {
        if (second == null) {
            second = new long[granules()];
        }
    }

    @Override
    void note(int g, long stamp, Clock clock, int lane) {
        long last = reader[g];
        if (last == 0 || last == stamp) {
            reader[g] = stamp;
        } else if (clock.own(last)) {
            boolean merged = Stamp.lane(last) != lane && !clock.before(last, lane);
            reader[g] = merged ? Stamp.withLane(stamp, Stamp.MANY) : stamp;
        } else {
            if (clock.before(last, lane)) {
                if (second != null && second[g] != 0 && clock.before(second[g], lane)) {
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
    private static long concurrent(long older, long last, long now, Clock clock) {
        boolean drop = older == 0 || Stamp.sameAgent(older, now) || clock.before(older, Stamp.lane(now)) || Stamp.sameBlock(older, now)
                && !Stamp.sameBlock(last, now);
        return drop ? last : older;
    }

    @Override
    void noteRun(int from, int n, int laneShift, long stamp, Clock clock) {
        if (Runs.uniform(reader, from, n) && (second == null || Runs.same(second, from, n)) && noteUniform(from, n, laneShift, stamp, clock)) {
            return;
        }
        for (int i = 0; i < n; i++) {
            int lane = i >> laneShift;
            note(from + i, stamp | lane, clock, lane);
        }
    }

    private boolean noteUniform(int from, int n, int laneShift, long stamp, Clock clock) {
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
            } else if (others != 0 && clock.before(others, 0)) {
                Arrays.fill(second, from, from + n, 0);
            }
        }
        Runs.fill(reader, from, n, laneShift, stamp);
        return true;
    }

    @Override
    void noteLanes(int mask, int crowded, long[] addresses, long origin, int width, long stamp, Clock clock) {
        int lowest = Scattered.lowest(mask, addresses, origin) >> shift;
        int n = (Scattered.highest(mask, addresses, origin) >> shift) + width - lowest;
        Past past = n > NEAR ? Past.MIXED : past(lowest, n, clock);
        if (past != Past.MIXED) {
            noteNear(mask, crowded, addresses, origin, width, stamp, clock, past);
            return;
        }
        for (int left = mask; left != 0; left &= left - 1) {
            int number = Integer.numberOfTrailingZeros(left);
            int lane = (crowded >>> number & 1) != 0 ? Stamp.MANY : number;
            int from = (int) (addresses[number] - origin) >> shift;
            long own = stamp | lane;
            for (int g = from; g < from + width; g++) {
                long last = reader[g];
                if ((last ^ stamp) >>> Stamp.LANE_BITS == 0) {
                    reader[g] = last == own ? own : stamp | Stamp.MANY;
                } else {
                    note(g, own, clock, lane);
                }
            }
        }
    }

    @Override
    boolean noteDense(int from, int n, long stamp, Clock clock) {
        return false;
    }

    private Past past(int from, int n, Clock clock) {
        boolean alike = Runs.uniform(reader, from, n) && (second == null || Runs.same(second, from, n));
        if (!alike) {
            return Past.MIXED;
        }
        long last = reader[from];
        long others = second == null ? 0 : second[from];
        if (last != 0 && clock.own(last)) {
            return clock.syncedInWarp(last) && others == 0 ? Past.SETTLED : Past.OWN;
        }
        if (last != 0 && !clock.before(last, 0)) {
            return Past.CONCURRENT;
        }
        return others == 0 || clock.before(others, 0) ? Past.SETTLED : Past.MIXED;
    }

    private void noteNear(int mask, int crowded, long[] addresses, long origin, int width, long stamp, Clock clock, Past past) {
        int first = (int) (addresses[Integer.numberOfTrailingZeros(mask)] - origin) >> shift;
        long others = 0;
        if (past == Past.CONCURRENT) {
            needSecond();
            others = concurrent(second[first], Stamp.withLane(reader[first], Stamp.MANY), stamp, clock);
        }
        long[] rest = past == Past.OWN ? null : second;
        for (int left = mask; left != 0; left &= left - 1) {
            int number = Integer.numberOfTrailingZeros(left);
            int lane = (crowded >>> number & 1) != 0 ? Stamp.MANY : number;
            int g = (int) (addresses[number] - origin) >> shift;
            for (int end = g + width; g < end; g++) {
                long last = reader[g];
                boolean shared = (last ^ stamp) >>> Stamp.LANE_BITS == 0 ? Stamp.lane(last) != lane : past == Past.OWN && !clock.before(last, lane);
                reader[g] = stamp | (shared ? Stamp.MANY : lane);
                if (rest != null) {
                    rest[g] = others;
                }
            }
        }
    }

    @Override
    void noteRange(int from, int to, long stamp, Clock clock) {
        for (int g = from; g < to; ) {
            int end = end(g, to);
            note(g, stamp, clock, Stamp.lane(stamp));
            Arrays.fill(reader, g + 1, end, reader[g]);
            if (second != null) {
                Arrays.fill(second, g + 1, end, second[g]);
            }
            g = end;
        }
    }

    @Override
    boolean runBefore(int from, int n, int laneShift, Clock clock) {
        return Runs.ordered(reader, from, n, laneShift, clock) && (second == null || secondsBefore(from, n, clock));
    }

    /// The other readers of all granules have happened before what any lane does now.
    private boolean secondsBefore(int from, int n, Clock clock) {
        if (Runs.same(second, from, n)) {
            return second[from] == 0 || clock.before(second[from], 0);
        }
        long good = 0;
        for (int g = from; g < from + n; g++) {
            long other = second[g];
            if (other != good && other != 0) {
                if (!clock.beforeAnyLane(other)) {
                    return false;
                }
                good = other;
            }
        }
        return true;
    }

    @Override
    boolean allBefore(int from, int n, Clock clock) {
        return Runs.settled(reader, from, n, clock) && (second == null || Runs.same(second, from, n)
                && (second[from] == 0 || clock.before(second[from], 0)));
    }

    @Override
    long unordered(int g, long stamp, Clock clock) {
        int lane = Stamp.lane(stamp);
        long read = reader[g];
        if (read != 0 && !clock.before(read, lane) && !Stamp.morallyStrong(read, stamp)) {
            return read;
        }
        long other = second == null ? 0 : second[g];
        return other != 0 && !clock.before(other, lane) && !Stamp.morallyStrong(other, stamp) ? other : 0;
    }

    @Override
    int end(int from, int to) {
        return Runs.end(second, from, Runs.end(reader, from, to));
    }

    @Override
    void written(int from, int n) {
        clear(from, n);
    }

    @Override
    void writtenBy(int mask, long[] addresses, long origin, int width) {
        for (int left = mask; left != 0; left &= left - 1) {
            clear((int) (addresses[Integer.numberOfTrailingZeros(left)] - origin) >> shift, width);
        }
    }

    @Override
    void clear(int from, int n) {
        Arrays.fill(reader, from, from + n, 0);
        if (second != null) {
            Arrays.fill(second, from, from + n, 0);
        }
    }

    @Override
    long at(int g) {
        return reader[g];
    }
}
