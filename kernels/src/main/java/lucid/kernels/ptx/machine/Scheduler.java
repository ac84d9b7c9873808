package lucid.kernels.ptx.machine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import lucid.kernels.ptx.check.Kind;
import lucid.kernels.ptx.machine.launch.Schedule;

/// Runs the warps of a cluster in turns until all have exited.
///
/// A warp that waits, or that has polled in vain for long, is set aside until something changes ([Cluster#event]). When all are set aside,
/// asynchronous work goes on; when there is none, instructions that wait for convergence go on with a finding; else it is a dead-lock.
final class Scheduler {
    /// Failed polls after which a warp counts as waiting.
    private static final int PATIENCE = 10_000;
    private static final int TURN = 64;
    private static final int LONG_TURN = 1 << 14;

    private final Cluster cluster;
    private final List<Warp> warps = new ArrayList<>();
    private final List<Warp> aside = new ArrayList<>();
    private final RandomGenerator random;
    private long seen;
    private boolean progress;
    private int position;

    Scheduler(Cluster cluster) {
        this.cluster = cluster;
        this.random = new Random(cluster.grid.seed * 0x9e3779b97f4a7c15L + cluster.index);
        for (Block block : cluster.blocks) {
            warps.addAll(List.of(block.warps));
        }
        if (cluster.grid.schedule == Schedule.ONE_AHEAD) {
            Collections.shuffle(warps, new Random(cluster.grid.seed));
        }
    }

    void run() {
        while (!warps.isEmpty() || !aside.isEmpty()) {
            if (cluster.grid.stopped()) {
                return;
            }
            cluster.counters.traffic.answer();
            if (cluster.events() != seen) {
                wake();
            }
            if (warps.isEmpty() && !unblock()) {
                return;
            }
            if (!turn()) {
                return;
            }
        }
    }

    /// One turn of one warp; false when the cluster must stop.
    private boolean turn() {
        int at = choose();
        Warp warp = warps.get(at);
        long quantum = Math.min(quantum(), cluster.granted);
        if (quantum <= 0) {
            cluster.granted = cluster.grid.grant();
            if (cluster.granted == 0) {
                return exhausted(warp);
            }
            quantum = Math.min(quantum(), cluster.granted);
        }
        long useful = warp.completed;
        Warp.State state = resume(warp, (int) quantum);
        if (cluster.trapped) {
            return false;
        }
        progress |= state == Warp.State.YIELDED ? warp.polls <= PATIENCE : warp.completed != useful;
        position = at + 1;
        if (state == Warp.State.EXITED || state == Warp.State.WAITING || warp.polls > PATIENCE) {
            warps.remove(at);
            position = at;
            if (state != Warp.State.EXITED) {
                aside.add(warp);
            }
        }
        return true;
    }

    private static Warp.State resume(Warp warp, int quantum) {
        try {
            return warp.resume(quantum);
        } catch (RuntimeException e) {
            throw new IllegalStateException("the emulator failed at " + warp.site(-1) + ": " + e, e);
        }
    }

    private int choose() {
        if (cluster.grid.schedule == Schedule.RANDOM) {
            return random.nextInt(warps.size());
        }
        return position >= warps.size() ? 0 : position;
    }

    private int quantum() {
        return switch (cluster.grid.schedule) {
            case ROUND_ROBIN -> TURN;
            case RANDOM -> 1 + random.nextInt(TURN);
            case ONE_AHEAD -> LONG_TURN;
        };
    }

    private void wake() {
        seen = cluster.events();
        warps.addAll(aside);
        aside.clear();
        warps.forEach(w -> w.polls = 0);
    }

    /// All warps are set aside: finds something that can go on, or reports the dead-lock and returns false.
    private boolean unblock() {
        if (progress) {
            progress = false;
            warps.addAll(aside);
            aside.clear();
            return true;
        }
        for (Block block : cluster.blocks) {
            if (block.async != null && block.async.progress()) {
                wake();
                return true;
            }
        }
        if (force()) {
            wake();
            return true;
        }
        Warp warp = aside.getFirst();
        warp.finding(Kind.DEADLOCK, -1, DeadlockReport.of(cluster));
        return false;
    }

    private boolean force() {
        boolean any = false;
        for (Warp warp : aside) {
            if (warp.awaitsConvergence()) {
                warp.forced = true;
                resume(warp, TURN);
                warp.forced = false;
                any = true;
            }
        }
        return any;
    }

    private boolean exhausted(Warp warp) {
        cluster.grid.stop();
        warp.finding(Kind.BUDGET_EXHAUSTED, -1, "the launch has run " + cluster.grid.budget()
                + " warp-instructions, which is its budget: an endless loop, or raise the budget. "
                + DeadlockReport.of(cluster));
        return false;
    }
}
