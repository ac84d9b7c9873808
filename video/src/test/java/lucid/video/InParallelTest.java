package lucid.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class InParallelTest {
    @Test void nothingRunsOnAfterAFailure() {
        AtomicInteger running = new AtomicInteger();
        CountDownLatch both = new CountDownLatch(2);
        assertThrows(IllegalStateException.class, () -> InParallel.map(2, 2, "working", Progress.NONE, i -> {
            running.incrementAndGet();
            both.countDown();
            while (both.getCount() > 0) Thread.onSpinWait();   // not await(): an interrupt would end it
            if (i == 0) {
                running.decrementAndGet();
                throw new IllegalStateException("stop");
            }
            // The other one does not look at interrupts for a while, like a thread inside the encoder.
            for (long end = System.nanoTime() + 200_000_000L; System.nanoTime() < end; ) LockSupport.parkNanos(1_000_000);
            running.decrementAndGet();
            return i;
        }));
        assertEquals(0, running.get());
    }
}
