package lucid.kernels.ptx.memory.shadow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Locks that belong to one thread until another asks.
class BiasedLockTest {
    private static final class Counted extends BiasedLock {
        long count;
    }

    @Test
    void belongsToTheFirst_untilAnotherAsksAndTheFirstAnswers() throws InterruptedException {
        var lock = new Counted();
        var first = new Worker(0);
        lock.take(first);
        assertTrue(lock.isOf(first));
        lock.release(first);
        var taken = new CountDownLatch(1);
        var other = new Thread(() -> {
            var me = new Worker(1);
            lock.take(me);
            taken.countDown();
            lock.release(me);
            me.leave();
        });
        other.start();
        while (lock.isOf(first)) {
            assertEquals(1, taken.getCount(), "nobody may take what its owner has not given up");
            first.answer();
            Thread.onSpinWait();
        }
        taken.await();
        other.join();
        lock.take(first);
        assertFalse(lock.isOf(first), "it stays an ordinary lock");
        lock.release(first);
    }

    @Test
    void whoHasLeft_isNotWaitedFor() {
        var lock = new Counted();
        var gone = new Worker(0);
        lock.take(gone);
        lock.release(gone);
        gone.leave();
        var me = new Worker(1);
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> lock.take(me));
        assertFalse(lock.isOf(gone));
    }

    /// Plain counters under few locks: an increment is lost as soon as two threads are inside.
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void onlyOneIsInside(int threads) {
        var locks = IntStream.range(0, 6).mapToObj(_ -> new Counted()).toList();
        int turns = 30_000;
        together(threads, (me, random) -> {
            for (int i = 0; i < turns; i++) {
                // Mostly one's own, so that locks are taken in both ways.
                Counted lock = locks.get(random.nextInt(8) == 0 ? random.nextInt(6) : me.number);
                lock.take(me);
                lock.count++;
                lock.release(me);
            }
        });
        assertEquals((long) threads * turns, locks.stream().mapToLong(lock -> lock.count).sum());
    }

    /// Readers change what is their side's alone, writers what is the page's and what all sides have.
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void whoWritesAPage_isAloneWithAllOfItsSides(int threads) {
        var pages = IntStream.range(0, 3).mapToObj(i -> new Page(new byte[64], 0, i * 64L, 0, 64, new Shadow(64, false))).toList();
        var inside = IntStream.range(0, 3).mapToObj(_ -> new AtomicInteger()).toList();
        var wrong = new AtomicInteger();
        together(threads, (me, random) -> {
            for (int i = 0; i < 8_000; i++) {
                int p = random.nextInt(3);
                Page page = pages.get(p);
                if (random.nextInt(4) == 0) {
                    page.lock(me);
                    wrong.addAndGet(inside.get(p).compareAndSet(0, 1000) ? 0 : 1);
                    inside.get(p).addAndGet(-1000);
                    page.unlock(me);
                } else {
                    page.take(me);
                    Readers side = page.shadow.makeSide(me.number, me);
                    page.release(me);
                    side.take(me);
                    wrong.addAndGet(inside.get(p).incrementAndGet() > threads ? 1 : 0);
                    inside.get(p).decrementAndGet();
                    side.release(me);
                }
            }
        });
        assertEquals(0, wrong.get());
    }

    private interface Body {
        void run(Worker me, SplittableRandom random);
    }

    private static void together(int threads, Body body) {
        var failures = new AtomicInteger();
        var running = new ArrayList<Thread>();
        for (int t = 0; t < threads; t++) {
            var me = new Worker(t);
            var random = new SplittableRandom(t);
            running.add(Thread.ofPlatform().daemon().start(() -> {
                try {
                    body.run(me, random);
                } catch (RuntimeException | Error e) {
                    failures.incrementAndGet();
                    throw e;
                } finally {
                    me.leave();
                }
            }));
        }
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(120), () -> {
            for (Thread thread : running) {
                thread.join();
            }
        });
        assertEquals(0, failures.get());
    }
}
