package lucid.kernels.ptx.memory;

/// What lanes that access places of their own, all within one page, have in common.
final class Scattered {
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

    /// Checks the writes under one lane's read; `good` is the last one that was found ordered for every lane (without its lane bits, so never negative).
    /// Returns the new one, or -1 for a race.
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

    /// No lane of the instruction with that stamp has written there.
    static boolean foreign(long[] writer, int from, int width, long stamp) {
        boolean foreign = true;
        for (int g = from; g < from + width; g++) {
            foreign &= (writer[g] ^ stamp) >>> Stamp.LANE_BITS != 0;
        }
        return foreign;
    }
}
