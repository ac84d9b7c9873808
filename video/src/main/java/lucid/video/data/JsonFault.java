package lucid.video.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/// What a JSON parser complains of, without the classes, switches and places of its own that it names with it.
public final class JsonFault {
    private static final Pattern RANGE = Pattern.compile("Numeric value \\((.*?)\\) out of range of \\w+ \\((\\S+) - (\\S+)\\)");
    private static final Pattern OWN =
            Pattern.compile(" \\(start marker at .*|: enable `.*|: maybe a \\(non-standard\\) comment\\?.*|, from `[^`]*`");

    private JsonFault() {}

    /// For a message that names file and line.
    public static String of(JsonProcessingException e) {
        if (e.getOriginalMessage().startsWith("Trailing token")) return "found more behind the object";
        if (e.getOriginalMessage().startsWith("No content to map")) return "found nothing";
        String said = RANGE.matcher(e.getOriginalMessage()).replaceFirst("found $1, wanted a whole number from $2 to $3");
        return OWN.matcher(said).replaceAll("");
    }
}
