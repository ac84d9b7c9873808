package lucid.tokenizer.format;

/// A vocabulary file that is malformed or asks for something that is not supported; the message names file and field.
public final class TokenizerFormatException extends IllegalArgumentException {
    public TokenizerFormatException(String message) {
        super(message);
    }

    public TokenizerFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
