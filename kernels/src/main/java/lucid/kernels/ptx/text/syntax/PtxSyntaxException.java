package lucid.kernels.ptx.text.syntax;

/// A text that Lucid cannot load: wrong PTX, or PTX that Lucid does not know. The message starts with file and line.
public final class PtxSyntaxException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int line;

    public PtxSyntaxException(String file, int line, String message) {
        super(file + ":" + line + ": " + message);
        this.line = line;
    }

    /// From 1.
    public int line() {
        return line;
    }
}
