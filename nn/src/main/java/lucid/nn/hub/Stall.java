package lucid.nn.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/// Closes a stream on which nothing has come for a while: a body has no timeout of its own.
final class Stall implements Closeable {
    /// How long nothing may come.
    record Limit(Duration time) {
        long seconds() { return Math.max(1, time.toSeconds()); }
    }

    private final Thread watch;
    private volatile long last = System.nanoTime();
    private volatile boolean happened;

    Stall(InputStream in, Limit limit) {
        long nanos = limit.time.toNanos();
        watch = Thread.ofVirtual().start(() -> {
            try {
                for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - last)) Thread.sleep(Duration.ofNanos(left));
                happened = true;
                in.close();
            } catch (InterruptedException _) {
                // The normal end: the body came, or failed by itself.
            } catch (IOException e) {
                throw new IllegalStateException("closing a stalled connection", e);
            }
        });
    }

    void alive() { last = System.nanoTime(); }

    boolean happened() { return happened; }

    @Override public void close() { watch.interrupt(); }
}
