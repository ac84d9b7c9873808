package lucid.nn.disk;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.PrettyPrinter;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// JSON files as RFC 8259 has them, read strictly: UTF-8 and nothing else (a parser of bytes guesses UTF-16 and UTF-32 from zeros, which damage
/// makes), no key twice, nothing behind the value.
public final class JsonText {
    /// How JSON is written for readers: indented, with line feeds on every system. Jackson's own choice follows the system, and with it would every
    /// hash over such a text.
    public static final PrettyPrinter LINES = new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    // Places and switches of the parser's own, which are nothing to who has to mend the file.
    private static final Pattern PARSERS_OWN = Pattern.compile(" \\(start marker at .*|: enable `.*|: maybe a \\(non-standard\\) comment\\?.*");

    private JsonText() {}

    /// @throws IOException if it cannot be read, or is not sound JSON; [#reason] says which
    public static JsonNode read(Path file) throws IOException {
        return JSON.readTree(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(file))).toString());
    }

    /// The text of a file, with a line feed at its end.
    public static String pretty(JsonNode value) {
        try {
            return JSON.writer(LINES).writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new AssertionError("a tree is plain data", e);
        }
    }

    /// What was wrong, for a message that names the file.
    public static String reason(IOException e) {
        return switch (e) {
            case JsonProcessingException json -> "not sound JSON: " + PARSERS_OWN.matcher(json.getOriginalMessage()).replaceAll("")
                    + (json.getLocation() == null ? "" : " (line " + json.getLocation().getLineNr() + ")");
            case CharacterCodingException _ -> "not sound JSON: found bytes that are not UTF-8";
            case NoSuchFileException _ -> "no such file, wanted JSON";
            default -> "cannot be read (" + IoReason.of(e) + ")";
        };
    }
}
