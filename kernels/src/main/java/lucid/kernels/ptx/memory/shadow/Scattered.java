package lucid.kernels.ptx.memory.shadow;

import lucid.kernels.ptx.memory.order.Clock;
import lucid.kernels.ptx.memory.order.Stamp;

/// Lanes that access places of their own, all within one page, in no known way: some of them may be at fault.
public final class Scattered {
    private Scattered() {}

    /// The lowest offset of the lanes of `mask`, whose addresses count from `origin`.
    static int lowest(int mask, long[] addresses, long origin) {
        long lowest = Long.MAX_VALUE;
        for (int lane = 0; lane < 32; lane++) {
            lowest = Math.min(lowest, (mask >>> lane & 1) != 0 ? addresses[lane] : Long.MAX_VALUE);
        }
        return (int) (lowest - origin);
    }

    /// The highest offset.
    static int highest(int mask, long[] addresses, long origin) {
        long highest = Long.MIN_VALUE;
        for (int lane = 0; lane < 32; lane++) {
            highest = Math.max(highest, (mask >>> lane & 1) != 0 ? addresses[lane] : Long.MIN_VALUE);
        }
        return (int) (highest - origin);
    }

    /// Checks the writes under one lane's read; `good` is the last one that was found ordered for every lane (without its lane bits, so never
    /// negative). Returns the new one, or -1 for a race.
    static long ordered(long[] writer, int from, int width, int lane, Clock clock, long good) {
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

    /// [lucid.kernels.ptx.memory.order.Runs#settled] for places that lie apart: other warps may be writing between them.
    static boolean settled(long[] stamps, int mask, long[] addresses, long origin, int shift, int width, Clock clock) {
        long first = stamps[(int) (addresses[Integer.numberOfTrailingZeros(mask)] - origin) >> shift];
        long difference = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int from = (int) (addresses[Integer.numberOfTrailingZeros(left)] - origin) >> shift;
            for (int g = from; g < from + width; g++) {
                difference |= stamps[g] ^ first;
            }
        }
        return difference >>> Stamp.LANE_BITS == 0 && (first == 0 || clock.beforeAnyLane(first));
    }

    /// No lane of the instruction with that stamp has written there.
    static boolean foreign(long[] writer, int from, int width, long stamp) {
        boolean foreign = true;
        for (int g = from; g < from + width; g++) {
            foreign &= (writer[g] ^ stamp) >>> Stamp.LANE_BITS != 0;
        }
        return foreign;
    }

    /// Notes weak reads of the lanes of `mask`, each at its address minus `origin`; returns the lanes for which that was free of findings.
    public static int read(Shadow shadow, Readers side, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        int lowest = lowest(mask, addresses, origin);
        int span = highest(mask, addresses, origin) + bytes - lowest;
        int clean = shadow.flights.none() && shadow.ready.covers(lowest, span)
                && shadow.writesBefore(lowest >> shadow.shift, span >> shadow.shift, clock) ? mask
                : readable(shadow, mask, addresses, origin, bytes, clock);
        if (clean != 0) {
            side.noteLanes(clean, 0, addresses, origin, 1 << shadow.log(bytes), stamp, clock);
        }
        return clean;
    }

    private static int readable(Shadow shadow, int mask, long[] addresses, long origin, int bytes, Clock clock) {
        boolean still = shadow.flights.none();
        int clean = 0;
        long good = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            if (shadow.ready.coversAligned(offset, bytes) && (still || !shadow.flights.over(offset, bytes, false))) {
                long ordered = shadow.writer == null ? good : ordered(shadow.writer, offset >> shadow.shift, 1 << shadow.log(bytes), lane,
                        clock, good);
                good = ordered >= 0 ? ordered : good;
                clean |= ordered >= 0 ? 1 << lane : 0;
            }
        }
        return clean;
    }

    /// Notes weak writes of the lanes of `mask`; returns the lanes for which that was free of findings.
    public static int write(Shadow shadow, int mask, long[] addresses, long origin, int bytes, long stamp, Clock clock) {
        shadow.refine(bytes);
        shadow.needWriters();
        if (shadow.nonCoherent()) {
            return 0;
        }
        int width = 1 << shadow.log(bytes);
        int lowest = lowest(mask, addresses, origin);
        int span = highest(mask, addresses, origin) + bytes - lowest;
        boolean near = shadow.flights.none() && shadow.writesBefore(lowest >> shadow.shift, span >> shadow.shift, clock)
                && shadow.readsBefore(lowest >> shadow.shift, span >> shadow.shift, clock);
        int clean = 0;
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            int offset = (int) (addresses[lane] - origin);
            int from = offset >> shadow.shift;
            if (near ? foreign(shadow.writer, from, width, stamp) : free(shadow, offset, bytes, width, stamp | lane, clock)) {
                clean |= 1 << lane;
                for (int g = from; g < from + width; g++) {
                    shadow.writer[g] = stamp | lane;
                }
                shadow.written(from, width, stamp);
            }
        }
        return clean;
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
