package lucid.kernels.ptx.machine;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import lucid.kernels.ptx.check.Findings;
import lucid.kernels.ptx.machine.launch.BlockMemory;
import lucid.kernels.ptx.machine.launch.Counters;
import lucid.kernels.ptx.machine.launch.Geometry;
import lucid.kernels.ptx.machine.launch.Schedule;
import lucid.kernels.ptx.memory.GlobalMemory;
import lucid.kernels.ptx.memory.SharedMemory;
import lucid.kernels.ptx.memory.unshared.ConstantMemory;
import lucid.kernels.ptx.memory.unshared.ParameterBlock;
import lucid.kernels.ptx.text.syntax.Variable;

/// One launch: all blocks of a grid, run in order of their clusters by a fixed number of threads.
public final class Grid {
    /// `%nsmid`: an H100 or H200 SXM.
    static final int MULTIPROCESSORS = 132;
    private static final int GRANT = 1 << 16;
    /// The most clusters that a thread takes at a time. Neighbours mostly write neighbouring memory, where two threads would wait for each other's
    /// page; but a block that waits for an earlier one must not wait long.
    private static final int NEIGHBOURS = 8;
    /// Threads beside the one that launches. They outlive a launch: to start one takes as long as some thousand instructions.
    private static final Executor HELPERS = Executors.newCachedThreadPool(Thread.ofPlatform().name("ptx-", 0).daemon().factory());

    public final Program program;
    public final Geometry geometry;
    public final Findings findings;
    public final Schedule schedule;
    public final long seed;
    private final Memories memories;
    /// Puts a launch's asynchronous work into a fresh block, before its warps start.
    private final Consumer<Block> furnish;
    private final long budget;
    private final AtomicLong remaining;
    private final AtomicLong next = new AtomicLong();
    private final AtomicInteger workers = new AtomicInteger();
    private volatile boolean stopped;

    /// The memory that all blocks share.
    ///
    /// @param globals addresses of the module's `.global` variables
    /// @param sharedBase where shared memory begins: [SharedMemory#SM_90_BASE] or 0
    /// @param sharedSeed odd: the dynamic array is aligned as declared and no better
    public record Memories(GlobalMemory global, ConstantMemory constants, ParameterBlock parameters, Map<Variable, Long> globals, int sharedBase,
            long sharedSeed) {}

    /// @param budget warp-instructions that the launch may run in all
    /// @param furnish called for every block before its warps start
    public Grid(Program program, Geometry geometry, Memories memories, Findings findings, Schedule schedule, long seed, long budget,
            Consumer<Block> furnish) {
        this.program = program;
        this.geometry = geometry;
        this.memories = memories;
        this.findings = findings;
        this.schedule = schedule;
        this.seed = seed;
        this.budget = budget;
        this.remaining = new AtomicLong(budget);
        this.furnish = furnish;
    }

    /// Runs every block.
    ///
    /// @return the counts of all threads together
    public Counters run(int threads) throws InterruptedException {
        if (threads == 1) {
            return work(1);
        }
        var helpers = Stream.generate(() -> CompletableFuture.supplyAsync(() -> work(threads), HELPERS)).limit(threads - 1).toList();
        boolean ended = false;
        try {
            Counters total = work(threads);
            for (CompletableFuture<Counters> helper : helpers) {
                total.add(helper.get());
            }
            ended = true;
            return total;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause
                    : new IllegalStateException("a worker of the PTX emulator failed", e.getCause());
        } finally {
            if (!ended) {
                stop();
                helpers.forEach(helper -> helper.handle((_, _) -> null).join());
            }
        }
    }

    private Counters work(int threads) {
        var counters = new Counters(program.steps.length, workers.getAndIncrement());
        try {
            long clusters = geometry.clusters();
            for (long from = next.get(); from < clusters && !stopped; from = next.get()) {
                long to = from + Math.clamp((clusters - from) / (2 * threads), 1, NEIGHBOURS);
                if (next.compareAndSet(from, to)) {
                    for (long c = from; c < to && !stopped; c++) {
                        var cluster = new Cluster(this, (int) c, counters);
                        furnish(cluster);
                        new Scheduler(cluster).run();
                        remaining.addAndGet(cluster.granted);
                    }
                }
            }
        } finally {
            counters.traffic.leave();
        }
        return counters;
    }

    private void furnish(Cluster cluster) {
        var shared = new SharedMemory[cluster.blocks.length];
        for (Block block : cluster.blocks) {
            shared[block.rank] = new SharedMemory(program.entry.shared(), geometry.dynamicShared(), memories.sharedBase(), block.rank,
                    memories.sharedSeed());
            block.memory = new BlockMemory(memories.global(), shared[block.rank], memories.constants(), memories.parameters());
        }
        SharedMemory.connect(shared);
        for (Block block : cluster.blocks) {
            furnish.accept(block);
        }
        for (Block block : cluster.blocks) {
            block.start();
        }
    }

    long addressOf(Variable variable) {
        Long address = memories.globals().get(variable);
        if (address == null) {
            throw new IllegalStateException("variable " + variable.name() + " was not laid out");
        }
        return address;
    }

    /// More instructions for a cluster; 0 when the budget is used up.
    long grant() {
        long before = remaining.getAndUpdate(r -> r - Math.min(r, GRANT));
        return Math.min(before, GRANT);
    }

    long budget() {
        return budget;
    }

    /// Ends the launch early: blocks stop at their next turn.
    void stop() {
        stopped = true;
    }

    boolean stopped() {
        return stopped;
    }
}
