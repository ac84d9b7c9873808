package lucid.grpo.run;

/// A run folder that cannot be used: the message says which, what was found, and what can be done.
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public RunException(String message) { super(message); }
}
