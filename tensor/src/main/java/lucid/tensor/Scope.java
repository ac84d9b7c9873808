package lucid.tensor;

import java.util.Objects;
import lucid.kernels.Device;

/// Owner of tensor memory: what was made in a scope dies with it. The result of an operation belongs to the innermost open scope of its
/// device; parameters live in a scope that was opened before (or a [#holding] one), temporaries in one per step:
///
/// ```java
/// try (var model = Scope.open(device)) {
///     var w = new Parameter("w", Tensor.zeros(model, 4, 4));
///     for (...) try (var step = model.child()) { ... }   // everything computed here is freed here
/// }
/// ```
/// One thread at a time may use a device, and so its scopes.
public final class Scope implements AutoCloseable {
    private final Tape tape;
    private final Scope parent;
    private Storage head;
    private long liveBytes;
    private boolean closed;

    private Scope(Tape tape, Scope parent) {
        this.tape = tape;
        this.parent = parent;
    }

    /// Opens a scope inside the device's innermost open one; until it closes, results of operations belong to it.
    public static Scope open(Device device) {
        Tape tape = Tape.openFor(device);
        Scope scope = new Scope(tape, tape.innermost());
        tape.opened(scope, true);
        return scope;
    }

    /// A scope that never receives results by itself, only what is created in it or moved to it: for parameters, optimiser state, caches.
    public static Scope holding(Device device) {
        Tape tape = Tape.openFor(device);
        Scope scope = new Scope(tape, null);
        tape.opened(scope, false);
        return scope;
    }

    /// Opens a scope of the same device, see [#open].
    public Scope child() {
        checkOpen();
        return open(tape.device());
    }

    public Device device() { return tape.device(); }

    /// The device's tape.
    public Tape tape() { return tape; }

    /// Bytes of the buffers that this scope owns now (its inner scopes' not included).
    public long liveBytes() { return liveBytes; }

    /// Moves a tensor's memory to the scope around this one, so that it outlives this scope; refused as in [#adopt]. What a scope further out owns
    /// stays there: it lives longer still.
    public Tensor keep(Tensor tensor) {
        if (parent == null)
            throw new IllegalStateException("keep: this scope has no scope around it; use adopt of the scope that should own " + tensor);
        for (Scope outer = parent; outer != null; outer = outer.parent) {
            if (tensor.scope() == outer) return tensor;
        }
        return parent.adopt(tensor);
    }

    /// Moves a tensor's memory from its scope to this one, and with a leaf its gradient. Refused for the memory of a result on the tape, detached or
    /// not: what the result was computed
    /// from would die before it.
    public Tensor adopt(Tensor tensor) {
        Objects.requireNonNull(tensor, "tensor");
        checkOpen();
        Storage storage = tensor.storage();
        if (storage.tape != tape) throw new IllegalArgumentException("adopt: " + tensor + " lives on another device than this scope");
        if (tensor.onTape()) {
            throw new IllegalStateException("adopt: " + tensor + " is a result on the tape, or shares its memory; make it under Tape.noGrad(), or "
                    + "adopt detach().copy()");
        }
        take(storage);
        if (tensor.leaf != null) tensor.leaf.moved();
        return tensor;
    }

    /// Moves memory here from the scope that owns it.
    void take(Storage storage) {
        storage.owner.remove(storage);
        add(storage);
    }

    void checkOpen() {
        if (closed) throw new IllegalStateException("this scope of device " + tape.device().name() + " is closed; open a new one");
    }

    void add(Storage storage) {
        checkOpen();
        storage.owner = this;
        storage.previous = null;
        storage.next = head;
        if (head != null) head.previous = storage;
        head = storage;
        liveBytes += storage.bytes();
    }

    void remove(Storage storage) {
        if (storage.previous == null) head = storage.next; else storage.previous.next = storage.next;
        if (storage.next != null) storage.next.previous = storage.previous;
        storage.previous = null;
        storage.next = null;
        storage.owner = null;
        liveBytes -= storage.bytes();
    }

    /// Frees everything this scope owns. Closing twice is an error. What cannot be freed (somebody closed its buffer) is said when all else is, and
    /// the scope is closed.
    @Override public void close() {
        checkOpen();
        RuntimeException failure = null;
        while (head != null) {
            try {
                head.free();
            } catch (RuntimeException e) {
                if (failure == null) failure = e;
            }
        }
        closed = true;
        tape.closed(this);
        if (failure != null) throw failure;
    }
}
