package lucid.video;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/// A function of 0 .. n-1 on a few threads; results and failures in order, so that the outcome does not depend on the threads.
public final class InParallel {
    private InParallel() {}

    /// When this returns or throws, no thread is still at work, so that a caller may remove what was being written.
    ///
    /// @throws RuntimeException what the first failing index threw
    public static <T> List<T> map(int n, int threads, String what, Progress progress, IntFunction<T> function) {
        if (threads < 1) throw new IllegalArgumentException(what + " on " + threads + " threads, wanted at least 1");
        List<T> results = new ArrayList<>(n);
        ExecutorService pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("clips-", 0).factory());
        try {
            List<Future<T>> futures = new ArrayList<>(n);
            for (int i = 0; i < n; i++) {
                int index = i;
                futures.add(pool.submit(() -> function.apply(index)));
            }
            for (int i = 0; i < n; i++) {
                results.add(futures.set(i, null).get());
                if ((i + 1) % 50 == 0 || i + 1 == n) progress.at(what, i + 1, n);
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException r) throw r;
            if (e.getCause() instanceof Error r) throw r;
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(what + " was interrupted", e);
        } finally {
            pool.shutdownNow();
            pool.close();
        }
    }
}
