package lucid.kernels.ptx.memory.order;

import java.util.Arrays;
import java.util.TreeMap;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Happens-before as one warp sees it: a vector clock over the warps of its block and, as far as it has synchronised with them, of other blocks.
///
/// Every access carries the warp's time. [#release] hands out what the warp has done and seen so far, [#acquire] takes such a snapshot in:
/// barriers, mbarriers and atomics are made of these two. Lanes of one warp are ordered by [#warpSync] only (PTX ISA, `bar.warp.sync`:
/// converged lanes are not synchronised in memory). Not thread-safe; snapshots may cross threads.
public final class Clock {
    private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;
    private final int block;
    private final int warp;
    private final int cluster;
    private int time = 1;
    private boolean touched;
    private int copies;
    private final int[] known = new int[Snapshot.View.AGENTS];
    /// What has happened before whatever any lane does: [#known], and of the warp's own accesses those before [#allLanesSync].
    private final int[] past = new int[Snapshot.View.AGENTS];
    private int[][] fences;
    /// What single lanes of other warps have released to this one ([Snapshot.View#lanes]); copied on change.
    private int[][] lanesKnown;
    private final TreeMap<Integer, Snapshot.View> elsewhere = new TreeMap<>();
    /// Per lane: accesses of the warp's other lanes before this time are ordered before the lane's next one.
    private final int[] laneSync = new int[32];
    private int allLanesSync;
    private int newestSync;
    private Published fenced;
    private Snapshot collected = Snapshot.NONE;

    /// @param block linear index of the block in the grid
    /// @param warp index of the warp in the block, 0..31
    /// @param cluster linear index of the block's cluster
    public Clock(int block, int warp, int cluster) {
        this.block = block;
        this.warp = warp;
        this.cluster = cluster;
    }

    public int block() {
        return block;
    }

    public int warp() {
        return warp;
    }

    /// Everything that this warp has done and acquired so far; what it does from now on is not in it.
    public Snapshot release() {
        int[] times = known.clone();
        times[warp] = tick() - 1;
        return release(new Snapshot.View(times, fences, lanesKnown));
    }

