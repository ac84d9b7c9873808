package lucid.nn.memory;

/// Work that does not fit. The message is the table of what needs what, and what to do.
public final class MemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MemoryException(String message) { super(message); }
}
