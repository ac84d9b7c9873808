package lucid.nn.config;

/// A configuration that cannot be used. The message names file, key, what was found and what was wanted.
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ConfigException(String message) { super(message); }

    public ConfigException(String message, Throwable cause) { super(message, cause); }
}
