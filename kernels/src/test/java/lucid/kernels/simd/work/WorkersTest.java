package lucid.kernels.simd.work;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    /// However small: what is refused must not depend on the size.
    @ParameterizedTest(name = "{0} threads, {1} items")
    @CsvSource({"1,1", "1,100", "3,1", "3,100"})
    void aLoopInsideALoopIsRefused(int threads, int items) {
        try (Workers workers = new Workers(threads)) {
            IllegalStateException e = assertThrows(IllegalStateException.class,
                    () -> workers.parallel(items, 10, (_, _, _) -> workers.parallel(1, 10, (_, _, _) -> { })));
            assertTrue(e.getMessage().contains("inside a parallel loop"), e.getMessage());
            AtomicLong done = new AtomicLong();
            workers.parallel(items, 10, (from, to, _) -> done.addAndGet(to - from));
            assertEquals(items, done.get(), "the next loop runs");
        }
    }

    /// Kernels keep working memory from loop to loop, so waiting would not do. The pool is as good as new afterwards; closing waits for the loop,
    /// whose memory it frees.
    @ParameterizedTest @ValueSource(ints = {1, 3})
    void aSecondThreadIsRefusedWhileALoopRuns(int threads) throws InterruptedException {
        Workers workers = new Workers(threads);
        CountDownLatch inside = new CountDownLatch(1), go = new CountDownLatch(1);
        AtomicLong done = new AtomicLong();
        Thread first = Thread.ofPlatform().start(() -> workers.parallel(100, 10, (from, to, _) -> {
            inside.countDown();
            assertDoesNotThrow(() -> go.await());
            done.addAndGet(to - from);
        }));
        inside.await();
        var e = assertThrows(IllegalStateException.class, () -> workers.parallel(1, 1, (_, _, _) -> done.set(-1000)));
        assertTrue(e.getMessage().contains("another thread was using"), e.getMessage());
        Thread closer = Thread.ofPlatform().start(workers::close);
        closer.join(50);
        assertTrue(closer.isAlive(), "closed under a running loop");
        go.countDown();
        closer.join();
        first.join();
        assertEquals(100, done.get());
    }

    @ParameterizedTest @ValueSource(ints = {1, 3})
    void aFailureInALoopLeavesThePoolWhole(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int i = 0; i < 20; i++) {
                assertThrows(RuntimeException.class, () -> workers.parallel(100, 10, (from, _, _) -> {
                    if (from == 50 || threads == 1) throw new OutOfRange();
                }));
            }
            assertThrows(IllegalStateException.class, () -> workers.parallel(1, 1, (_, _, _) -> workers.close()));
            AtomicLong done = new AtomicLong();
            workers.parallel(100, 10, (from, to, _) -> done.addAndGet(to - from));
            assertEquals(100, done.get());
        }
    }

    private static final class OutOfRange extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test void asManyItemsAsThereCanBe() {
        try (Workers workers = new Workers(2)) {
            AtomicLong done = new AtomicLong();
            workers.parallel(Integer.MAX_VALUE, 1 << 30, (from, to, _) -> {
                assertTrue(0 <= from && from < to, from + " .. " + to);
                done.addAndGet(to - from);
            });
            assertEquals(Integer.MAX_VALUE, done.get());
        }
    }

    /// Scratch memory has gone.
    @Test void aClosedPoolRunsNothing() {
        Workers workers = new Workers(2);
        workers.close();
        workers.close();
        assertThrows(IllegalStateException.class, () -> workers.parallel(1, 1, (_, _, _) -> { }));
    }
}
