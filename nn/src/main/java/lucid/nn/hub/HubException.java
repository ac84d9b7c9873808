package lucid.nn.hub;

/// What keeps a model from being had: the message says what was asked, what came, and what to do.
public final class HubException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final int UNREACHABLE = -1;

    private final int status;

    public HubException(String message) { this(message, 0); }

    HubException(String message, int status) {
        super(message);
        this.status = status;
    }

    public HubException(String message, Throwable cause) {
        super(message, cause);
        status = cause instanceof java.io.IOException ? UNREACHABLE : 0;
    }

    /// True if the hub could not be asked, or did not let us in: what an earlier download left may do instead.
    boolean mayUseCache() { return status == UNREACHABLE || status == 401 || status == 403; }
}
