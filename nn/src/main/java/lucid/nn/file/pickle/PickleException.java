package lucid.nn.file.pickle;

/// A pickle that is damaged, too large, or asks for something that no tensor file needs. The message names file and byte, what was found and what was
/// wanted.
public final class PickleException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public PickleException(String message) { super(message); }
}
