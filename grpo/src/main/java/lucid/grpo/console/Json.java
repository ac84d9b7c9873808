package lucid.grpo.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;

/// The one style of JSON that is written for readers (`--json`, `summary.json`): a record's components are keys in snake_case.
public final class Json {
    private static final ObjectMapper MAPPER = JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    private Json() {}

    /// @param value a record, or what holds records; the keys of maps stay as they are
    public static <T extends JsonNode> T tree(Object value) { return MAPPER.valueToTree(value); }
}