    /// What the lanes of `mask` have done and acquired. Of the warp's other live lanes only what `bar.warp.sync` or a barrier has ordered before
    /// them: a lane that speaks for its warp without having waited for it publishes its own accesses and no others.
    public Snapshot release(int mask, int live) {
        if ((mask & live) == live) {
            return release();
        }
        int now = tick() - 1;
        int[] own = new int[32];
        int[] times = known.clone();
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                own[lane] = now;
                times[warp] = Math.max(times[warp], laneSync[lane] - 1);
            }
        }
        int[][] lanes = new int[32][];
        lanes[warp] = own;
        return release(new Snapshot.View(times, fences, Snapshot.View.joinLanes(lanesKnown, lanes)));
    }

    private Snapshot release(Snapshot.View own) {
        if (elsewhere.isEmpty()) {
            return new Snapshot(new int[] {block}, new Snapshot.View[] {own});
        }
        elsewhere.put(block, own);
        var all = new Snapshot(elsewhere.keySet().stream().mapToInt(Integer::intValue).toArray(), elsewhere.values().toArray(Snapshot.View[]::new));
        elsewhere.remove(block);
        return all;
    }

    /// From now on everything in the snapshot has happened before what the lanes of `mask` do.
    public void acquire(Snapshot snapshot, int mask) {
        for (int i = 0; i < snapshot.blocks.length; i++) {
            Snapshot.View view = snapshot.views[i];
            if (snapshot.blocks[i] == block) {
                acquireOwn(view.times(), view.fences(), view.lanes(), mask);
            } else {
                elsewhere.merge(snapshot.blocks[i], view, Snapshot.View::join);
            }
        }
    }

    /// Adds everything that this warp has done and acquired so far to what others of its block have gathered.
    void release(Gathering into) {
        int[] times = into.times;
        for (int i = 0; i < times.length; i++) {
            times[i] = Math.max(times[i], known[i]);
        }
        times[warp] = Math.max(times[warp], tick() - 1);
        into.fences = Snapshot.View.joinFences(into.fences, fences);
        into.lanes = Snapshot.View.joinLanes(into.lanes, lanesKnown);
        if (!elsewhere.isEmpty()) {
            into.elsewhere = into.elsewhere.join(release());
        }
    }

    /// From now on everything that was gathered has happened before what the lanes of `mask` do, and these lanes are ordered among each other.
    void acquire(Gathering gathered, int mask) {
        acquireOwn(gathered.times, gathered.fences, gathered.lanes, mask);
        if (gathered.elsewhere != Snapshot.NONE) {
            acquire(gathered.elsewhere, mask);
        }
        warpSync(mask);
    }

    private void acquireOwn(int[] times, int[][] theirFences, int[][] theirLanes, int mask) {
        for (int i = 0; i < times.length; i++) {
            known[i] = Math.max(known[i], times[i]);
            past[i] = known[i];
        }
        fences = Snapshot.View.joinFences(fences, theirFences);
        lanesKnown = Snapshot.View.joinLanes(lanesKnown, theirLanes);
        raiseLanes(mask, times[warp] + 1);
    }

    /// A name for now: others can be asked whether they know of it ([#knows]); the next [#release] publishes it.
    public long moment() {
        return stamp(0, Stamp.WEAK) | Stamp.MANY;
    }

    /// True when that moment has happened before what this warp does now; its own always have.
    public boolean knows(long moment) {
        return own(moment) || before(moment, 0);
    }

    /// `bar.warp.sync`, and every barrier that the lanes of `mask` have passed together.
    public void warpSync(int mask) {
        raiseLanes(mask, tick());
    }

    private void raiseLanes(int mask, int to) {
        if (mask == -1 && to >= newestSync) {
            Arrays.fill(laneSync, to);
            newestSync = to;
            allLanesSync = to;
        } else {
            newestSync = Math.max(newestSync, to);
            int least = Integer.MAX_VALUE;
            for (int lane = 0; lane < 32; lane++) {
                if ((mask >>> lane & 1) != 0 && laneSync[lane] < to) {
                    laneSync[lane] = to;
                }
                least = Math.min(least, laneSync[lane]);
            }
            allLanesSync = least;
        }
        past[warp] = allLanesSync - 1;
    }

    /// `fence.acq_rel` and stronger: what the warp has read from other warps' atomics becomes ordered, and its next atomics publish what came before.
    public void fence(Access.Scope scope, int mask) {
        acquire(collected, mask);
        collected = Snapshot.NONE;
        fenced = new Published(release(), scope, block, cluster);
    }

    /// `fence.proxy.async` by the lanes of `mask`: their writes so far may be read by bulk copies, tensor copies and `wgmma`.
    ///
    /// @param global whether it covers global memory
    /// @param shared whether it covers shared memory
    public void proxyFence(int mask, boolean global, boolean shared) {
        int now = tick();
        int[][] next = fences == null ? new int[32][] : fences.clone();
        int[] lanes = next[warp] == null ? new int[2 * 32] : next[warp].clone();
        for (int lane = 0; lane < 32; lane++) {
            if ((mask >>> lane & 1) != 0) {
                lanes[lane] = global ? now : lanes[lane];
                lanes[32 + lane] = shared ? now : lanes[32 + lane];
            }
        }
        next[warp] = lanes;
        fences = next;
    }

    /// A number for a copy that this warp issues: the copy is an agent of its own, ordered after the warp's past but before nothing until somebody
    /// waits for it.
    public int issueCopy() {
        if (++copies > Stamp.MAX_TIME) {
            throw overflow("asynchronous copies");
        }
        return copies;
    }

    /// What a wait for this warp's copy number `copy` teaches.
    public Snapshot copyDone(int copy) {
        int[] times = new int[Snapshot.View.AGENTS];
        times[32 + warp] = copy;
        return new Snapshot(new int[] {block}, new Snapshot.View[] {new Snapshot.View(times, null, null)});
    }

    /// The stamp of an access made now, without a lane.
    public long stamp(int site, int kind) {
        touched = true;
        return Stamp.of(time, site, block, warp, kind);
    }

    /// True when the access has happened before what `lane` does now.
    public boolean before(long stamp, int lane) {
        if (Stamp.block(stamp) != (block & 0x7fff)) {
            Snapshot.View view = viewOf(Stamp.block(stamp));
            return view != null && view.knows(stamp);
        }
        int agent = Stamp.agent(stamp);
        if (agent == warp) {
            return Stamp.lane(stamp) == lane || Stamp.time(stamp) < laneSync(lane) || Snapshot.View.laneKnown(lanesKnown, stamp);
        }
        return Stamp.time(stamp) <= known[agent] || Snapshot.View.laneKnown(lanesKnown, stamp);
    }

    /// True when the access, by whichever lane, has happened before what any lane of this warp does now.
    public boolean beforeAnyLane(long stamp) {
        return own(stamp) ? syncedInWarp(stamp) : before(stamp, 0);
    }

    /// [#proxyFenced] for a write by whichever lane.
    public boolean proxyFencedByAll(long stamp, boolean shared) {
        return proxyFenced(Stamp.withLane(stamp, Stamp.MANY), shared);
    }

    private int laneSync(int lane) {
        return lane == Stamp.MANY ? allLanesSync : laneSync[lane];
    }

    /// True when the access came from this warp itself.
    public boolean own(long stamp) {
        return Stamp.agent(stamp) == warp && Stamp.block(stamp) == (block & 0x7fff);
    }

    /// True when an own access is ordered before all lanes by a `bar.warp.sync` or barrier.
    public boolean syncedInWarp(long stamp) {
        return Stamp.time(stamp) < allLanesSync;
    }

    /// The time before which the warp's own accesses are ordered before all of its lanes; no access bears a time of 0, so that no access counts among
    /// these.
    public int synced() {
        return Math.max(1, allLanesSync);
    }

    /// True when all lanes have been synchronised at the same times.
    public boolean lanesAgree() {
        return allLanesSync == newestSync && lanesKnown == null;
    }

    /// True when that is this warp's block, as stamps have it.
    public boolean isOf(int stampedBlock) {
        return (block & 0x7fff) == stampedBlock;
    }

    /// True when everything that the agents of this block have done until these times has happened before what any lane does now.
    public boolean follows(int[] newest) {
        IntVector missing = IntVector.zero(WORDS);
        for (int i = 0; i < Snapshot.View.AGENTS; i += WORDS.length()) {
            missing = missing.or(IntVector.fromArray(WORDS, past, i).sub(IntVector.fromArray(WORDS, newest, i)));
        }
        return missing.reduceLanes(VectorOperators.OR) >= 0;
    }

    /// The same of one agent ([Stamp#identity]) of any block.
    public boolean follows(long identity, int newest) {
        long agent = identity << Stamp.IDENTITY;
        if (isOf(Stamp.block(agent))) {
            return past[Stamp.agent(agent)] >= newest;
        }
        Snapshot.View view = viewOf(Stamp.block(agent));
        return view != null && view.times()[Stamp.agent(agent)] >= newest;
    }

    /// True when the write has been passed to the async proxy by its writer, and this warp knows it.
    public boolean proxyFenced(long stamp, boolean shared) {
        int agent = Stamp.agent(stamp);
        if (agent >= 32) {
            return true;
        }
        boolean here = Stamp.block(stamp) == (block & 0x7fff);
        Snapshot.View view = here ? null : viewOf(Stamp.block(stamp));
        int[][] seen = here ? fences : view == null ? null : view.fences();
        if (seen == null || seen[agent] == null) {
            return false;
        }
        int from = shared ? 32 : 0;
        int lane = Stamp.lane(stamp);
        return Stamp.time(stamp) < (lane == Stamp.MANY ? least(seen[agent], from) : seen[agent][from + lane]);
    }

    private static int least(int[] times, int from) {
        int least = Integer.MAX_VALUE;
        for (int lane = 0; lane < 32; lane++) {
            least = Math.min(least, times[from + lane]);
        }
        return least;
    }

    /// Blocks are stamped modulo 32,768; the snapshots know them whole.
    private Snapshot.View viewOf(int stamped) {
        if (elsewhere.isEmpty()) {
            return null;
        }
        if (block < 0x8000) {
            Snapshot.View view = elsewhere.get(stamped);
            if (view != null || elsewhere.lastKey() < 0x8000) {
                return view;
            }
        }
        return elsewhere.entrySet().stream().filter(e -> (e.getKey() & 0x7fff) == stamped).map(java.util.Map.Entry::getValue).findFirst()
                .orElse(null);
    }

    /// Reads a location that others may have published at.
    public void observe(Published published, Access how, int lane) {
        if (published == null || !published.reaches(how.scope(), block, cluster)) {
            return;
        }
        if (how.acquire()) {
            acquire(published.snapshot(), 1 << lane);
        } else {
            collected = collected.join(published.snapshot());
        }
    }

    /// What a strong write publishes at its location: by its own release semantics, or by a fence before it; null when neither.
    public Published publish(Access how) {
        if (how.release()) {
            return new Published(release(), how.scope(), block, cluster);
        }
        return fenced == null ? null : new Published(fenced.snapshot(), fenced.scope().narrower(how.scope()), block, cluster);
    }

    /// The next time, after which no access bears an earlier one; unchanged when nothing has been accessed since the last.
    private int tick() {
        if (touched) {
            touched = false;
            if (++time > Stamp.MAX_TIME) {
                throw overflow("synchronisations");
            }
        }
        return time;
    }

    private IllegalStateException overflow(String what) {
        return new IllegalStateException("warp " + warp + " of block " + block + " made more than " + Stamp.MAX_TIME + " " + what
                + ", which is all that the race check can tell apart; run a smaller problem");
    }
}
