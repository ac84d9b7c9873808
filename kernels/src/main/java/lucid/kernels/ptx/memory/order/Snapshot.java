package lucid.kernels.ptx.memory.order;

import java.util.Arrays;

/// What was known at a point of release: per block, the time of every agent up to which everything has happened before. Immutable.
///
/// Blocks are few (one, or a cluster's) unless a kernel synchronises across its grid, so that sorted arrays do.
public final class Snapshot {
    /// Knows nothing.
    public static final Snapshot NONE = new Snapshot(new int[0], new View[0]);

    /// What is known of one block.
    ///
    /// @param times by agent: 32 warps, then 32 for the copies that they have issued
    /// @param fences by warp: for lane `l`, writes to global memory before the time at `l` and to shared memory before the time at `32 + l` have been
    ///        passed to the async proxy (`fence.proxy.async`); null for none
    /// @param lanes by warp: accesses of lane `l` up to the time at `l` have happened before, beyond what `times` says of the whole warp; null for
    /// none
    public record View(int[] times, int[][] fences, int[][] lanes) {
        /// Agents of a block: its warps, and as many for the copies that they have issued.
        public static final int AGENTS = 64;

        View join(View other) {
            return this == other ? this : new View(max(times, other.times), joinFences(fences, other.fences), joinLanes(lanes, other.lanes));
        }

        /// True when the access has happened before the release.
        boolean knows(long stamp) {
            return Stamp.time(stamp) <= times[Stamp.agent(stamp)] || laneKnown(lanes, stamp);
        }

        /// What single lanes have released. An access of several lanes counts as known when one of them has released it: nothing else is noted of it.
        static boolean laneKnown(int[][] lanes, long stamp) {
            int agent = Stamp.agent(stamp);
            if (lanes == null || agent >= lanes.length || lanes[agent] == null) {
                return false;
            }
            int lane = Stamp.lane(stamp);
            return Stamp.time(stamp) <= (lane == Stamp.MANY ? Arrays.stream(lanes[agent]).max().getAsInt() : lanes[agent][lane]);
        }

        static int[][] joinLanes(int[][] a, int[][] b) {
            if (a == b || b == null) {
                return a;
            }
            if (a == null) {
                return b;
            }
            int[][] both = a.clone();
            for (int warp = 0; warp < both.length; warp++) {
                if (both[warp] != b[warp] && b[warp] != null) {
                    both[warp] = both[warp] == null ? b[warp] : maxima(both[warp], b[warp]);
                }
            }
            return both;
        }

        private static int[] maxima(int[] a, int[] b) {
            int[] both = a.clone();
            for (int i = 0; i < both.length; i++) {
                both[i] = Math.max(both[i], b[i]);
            }
            return both;
        }

        static int[] max(int[] a, int[] b) {
            int[] both = new int[AGENTS];
            for (int i = 0; i < AGENTS; i++) {
                both[i] = Math.max(a[i], b[i]);
            }
            return both;
        }

        /// Only the warp itself adds to its fences, so of two versions one is the newer: the one with the greater sum.
        static int[][] joinFences(int[][] a, int[][] b) {
            if (a == b || b == null) {
                return a;
            }
            if (a == null) {
                return b;
            }
            int[][] both = a.clone();
            for (int warp = 0; warp < both.length; warp++) {
                if (both[warp] != b[warp] && b[warp] != null && (both[warp] == null || sum(b[warp]) > sum(both[warp]))) {
                    both[warp] = b[warp];
                }
            }
            return both;
        }

        private static long sum(int[] times) {
            return Arrays.stream(times).asLongStream().sum();
        }
    }

    final int[] blocks;
    final View[] views;

    Snapshot(int[] blocks, View[] views) {
        this.blocks = blocks;
        this.views = views;
    }

    /// Both together.
    public Snapshot join(Snapshot other) {
        if (this == other || other.blocks.length == 0) {
            return this;
        }
        if (blocks.length == 0) {
            return other;
        }
        if (blocks.length == 1 && other.blocks.length == 1 && blocks[0] == other.blocks[0]) {
            return new Snapshot(blocks, new View[] {views[0].join(other.views[0])});
        }
        return merge(other);
    }

    private Snapshot merge(Snapshot other) {
        int[] ids = new int[blocks.length + other.blocks.length];
        View[] merged = new View[ids.length];
        int n = 0;
        for (int i = 0, j = 0; i < blocks.length || j < other.blocks.length; n++) {
            int left = i < blocks.length ? blocks[i] : Integer.MAX_VALUE;
            int right = j < other.blocks.length ? other.blocks[j] : Integer.MAX_VALUE;
            ids[n] = Math.min(left, right);
            merged[n] = left == right ? views[i].join(other.views[j]) : left < right ? views[i] : other.views[j];
            i += left <= right ? 1 : 0;
            j += right <= left ? 1 : 0;
        }
        return new Snapshot(Arrays.copyOf(ids, n), Arrays.copyOf(merged, n));
    }
}
