package lucid.tokenizer.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/// A vocabulary file that is malformed or asks for something that is not supported; the message names file and field.
public final class TokenizerFormatException extends IllegalArgumentException {
    private static final Pattern PARSERS_OWN = Pattern.compile(" \\(start marker at .*|: enable `.*|: maybe a \\(non-standard\\) comment\\?.*");

    public TokenizerFormatException(String message) {
        super(message);
    }

    public TokenizerFormatException(String message, Throwable cause) {
        super(message, cause);
    }

    /// What a JSON parser complains of, without the switches and places of its own that it names with it; for a message that names file and line.
    public static String reason(JsonProcessingException e) { return PARSERS_OWN.matcher(e.getOriginalMessage()).replaceAll(""); }
}
