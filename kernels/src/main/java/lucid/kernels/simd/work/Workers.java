package lucid.kernels.simd.work;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/// A fixed pool that runs one parallel loop at a time; the caller takes part. Kernels of a small model last tens of microseconds, so workers spin
/// for a while before they sleep, and the caller waits for items, never for threads: a worker that wakes too late finds nothing left and
/// delays nobody. Which thread does which items never shows in a result: every item is independent (row law).
public final class Workers implements AutoCloseable {
    /// The work on items `from` (inclusive) to `to` (exclusive); `thread` is 0 .. threads-1 and picks scratch memory.
    @FunctionalInterface
    public interface Body {
        void run(int from, int to, int thread);
    }

    /// How long an idle worker watches for the next loop before it sleeps: longer than the pause between two kernels of a training step.
    private static final long SPIN_NANOS = 100_000;

    private final Helper[] helpers;
    private final List<NativeScratch> scratch = new ArrayList<>();
    private volatile Loop loop;
    private volatile boolean closed;
    /// Held while a loop runs.
    private final ReentrantLock inUse = new ReentrantLock();

    public Workers(int threads) {
        if (threads < 1) throw new IllegalArgumentException("threads: " + threads + ", wanted at least 1");
        helpers = new Helper[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1);
            helpers[i].start();
        }
    }

    public int threads() { return helpers.length + 1; }

    /// Runs the body over `0 .. items`, in pieces of `grain` items that threads take in turn; returns when all are done.
    /// Not re-entrant: a body must not start another loop of the same pool. A second thread's loop is refused while one runs: a kernel has several
    /// loops and keeps working memory between them, so two kernels at once would spoil each other's results.
    public void parallel(int items, int grain, Body body) {
        if (Thread.currentThread() instanceof Helper) throw nested();
        if (items > 0) run(items, grain, body);
    }

    private void run(int items, int grain, Body body) {
        if (!inUse.tryLock()) throw closed ? afterClosing() : byTwoThreads();
        try {
            if (inUse.getHoldCount() > 1) throw nested();
            if (closed) throw afterClosing();
            if (helpers.length == 0 || items <= grain) body.run(0, items, 0);
            else inTurn(new Loop(body, items, Math.max(1, grain)));
        } finally {
            inUse.unlock();
        }
    }

    private void inTurn(Loop mine) {
        loop = mine;
        for (Helper helper : helpers) if (helper.asleep) LockSupport.unpark(helper);
        mine.work(0);
        while (mine.done.get() < mine.items) Thread.onSpinWait();
        loop = null;
        if (mine.failure != null) throw new IllegalStateException("a worker failed: " + mine.failure, mine.failure);
    }

    private static IllegalStateException afterClosing() {
        return new IllegalStateException("a parallel loop was started after its device simd was closed; wanted an open one");
    }

    private static IllegalStateException byTwoThreads() {
        return new IllegalStateException("thread " + Thread.currentThread().getName() + " used a device simd that another thread was using;"
                + " wanted one thread at a time, or a device for each");
    }

    private static IllegalStateException nested() { return new IllegalStateException("a parallel loop was started inside a parallel loop"); }

    /// One parallel loop. A helper that comes late holds on to an old loop, whose items are all taken, and leaves.
    private static final class Loop {
        final Body body;
        final int items;
        final int grain;
        /// Goes beyond the items by a piece for each thread, so it is no int.
        final AtomicLong next = new AtomicLong();
        final AtomicInteger done = new AtomicInteger();
        volatile Throwable failure;

        Loop(Body body, int items, int grain) {
            this.body = body;
            this.items = items;
            this.grain = grain;
        }

        void work(int thread) {
            while (next.get() < items) {
                long first = next.getAndAdd(grain);
                if (first >= items) return;
                int from = (int) first;
                int to = (int) Math.min(items, first + grain);
                try {
                    if (failure == null) body.run(from, to, thread);
                } catch (Throwable t) {
                    failure = t; // rethrown by the caller, once no thread is inside the body any more
                } finally {
                    done.addAndGet(to - from);
                }
            }
        }
    }

    private final class Helper extends Thread {
        private final int id;
        volatile boolean asleep;

        Helper(int id) {
            super("lucid-worker-" + id);
            this.id = id;
            setDaemon(true);
        }

        @Override public void run() {
            Loop seen = null;
            while (!closed) {
                Loop now = await(seen);
                if (now != null) now.work(id);
                seen = now;
            }
        }

        /// The next loop after `seen`; null when the pool was closed. `asleep` is set before the last look, so that a caller either is
        /// seen here or sees the flag and wakes this thread.
        private Loop await(Loop seen) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int i = 1; !closed; i++) {
                Loop now = loop;
                if (now != null && now != seen) return now;
                if ((i & 63) != 0 || System.nanoTime() < deadline) {
                    Thread.onSpinWait();
                } else {
                    asleep = true;
                    now = loop;
                    if ((now == null || now == seen) && !closed) LockSupport.park(Workers.this);
                    asleep = false;
                }
            }
            return null;
        }
    }

    /// Frees this memory when the pool is closed.
    void own(NativeScratch memory) { scratch.add(memory); }

    /// Bytes of working memory that the pool's kernels hold. Not while a loop runs.
    long scratchBytes() { return scratch.stream().mapToLong(NativeScratch::bytes).sum(); }

    /// Waits for another thread's loop, whose memory is freed here. A helper that wakes late finds no items left, so it does not touch that memory.
    @Override public void close() {
        if (inUse.isHeldByCurrentThread()) {
            throw new IllegalStateException("a device simd was closed inside a parallel loop of its own; wanted it closed afterwards");
        }
        closed = true;
        for (Helper helper : helpers) LockSupport.unpark(helper);
        inUse.lock();
        try {
            scratch.forEach(NativeScratch::free);
        } finally {
            inUse.unlock();
        }
    }
}
