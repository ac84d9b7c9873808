package lucid.grpo.console;

import java.util.concurrent.CountDownLatch;

/// While it is open, Ctrl-C (or a polite kill) asks the work to end in good order, and the process waits for that, however long it takes: until this
/// is closed. A second one ends the process at once.
public final class Interruption implements AutoCloseable {
    private static final String AGAIN = " (Ctrl-C again ends at once)";

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean asked;

    private Interruption(Runnable ask) {
        // Not for the end of the thread: one that calls System.exit now waits for this hook.
        hook = new Thread(() -> {
            asked = true;
            CLibrary.endAtNextSignal();
            ask.run();
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// @param ask tells the work to end, and says so; called by another thread
    public static Interruption of(Runnable ask) { return new Interruption(ask); }

    /// Work that asks whether it was [#asked].
    ///
    /// @param what is said
    public static Interruption of(Console console, String what) { return of(() -> console.line(what + AGAIN)); }

    /// Work that ends by itself when its thread, the present one, is interrupted, as all writing to files does.
    ///
    /// @param what is said first
    public static Interruption ofThread(Console console, String what) {
        Thread worker = Thread.currentThread();
        return of(() -> {
            console.line(what + AGAIN);
            worker.interrupt();
        });
    }

    /// Whether the end was asked for.
    public boolean asked() { return asked; }

    @Override public void close() {
        ended.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: the hook is what asked for it.
            return;
        }
    }
}
