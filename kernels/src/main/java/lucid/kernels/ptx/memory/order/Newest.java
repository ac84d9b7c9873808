package lucid.kernels.ptx.memory.order;

import java.util.Arrays;

/// The newest access of a page of shared memory by each agent of one block: whoever comes after all of these comes after every access of the page.
/// Behind a barrier that is true of all.
public final class Newest {
    /// No block, or more than one, has been here.
    private static final int NOBODY = -1;
    private static final int SEVERAL = -2;

    private final int[] times = new int[Snapshot.View.AGENTS];
    /// The agents' block, as it is stamped.
    private int block = NOBODY;
    /// How often [#times] has changed, and by warp of that block how often it had when the warp was last found to come after all of them: it still
    /// does until the next change.
    private int changes;
    private final int[] followed = new int[Snapshot.View.AGENTS];

    /// An access of the page has happened.
    public void note(long stamp) {
        int agent = Stamp.agent(stamp);
        int time = Stamp.time(stamp);
        if (time > times[agent]) {
            times[agent] = time;
            changes++;
        }
        block = block == NOBODY || block == Stamp.block(stamp) ? Stamp.block(stamp) : SEVERAL;
    }

    /// As if nobody had been here.
    public void forget() {
        Arrays.fill(times, 0);
        Arrays.fill(followed, 0);
        changes = 0;
        block = NOBODY;
    }

    /// All has happened before what any lane does now; false when that is not sure.
    public boolean before(Clock clock) {
        return block == NOBODY || clock.isOf(block) && followedBy(clock);
    }

    private boolean followedBy(Clock clock) {
        int warp = clock.warp();
        if (followed[warp] != changes && clock.follows(times)) {
            followed[warp] = changes;
        }
        return followed[warp] == changes;
    }

    /// Everything has been passed to the async proxy, and this warp knows it.
    public boolean fenced(Clock clock) {
        for (int agent = 0; agent < times.length && block != NOBODY; agent++) {
            if (times[agent] != 0 && !clock.proxyFenced(Stamp.of(times[agent], 0, block, agent, Stamp.WEAK) | Stamp.MANY, true)) {
                return false;
            }
        }
        return true;
    }
}
