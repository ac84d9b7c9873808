package lucid.kernels.ptx.async;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;
import java.util.TreeMap;
import lucid.kernels.ptx.async.work.Fault;
import lucid.kernels.ptx.async.work.Phase;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.async.work.Work;
import lucid.kernels.ptx.check.Finding;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.AsyncState;
import lucid.kernels.ptx.machine.Block;
import lucid.kernels.ptx.machine.StepWrapper;
import lucid.kernels.ptx.machine.Warp;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.Windows;
import lucid.kernels.ptx.text.syntax.Entry;
import lucid.kernels.ptx.text.syntax.Space;

/// All asynchronous state of one block: its mbarriers, its warps' groups, its warpgroups, and when work happens.
public final class BlockAsync implements AsyncState {
    /// Times that all bounded waits of a block may run out without any change before it counts as dead-locked.
    private static final int PATIENCE = 16;

    final Block block;
    private final Timing timing;
    private final SplittableRandom random;
    private final TreeMap<Long, Mbarrier> mbarriers = new TreeMap<>();
    private final List<Work> undecided = new ArrayList<>();
    private final WarpAsync[] warps;
    private final Warpgroup[] groups;
    private int timeouts;
    private boolean exited;

    /// @param seed of the moments under [Timing#RANDOM]
    public BlockAsync(Block block, Timing timing, long seed) {
        this.block = block;
        this.timing = timing;
        this.random = new SplittableRandom(seed * 0x9e3779b97f4a7c15L + block.index);
        this.warps = new WarpAsync[block.warpCount()];
        this.groups = new Warpgroup[(warps.length + 3) / 4];
        for (int w = 0; w < warps.length; w++) {
            warps[w] = new WarpAsync();
        }
        for (int g = 0; g < groups.length; g++) {
            groups[g] = new Warpgroup(this, g);
        }
    }

    /// The checks of registers that asynchronous work holds, to be put around an entry's steps.
    public static StepWrapper checks(Entry entry) {
        return Accumulators.watch(entry);
    }

    static BlockAsync of(Warp warp) {
        return (BlockAsync) warp.block.async;
    }

    static WarpAsync stateOf(Warp warp) {
        return of(warp).warps[warp.index];
    }

    WarpAsync state(int warp) {
        return warps[warp];
    }

    Warpgroup groupOf(Warp warp) {
        return groups[warp.index >> 2];
    }

    // --- when work happens ---

    /// Work has been issued: it happens now, later or at a moment that is drawn.
    void issued(Work work) {
        draw();
        if (timing == Timing.EARLY || timing == Timing.RANDOM && random.nextInt(3) == 0) {
            work.ensure();
        } else if (timing == Timing.RANDOM) {
            undecided.add(work);
        }
    }

    /// Under [Timing#RANDOM] some earlier work may happen now.
    void draw() {
        if (!undecided.isEmpty() && random.nextInt(4) == 0) {
            undecided.remove(random.nextInt(undecided.size())).ensure();
        }
    }

    /// True when a wait that could block shall come back empty-handed first, as hardware may: code that does not loop is then wrong.
    boolean spurious() {
        return timing == Timing.LATE || timing == Timing.RANDOM && random.nextBoolean();
    }

    @Override
    public boolean progress() {
        for (Mbarrier mbarrier : mbarriers.values()) {
            if (mbarrier.progress()) {
                return true;
            }
        }
        boolean any = false;
        if (timeouts < PATIENCE) {
            for (WarpAsync warp : warps) {
                any |= warp.timeOut();
            }
            timeouts++;
        }
        return any;
    }

    /// Something has changed that a warp of the cluster may wait for.
    void changed() {
        timeouts = 0;
        block.cluster.event();
    }

    @Override
    public void exit() {
        exited = true;
        undecided.clear();
        for (WarpAsync warp : warps) {
            warp.exit(this);
        }
        for (Mbarrier mbarrier : mbarriers.values()) {
            String unfinished = mbarrier.unfinished();
            if (unfinished != null) {
                unfinished(mbarrier.made, mbarrier.address, unfinished);
            }
        }
    }

    /// Reports what was wrong with work that happened behind its warp's back, at the place where it was issued.
    static void report(Block block, Fault fault, Finding.Site site, Mbarrier mbarrier) {
        if (fault != null) {
            block.cluster.findings().add(new Finding(fault.kind(), site, mbarrier.address, mbarrier.phase().token(), fault.message(),
                    mbarrier.made, 1));
        }
    }

