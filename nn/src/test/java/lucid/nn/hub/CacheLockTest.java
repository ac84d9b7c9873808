package lucid.nn.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheLockTest {
    @TempDir Path folder;

    @Test void onlyOneHoldsIt() throws Exception {
        Path file = folder.resolve("locks/x.lock");
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform().start(() -> {
                try (CacheLock _ = CacheLock.acquire(file, HubListener.SILENT)) {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    Thread.sleep(20);
                    inside.decrementAndGet();
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
        for (Thread t : threads) t.join();
        assertEquals(1, most.get());
    }

    /// The lock of Python's `filelock` is `flock`: the tool of the same name must see ours.
    @Test void otherProcessesSeeIt() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(java.nio.file.Files.isExecutable(Path.of("/usr/bin/flock")));
        Path file = folder.resolve("y.lock");
        try (CacheLock _ = CacheLock.acquire(file, HubListener.SILENT)) {
            assertFalse(free(file));
        }
        assertTrue(free(file));
    }

    /// Lustre without its option `flock`, some NFS: whoever waits there waits forever.
    @Test void aFileSystemWithoutLocksIsNotWaitedFor() throws Exception {
        assumeFalse(System.getProperty("os.name").startsWith("Windows"));
        int noSuchCall = 38;
        try (CacheLock lock = CacheLock.acquire(folder.resolve("z.lock"), HubListener.SILENT, _ -> noSuchCall)) {
            assertFalse(lock.alone());
        }
        AtomicInteger asked = new AtomicInteger();
        int[] answers = {11, 4, 0};
        try (CacheLock lock = CacheLock.acquire(folder.resolve("z.lock"), HubListener.SILENT, _ -> answers[asked.getAndIncrement()])) {
            assertTrue(lock.alone(), "taken, interrupted, ours");
        }
        assertEquals(3, asked.get());
    }

    private static boolean free(Path file) throws Exception {
        return new ProcessBuilder("/usr/bin/flock", "--nonblock", file.toString(), "true").start().waitFor() == 0;
    }
}
