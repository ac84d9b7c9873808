package lucid.kernels.simd.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkersTest {
    /// However small: what is refused must not depend on the size.
    @ParameterizedTest(name = "{0} threads, {1} items")
    @CsvSource({"1,1", "1,100", "3,1", "3,100"})
    void aLoopInsideALoopIsRefused(int threads, int items) {
        try (Workers workers = new Workers(threads)) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> workers.parallel(items, 10, (_, _, _) -> workers.parallel(1, 10, (_, _, _) -> { })));
            assertTrue(e.getMessage().contains("inside a parallel loop"), e.getMessage());
            AtomicLong done = new AtomicLong();
            workers.parallel(items, 10, (from, to, _) -> done.addAndGet(to - from));
            assertEquals(items, done.get(), "the next loop runs");
        }
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
