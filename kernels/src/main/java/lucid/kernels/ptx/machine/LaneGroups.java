package lucid.kernels.ptx.machine;

/// The lanes of a diverged warp that are not running at the moment, grouped by program counter.
///
/// Lowest program counter first gives the natural reconvergence of structured code; `turn` adds fairness: a group that has used up
/// its time or has polled in vain gets a higher turn, and groups are chosen by (turn, program counter), so no lane starves.
final class LaneGroups {
    private final int[] pc = new int[32];
    private final int[] mask = new int[32];
    private final int[] turn = new int[32];
    private final boolean[] parked = new boolean[32];
    private int count;

    int count() {
        return count;
    }

    int pc(int group) {
        return pc[group];
    }

    int mask(int group) {
        return mask[group];
    }

    int turn(int group) {
        return turn[group];
    }

    /// Adds lanes at a program counter; they join the group that is already there, which is then tried again.
    void add(int at, int lanes, int turnOfLanes, boolean parkThem) {
        for (int g = 0; g < count; g++) {
            if (pc[g] == at) {
                mask[g] |= lanes;
                turn[g] = Math.max(turn[g], turnOfLanes);
                parked[g] &= parkThem;
                return;
            }
        }
        pc[count] = at;
        mask[count] = lanes;
        turn[count] = turnOfLanes;
        parked[count++] = parkThem;
    }

    /// The group that runs next, -1 when all are parked.
    int next() {
        int best = -1;
        for (int g = 0; g < count; g++) {
            if (!parked[g] && (best < 0 || turn[g] < turn[best] || turn[g] == turn[best] && pc[g] < pc[best])) {
                best = g;
            }
        }
        return best;
    }

    /// The group at that program counter, -1 when there is none.
    int at(int counter) {
        for (int g = 0; g < count; g++) {
            if (pc[g] == counter) {
                return g;
            }
        }
        return -1;
    }

    void remove(int group) {
        count--;
        pc[group] = pc[count];
        mask[group] = mask[count];
        turn[group] = turn[count];
        parked[group] = parked[count];
    }

    /// The smallest program counter above `counter`: where the running group meets the next one.
    int above(int counter) {
        int limit = Integer.MAX_VALUE;
        for (int g = 0; g < count; g++) {
            if (pc[g] > counter && pc[g] < limit) {
                limit = pc[g];
            }
        }
        return limit;
    }

    /// Lets every parked group try again.
    void wake() {
        for (int g = 0; g < count; g++) {
            parked[g] = false;
        }
    }
}
