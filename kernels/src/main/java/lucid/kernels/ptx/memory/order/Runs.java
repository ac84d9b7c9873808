package lucid.kernels.ptx.memory.order;

import java.util.Arrays;

/// Loops over neighbouring stamps, kept branch-free so that the compiler turns them into vector code. Granule `i` of a run belongs to lane `i >>
/// laneShift`.
public final class Runs {
    /// By `laneShift`: the lane of every granule. Adding a ready-made pattern is what the compiler turns into vector code.
    private static final long[][] LANES = {lanes(0), lanes(1), lanes(2), lanes(3), lanes(4)};

    private Runs() {}

    private static long[] lanes(int laneShift) {
        long[] pattern = new long[32 << laneShift];
        for (int i = 0; i < pattern.length; i++) {
            pattern[i] = i >> laneShift;
        }
        return pattern;
    }

    /// All stamps agree but for their lanes.
    public static boolean uniform(long[] stamps, int from, int n) {
        long first = stamps[from];
        long difference = 0;
        for (int i = 0; i < n; i++) {
            difference |= stamps[from + i] ^ first;
        }
        return difference >>> Stamp.LANE_BITS == 0;
    }

    /// All n values agree in every bit.
    public static boolean same(long[] values, int from, int n) {
        long first = values[from];
        long difference = 0;
        for (int i = 0; i < n; i++) {
            difference |= values[from + i] ^ first;
        }
        return difference == 0;
    }

    /// Every stamp carries the lane that the run gives its granule.
    public static boolean lanesMatch(long[] stamps, int from, int n, int laneShift) {
        long[] lanes = LANES[laneShift];
        long difference = 0;
        for (int i = 0; i < n; i++) {
            difference |= stamps[from + i] ^ lanes[i];
        }
        return (difference & 63) == 0;
    }

    /// One history, ordered before whatever any lane does now.
    public static boolean settled(long[] stamps, int from, int n, Clock clock) {
        return uniform(stamps, from, n) && (stamps[from] == 0 || clock.beforeAnyLane(stamps[from]));
    }

    /// No stamp of the warp itself is by another lane than the one that the run gives its granule, but for those before the time `synced`.
    public static boolean noOtherLaneSince(long[] stamps, int from, int n, int laneShift, int synced) {
        long[] lanes = LANES[laneShift];
        long found = 0;
        for (int i = 0; i < n; i++) {
            long stamp = stamps[from + i];
            long recent = ~((stamp >>> 44) - synced >> 63);
            found |= (stamp ^ lanes[i]) & recent;
        }
        return (found & 63) == 0;
    }

    /// Gives every granule the stamp with the granule's own lane in it.
    public static void fill(long[] stamps, int from, int n, int laneShift, long stamp) {
        long[] lanes = LANES[laneShift];
        for (int i = 0; i < n; i++) {
            stamps[from + i] = stamp | lanes[i];
        }
    }

    /// Every earlier access has happened before what the run's lanes do now.
    public static boolean ordered(long[] stamps, int from, int n, int laneShift, Clock clock) {
        if (!uniform(stamps, from, n)) {
            return orderedEach(stamps, from, n, laneShift, clock);
        }
        long first = stamps[from];
        if (first == 0) {
            return true;
        }
        if (clock.own(first)) {
            return clock.syncedInWarp(first) || lanesMatch(stamps, from, n, laneShift);
        }
        return clock.before(first, 0);
    }

    private static boolean orderedEach(long[] stamps, int from, int n, int laneShift, Clock clock) {
        long good = 0;
        for (int i = 0; i < n; i++) {
            long stamp = stamps[from + i];
            if (stamp == 0 || stamp >>> Stamp.LANE_BITS == good) {
                continue;
            }
            if (!clock.before(stamp, i >> laneShift)) {
                return false;
            }
            good = clock.own(stamp) ? 0 : stamp >>> Stamp.LANE_BITS;
        }
        return true;
    }

    /// Where the values stop being the one at `from`; null stands for zeros. (`mismatch` is an intrinsic, a loop that stops is not.)
    public static int end(long[] values, int from, int to) {
        if (values == null || to - from < 2) {
            return to;
        }
        if (values[from + 1] != values[from]) {
            return from + 1;
        }
        int last = Arrays.mismatch(values, from, to - 1, values, from + 1, to);
        return last < 0 ? to : from + last + 1;
    }
}