    /// Reports work that the block has left behind.
    void unfinished(Finding.Site site, long address, String message) {
        block.cluster.findings().add(new Finding(Kind.UNFINISHED_ASYNC, site, address, 0, "the block has ended, but " + message, null, 1));
    }

    @Override
    public String describe() {
        var lines = new StringJoiner("\n");
        mbarriers.values().forEach(m -> lines.add(m.toString()));
        for (int w = 0; w < warps.length; w++) {
            String pending = warps[w].describe();
            if (!pending.isEmpty()) {
                lines.add("warp " + w + ": " + pending);
            }
        }
        return lines.toString();
    }

    // --- fences ---

    @Override
    public void proxyFence(Warp warp, int mask) {
        mbarrierInitFence(warp, mask);
    }

    @Override
    public void mbarrierInitFence(Warp warp, int mask) {
        mbarriers.values().forEach(m -> m.fenced(warp, mask));
    }

    // --- mbarriers ---

    /// `mbarrier.init` of the object at an address of this block.
    void init(Warp warp, int lane, long address, int count) {
        Fault fault = Phase.checkCount(count);
        Mbarrier old = mbarriers.get(address);
        if (fault == null && old != null) {
            fault = new Fault(Kind.MBARRIER_MISUSE, "the mbarrier is live already (" + old.phase() + "): mbarrier.inval it first");
        }
        if (fault != null) {
            warp.finding(fault.kind(), lane, address, count, fault.message(), old == null ? null : old.made);
            return;
        }
        mbarriers.put(address, new Mbarrier(this, address, count, warp, lane));
    }

    void remove(Mbarrier mbarrier) {
        mbarriers.remove(mbarrier.address);
    }

    /// The live mbarrier at an address of this block, or null.
    Mbarrier live(long address) {
        return mbarriers.get(address);
    }

    /// A live mbarrier that lies in a range of this block's shared memory, or null.
    Mbarrier within(long address, int bytes) {
        var at = mbarriers.lowerEntry(address + bytes);
        return at != null && at.getKey() + 8 > address ? at.getValue() : null;
    }

    /// The live mbarrier that a lane names; null after a finding.
    ///
    /// @param address an address of the shared window, cluster rank included
    static Mbarrier find(Warp warp, int lane, long address) {
        int rank = SharedMemory.rankOf(address);
        if ((address & 7) != 0) {
            warp.finding(Kind.MISALIGNED, lane, address, 0, "an mbarrier must lie at a multiple of 8", null);
            return null;
        }
        BlockAsync home = of(warp).peer(rank);
        if (home == null || home.exited) {
            warp.finding(Kind.OUT_OF_BOUNDS, lane, address, 0, "mbarrier in the block of rank " + rank
                    + (home == null ? ", which the cluster does not have" : ", which has exited"), null);
            return null;
        }
        Mbarrier found = home.mbarriers.get(address);
        if (found == null) {
            warp.finding(Kind.MBARRIER_MISUSE, lane, address, 0, "no live mbarrier here: it was not initialised, or invalidated; the place is "
                    + warp.block.memory.shared().describe(address, 8), null);
        } else if (!found.knownTo(warp)) {
            warp.finding(Kind.MBARRIER_MISUSE, lane, address, 0, "uses an mbarrier whose initialisation is not ordered before: put a barrier between",
                    found.made);
        }
        return found;
    }

    /// The asynchronous state of a block of the same cluster, or null.
    BlockAsync peer(int rank) {
        return rank < block.cluster.blockCount() ? (BlockAsync) block.cluster.block(rank).async : null;
    }

    /// An operand's address within the shared window.
    ///
    /// @param space that the instruction names; `GENERIC` for none
    /// @return -1 after a finding
    static long shared(Warp warp, int lane, Space space, long address) {
        long at = address;
        if (space == Space.GENERIC) {
            if (!Windows.spaceOf(address).isShared()) {
                warp.finding(Kind.ILLEGAL_OPERAND, lane, address, 0, "the generic address is not one of shared memory", null);
                return -1;
            }
            at = address - Windows.SHARED;
        }
        if (space != Space.SHARED_CLUSTER && SharedMemory.rankOf(at) != warp.block.rank) {
            warp.finding(Kind.OUT_OF_BOUNDS, lane, at, 0, "an address of rank " + SharedMemory.rankOf(at) + " where memory of the own block, rank "
                    + warp.block.rank
                    + ", is wanted; .shared::cluster names other blocks' memory", null);
            return -1;
        }
        return at;
    }
}
