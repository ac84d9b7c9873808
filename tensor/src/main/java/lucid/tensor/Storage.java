package lucid.tensor;

import lucid.kernels.contract.operand.Buffer;

/// One buffer and the scope that will free it: a link in that scope's list, so that moving and early freeing cost nothing.
/// Views share the storage of what they look at.
final class Storage {
    final Buffer buffer;
    final Tape tape;
    Scope owner;
    Storage previous;
    Storage next;

    Storage(Buffer buffer, Scope owner) {
        this.buffer = buffer;
        this.tape = owner.tape();
        owner.add(this);
    }

    boolean alive() { return owner != null; }

    long bytes() { return buffer.length() * buffer.dtype().bytes(); }

    /// Frees the memory before its scope ends.
    void free() {
        owner.remove(this);
        buffer.close();
    }
}
