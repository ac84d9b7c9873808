package lucid.kernels.ptx.machine;

import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.memory.order.Gathering;

/// One of the 16 barriers of a block (PTX ISA, "bar, barrier").
///
/// Counts threads, by warps: a warp whose lanes have all arrived counts 32, exited lanes included; lanes of a diverged warp
/// (`barrier` without `.aligned`) count one each. Without a thread count all threads take part, and exited ones drop out.
public final class NamedBarrier {
    private final Block block;
    private final int id;
    /// Per warp: lanes that have arrived in this phase, and those of them that wait.
    private final int[] arrived;
    private final int[] waiting;
    /// Per warp: lanes that waited for a completed phase and have not been told yet.
    private final int[] released;
    /// Warps all of whose lanes have arrived.
    private int whole;
    private boolean open;
    private int count;
    private int first = -1;
    private int reduction;
    /// What everybody who has arrived had done before.
    private final Gathering past = new Gathering();
    /// Per warp: what `bar.red` counted in the phase that released it.
    private final int[] results;

    NamedBarrier(Block block, int id) {
        this.block = block;
        this.id = id;
        this.arrived = new int[block.warps.length];
        this.waiting = new int[block.warps.length];
        this.released = new int[block.warps.length];
        this.results = new int[block.warps.length];
    }

    /// Lanes of `mask` arrive and wait.
    ///
    /// @param threads how many take part; 0 for all threads of the block
    /// @return true when the lanes have been released; else the step waits and is run again
    public boolean sync(Warp warp, int mask, int threads) {
        int w = warp.index;
        if ((released[w] & mask) == mask) {
            released[w] &= ~mask;
            return true;
        }
        int fresh = mask & ~waiting[w] & ~released[w];
        if (fresh != 0) {
            count(warp, fresh, threads);
            waiting[w] |= fresh;
            tryComplete();
        }
        if ((released[w] & mask) == mask) {
            released[w] &= ~mask;
            return true;
        }
        return false;
    }

    /// Lanes of `mask` arrive and go on.
    public void arrive(Warp warp, int mask, int threads) {
        count(warp, mask, threads);
        tryComplete();
    }

    /// Adds what `bar.red` counts: the number of lanes whose predicate is true. Call it with the lanes that [#fresh] gives, before [#sync].
    public void contribute(int trueLanes) {
        reduction += trueLanes;
    }

    /// The lanes of `mask` that have not arrived in this phase yet.
    public int fresh(Warp warp, int mask) {
        return mask & ~waiting[warp.index] & ~released[warp.index];
    }

    private void count(Warp warp, int mask, int threads) {
        int w = warp.index;
        if (open && threads != count) {
            warp.finding(Kind.BARRIER_MISUSE, -1, "barrier " + id + " is in use for " + text(count) + " since " + firstArrival()
                    + ", this warp brings " + text(threads)
                    + "; all arrivals of one phase must name the same number");
        }
        if (!open) {
            open = true;
            count = threads;
            first = warp.instruction().line();
        }
        if ((arrived[w] & mask) != 0) {
            warp.finding(Kind.BARRIER_MISUSE, -1, "this warp arrives at barrier " + id + " again before the phase is complete (" + state() + ")");
        }
        boolean before = (arrived[w] & warp.live) == warp.live;
        arrived[w] |= mask;
        whole += !before && (arrived[w] & warp.live) == warp.live ? 1 : 0;
        past.add(warp.clock());
    }

    private String firstArrival() {
        return "line " + first;
    }

    private static String text(int threads) {
        return threads == 0 ? "all threads" : threads + " threads";
    }

    void lanesExited() {
        if (open) {
            whole = 0;
            for (int w = 0; w < arrived.length; w++) {
                int live = block.warps[w].live;
                whole += live != 0 && (arrived[w] & live) == live ? 1 : 0;
            }
            tryComplete();
        }
    }

    private void tryComplete() {
        if (count == 0 ? all() : arrivedThreads() >= count) {
            complete();
        }
    }

    /// `whole` may count too few when lanes have exited since; [#lanesExited] counts again.
    private boolean all() {
        return whole == block.running();
    }

    private int arrivedThreads() {
        int sum = 0;
        for (int w = 0; w < arrived.length; w++) {
            int live = block.warps[w].live;
            boolean whole = arrived[w] != 0 && (arrived[w] & live) == live;
            sum += whole ? 32 : Integer.bitCount(arrived[w]);
        }
        return sum;
    }

    private void complete() {
        open = false;
        whole = 0;
        for (int w = 0; w < arrived.length; w++) {
            if (waiting[w] != 0) {
                results[w] = reduction;
                past.pass(block.warps[w].clock(), waiting[w]);
            }
            released[w] |= waiting[w];
            waiting[w] = 0;
            arrived[w] = 0;
        }
        reduction = 0;
        past.clear();
        block.cluster.event();
    }

    /// What `bar.red` counted in the phase that released the warp last.
    public int result(Warp warp) {
        return results[warp.index];
    }

    boolean open() {
        return open;
    }

    @Override
    public String toString() {
        return "barrier " + id;
    }

    /// For messages: who has arrived, who is missing.
    String state() {
        var text = new StringBuilder("barrier ").append(id).append(" (").append(text(count)).append(", first arrival at line ").append(first)
                .append("): arrived");
        var missing = new StringBuilder();
        for (int w = 0; w < arrived.length; w++) {
            int live = block.warps[w].live;
            if (arrived[w] != 0) {
                text.append(" warp ").append(w).append((arrived[w] & live) == live ? "" : " (lanes 0x" + Integer.toHexString(arrived[w]) + ")")
                        .append(waiting[w] == 0 ? " (not waiting)" : "");
            }
            if (live != 0 && (arrived[w] & live) != live) {
                missing.append(' ').append(w);
            }
        }
        return text + "; not arrived: " + (missing.isEmpty() ? "none" : "warps" + missing);
    }
}
