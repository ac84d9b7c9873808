package lucid.kernels.simd;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// A fixed pool that runs one parallel loop at a time; the caller takes part. Kernels of a small model last tens of microseconds, so workers spin
/// for a while before they sleep. Which thread does which items never shows in a result: every item is independent (row law).
public final class Workers implements AutoCloseable {
    /// The work on items `from` (inclusive) to `to` (exclusive); `thread` is 0 .. threads-1 and picks scratch memory.
    @FunctionalInterface
    public interface Body {
        void run(int from, int to, int thread);
    }

    private static final long SPIN_NANOS = 50_000;

    private final Thread[] helpers;
    private final AtomicLong round = new AtomicLong();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private volatile Body body;
    private volatile int items;
    private volatile int grain;
    private volatile Throwable failure;
    private volatile boolean closed;
    private boolean busy;

    public Workers(int threads) {
        if (threads < 1) throw new IllegalArgumentException("threads: " + threads + ", wanted at least 1");
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int id = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("lucid-worker-" + id).start(() -> serve(id));
        }
    }

    public int threads() { return helpers.length + 1; }

    /// Runs the body over `0 .. items`, in pieces of `grain` items that threads take in turn; returns when all are done.
    /// Not re-entrant: a body must not start another loop of the same pool.
    public synchronized void parallel(int items, int grain, Body body) {
        if (items <= 0) return;
        if (helpers.length == 0 || items <= grain) {
            body.run(0, items, 0);
            return;
        }
        if (busy) throw new IllegalStateException("a parallel loop was started inside a parallel loop");
        busy = true;
        try {
            this.body = body;
            this.items = items;
            this.grain = Math.max(1, grain);
            failure = null;
            next.set(0);
            running.set(helpers.length);
            round.incrementAndGet();
            for (Thread helper : helpers) LockSupport.unpark(helper);
            work(0);
            while (running.get() > 0) Thread.onSpinWait();
        } finally {
            busy = false;
            this.body = null;
        }
        if (failure != null) throw new IllegalStateException("a worker failed: " + failure, failure);
    }

    private void work(int thread) {
        Body b = body;
        int n = items;
        int g = grain;
        try {
            for (int from = next.getAndAdd(g); from < n; from = next.getAndAdd(g)) b.run(from, Math.min(n, from + g), thread);
        } catch (Throwable t) {
            failure = t;
            next.set(n);
        }
    }

    private void serve(int thread) {
        long seen = 0;
        while (!closed) {
            seen = await(seen);
            if (closed) return;
            work(thread);
            running.decrementAndGet();
        }
    }

    private long await(long seen) {
        long deadline = System.nanoTime() + SPIN_NANOS;
        for (int i = 0; ; i++) {
            long now = round.get();
            if (now != seen || closed) return now;
            if ((i & 63) == 63 && System.nanoTime() > deadline) LockSupport.park(this);
            else Thread.onSpinWait();
        }
    }

    @Override public void close() {
        closed = true;
        for (Thread helper : helpers) LockSupport.unpark(helper);
    }
}
