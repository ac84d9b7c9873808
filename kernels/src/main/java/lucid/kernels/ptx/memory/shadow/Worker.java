package lucid.kernels.ptx.memory.shadow;

import java.util.ArrayList;
import java.util.List;

/// A thread that runs blocks, as the locks of global memory know it ([BiasedLock]): other threads ask it for locks that are its own.
public final class Worker {
    public final int number;
    private final List<BiasedLock> wanted = new ArrayList<>();
    private volatile boolean asked;
    private boolean gone;
    private BiasedLock held;

    public Worker(int number) {
        this.number = number;
    }

    /// Gives up the locks that others have asked for. By the thread itself, where it holds none but [#hold]'s.
    public void answer() {
        if (asked) {
            giveUp();
        }
    }

    private synchronized void giveUp() {
        wanted.removeIf(lock -> {
            boolean free = lock != held;
            if (free) {
                lock.share();
            }
            return free;
        });
        asked = !wanted.isEmpty();
    }

    /// The lock that the thread keeps while it waits for others, or null.
    void hold(BiasedLock lock) {
        held = lock;
    }

    /// Wants a lock of this thread. By another one.
    synchronized void ask(BiasedLock lock) {
        if (gone) {
            lock.share();
        } else {
            wanted.add(lock);
            asked = true;
        }
    }

    /// The thread accesses nothing any more.
    public synchronized void leave() {
        gone = true;
        held = null;
        giveUp();
    }
}
