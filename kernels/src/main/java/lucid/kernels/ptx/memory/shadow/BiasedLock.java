package lucid.kernels.ptx.memory.shadow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// A lock that belongs to the first thread that takes it, until another one asks for it; from then on, for the rest of the launch, it is an ordinary
/// spin lock.
///
/// The owner takes it without an atomic operation, which would wait until all of its stores have left the store buffer. Only the owner makes it
/// ordinary, and only where it holds nothing: before it takes a lock, while it waits for one, between turns of its warps ([Worker#answer]). Who asks
/// waits for that, and answers others meanwhile.
public abstract class BiasedLock {
    /// The owner of an ordinary lock.
    private static final Worker EVERYBODY = new Worker(-1);
    /// Turns of a waiting loop before the processor is offered to others: the owner may be one of them.
    private static final int PATIENCE = 200;
    private static final VarHandle OWNER;
    private static final VarHandle LOCKED;

    static {
        try {
            OWNER = MethodHandles.lookup().findVarHandle(BiasedLock.class, "owner", Worker.class);
            LOCKED = MethodHandles.lookup().findVarHandle(BiasedLock.class, "locked", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// Null before the first thread comes by. A thread sees itself here exactly as long as it is the owner, so that it may look without a barrier.
    private Worker owner;
    @SuppressWarnings("unused")
    private int locked;

    /// Makes a new lock somebody's.
    ///
    /// @param first null for an ordinary lock
    final void give(Worker first) {
        owner = first == null ? EVERYBODY : first;
    }

    /// Makes it nobody's, between launches.
    final void forgetOwner() {
        owner = null;
    }

    final boolean isOf(Worker me) {
        return owner == me;
    }

    public final void take(Worker me) {
        me.answer();
        if (owner != me) {
            await(me);
        }
    }

    /// Takes it from or with other threads.
    public final void await(Worker me) {
        Worker first = (Worker) OWNER.getAcquire(this);
        if (first == null && OWNER.compareAndSet(this, null, me)) {
            return;
        }
        first = (Worker) OWNER.getAcquire(this);
        if (first != EVERYBODY) {
            first.ask(this);
        }
        for (int turns = 0; OWNER.getAcquire(this) != EVERYBODY || !LOCKED.compareAndSet(this, 0, 1); turns++) {
            me.answer();
            if (turns < PATIENCE) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    public final void release(Worker me) {
        if (owner != me) {
            LOCKED.setRelease(this, 0);
        }
    }

    /// Makes it an ordinary lock, which nobody holds. By its owner, or for one that has left.
    final void share() {
        OWNER.setRelease(this, EVERYBODY);
    }
}
