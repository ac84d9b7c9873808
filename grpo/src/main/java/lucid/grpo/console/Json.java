package lucid.grpo.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.stream.Collectors;
import lucid.video.data.JsonFault;

/// The one style of JSON that is written for readers (`--json`, `summary.json`): a record's components are keys in snake_case.
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private Json() {}

    /// What is wrong with a text that a parser refused, for a message that names file and line: neither classes nor switches of the parser's are
    /// anything to its reader.
    public static String fault(JsonProcessingException e) {
        if (!(e instanceof JsonMappingException found)) return "not JSON: " + JsonFault.of(e);
        if (e.getCause() instanceof StreamReadException text) return "not JSON: " + JsonFault.of(text);
        String field = found.getPath().stream().map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                .collect(Collectors.joining("."));
        return e instanceof UnrecognizedPropertyException ? "found a field '" + field + "', wanted none of that name" : field.isEmpty()
                ? "found a value of another kind, or nothing" : "found nothing, or a value of another kind, as '" + field + "'";
    }

    /// @param value a record, or what holds records; the keys of maps stay as they are
    public static <T extends JsonNode> T tree(Object value) { return MAPPER.valueToTree(value); }
}
