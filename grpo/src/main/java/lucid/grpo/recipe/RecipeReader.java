package lucid.grpo.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.InjectableValues;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.PropertyBindingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;
import lucid.nn.weights.Initialization;
import lucid.video.data.JsonFault;
import lucid.video.data.Utf8Text;

/// Reads recipes: shipped ones by name, others by path. Every key must be there and known, and every value one that a run can use.
public final class RecipeReader {
    /// Names of the shipped recipes.
    public static final List<String> SHIPPED = List.of("demo", "tinyllava-video", "tinyllava-video-r1", "tinyllava-video-r1-paper",
            "tinyllava-video-r1-coldstart", "tinyllava-video-r1-lora");

    // The loss without what recipes could not choose at first.
    private static final Stage.LossSpec PLAIN = new Stage.LossSpec(null, null, 0, null, null);
    // Keys that recipes did not have at first, and what is meant where they are missing: older recipes stay what they were, hash included.
    private static final Map<String, Object> MISSING = missing();
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                            DeserializationFeature.FAIL_ON_IGNORED_PROPERTIES, DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .defaultPrettyPrinter(JsonText.LINES)
            .injectableValues(new InjectableValues.Std(MISSING))
            // Jackson would read a number as text, and blank text as a number that is missing.
            .withCoercionConfig(LogicalType.Textual, c -> Stream.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)
                    .forEach(s -> c.setCoercion(s, CoercionAction.Fail)))
            .withCoercionConfigDefaults(c -> Stream.of(CoercionInputShape.EmptyString, CoercionInputShape.String)
                    .forEach(s -> c.setCoercion(s, CoercionAction.Fail)))
            .build();
    // Unknown keys are looked for first: a misspelt key is also a missing one, and "unknown, did you mean" helps more than "missing".
    private static final ObjectMapper KEYS = JSON.copy().disable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private RecipeReader() {}

    private static Map<String, Object> missing() {
        Map<String, Object> all = new HashMap<>();
        all.put(Recipe.INITIALIZATION, null);
        all.put(Recipe.LORA, null);
        all.put(Recipe.ORIGIN, null);
        all.put(Recipe.DataSpec.CAPTIONS, null);
        all.put(Recipe.DataSpec.CONVERSATIONS, null);
        all.put(Recipe.DataSpec.CLIPS, null);
        all.put(Recipe.TokenizerSpec.FREQUENCY, Recipe.TokenizerSpec.MIN_FREQUENCY);
        all.put(Recipe.EvaluationSpec.DIRECT, Recipe.EvaluationSpec.DIRECT_TOKENS);
        all.put(Recipe.EvaluationSpec.SAMPLING, null);
        all.put(Stage.Supervised.MICRO_BATCH, null);
        all.put(Stage.AdvantageSpec.STD_OF, Stage.AdvantageSpec.GROUP);
        all.put(Stage.LossSpec.SURROGATE, PLAIN.surrogate());
        all.put(Stage.LossSpec.RATIO, PLAIN.ratio());
        all.put(Stage.LossSpec.DELTA, PLAIN.delta());
        all.put(Stage.LossSpec.KL_TIMES_RATIO, PLAIN.klTimesRatio());
        all.put(Stage.LossSpec.MASK_TRUNCATED, PLAIN.maskTruncated());
        all.put(Stage.RewardSpec.FORMAT, TinyLlavaVideoR1Reward.FORMAT);
        all.put(Stage.RewardSpec.LENGTH, TinyLlavaVideoR1Reward.LENGTH);
        all.put(Stage.RewardSpec.MALFORMED, TinyLlavaVideoR1Reward.MALFORMED);
        return all;
    }

    /// A shipped recipe's name or the path of a file.
    public static Recipe read(String nameOrPath) {
        if (SHIPPED.contains(nameOrPath)) return parse("recipe " + nameOrPath, shipped(nameOrPath));
        Path file = Path.of(nameOrPath);
        if (Files.isDirectory(file))
            throw new RecipeException("recipe '" + nameOrPath + "': found a folder, wanted a recipe's file or a shipped recipe ("
                    + String.join(", ", SHIPPED) + ")");
        if (!Files.isRegularFile(file)) {
            throw new RecipeException("recipe '" + nameOrPath + "': no such file, and no shipped recipe of that name ("
                    + String.join(", ", SHIPPED) + ")"
                    + suggestion(nameOrPath, SHIPPED));
        }
        try {
            return parse(nameOrPath, Utf8Text.of(Files.readAllBytes(file)));
        } catch (Utf8Text.Malformed e) {
            throw new RecipeException(nameOrPath + ", line " + e.line() + ": " + e.getMessage());
        } catch (IOException e) {
            throw new RecipeException(nameOrPath + ": could not be read: " + IoReason.of(e));
        }
    }

    private static String shipped(String name) {
        try (InputStream in = RecipeReader.class.getResourceAsStream("/recipes/" + name + ".json")) {
            if (in == null) throw new RecipeException("recipe " + name + " is missing from this build");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new RecipeException("recipe " + name + ": could not be read: " + IoReason.of(e));
        }
    }

    /// @param origin names the recipe in messages
    public static Recipe parse(String origin, String json) {
        try {
            KEYS.readValue(json, Recipe.class);
            Recipe recipe = JSON.readValue(json, Recipe.class).withOrigin(origin);
            RecipeCheck.check(origin, recipe);
            return recipe;
        } catch (PropertyBindingException e) {
            Collection<String> known = e.getKnownPropertyIds() == null ? List.of() : e.getKnownPropertyIds().stream().map(Object::toString)
                    .filter(RecipeReader::isKey).sorted().toList();
            throw new RecipeException(origin + ", " + where(e) + ": unknown key '" + e.getPropertyName() + "'"
                    + suggestion(e.getPropertyName(), known)
                    + "; known here: " + String.join(", ", known));
        } catch (InvalidTypeIdException e) {
            throw new RecipeException(origin + ", " + where(e) + kind(e, json));
        } catch (InvalidFormatException e) {
            throw new RecipeException(origin + ", " + where(e) + ": found " + found(e, json) + ", wanted " + wanted(e));
        } catch (MismatchedInputException e) {
            throw new RecipeException(origin + ", " + where(e) + ": " + mismatch(e, json));
        } catch (JsonMappingException e) {
            // A number that is too large for its field is JSON all the same.
            throw new RecipeException(origin + ", " + where(e) + ": " + (e.getCause() instanceof InputCoercionException ? "" : "not JSON: ")
                    + JsonFault.of(e));
        } catch (JsonProcessingException e) {
            throw new RecipeException(origin + ", " + line(e) + ": not JSON: " + JsonFault.of(e));
        }
    }

    // Jackson tells of creators and features what a reader of recipes should read of keys and values.
    private static String mismatch(MismatchedInputException e, String json) {
        Class<?> type = e.getTargetType();
        if (e.getOriginalMessage().startsWith("Missing creator property")) return "is missing";
        if (e.getOriginalMessage().startsWith("Trailing token")) return "found more behind the recipe, wanted one object and nothing else";
        return type == null ? JsonFault.of(e) : "found " + found(e, json) + ", wanted " + wanted(type);
    }

    private static boolean isKey(String component) { return !component.equals(Recipe.ORIGIN); }

    // The path in the recipe goes before it.
    private static String kind(InvalidTypeIdException e, String json) {
        JsonNode stage = node(e, json);
        if (!stage.isObject()) return ": found " + found(e, json) + ", wanted an object with kind 'supervised' or 'grpo'";
        return ".kind: " + (stage.has(Stage.KIND) ? "found " + text(stage.get(Stage.KIND)) : "is missing") + ", wanted 'supervised' or 'grpo'"
                + suggestion(stage.path(Stage.KIND).asText(), List.of("supervised", "grpo"));
    }

    private static String found(MismatchedInputException e, String json) { return text(node(e, json)); }

    // What stands where the reader stopped. It is read again, for Jackson's message has it in words of its own.
    private static JsonNode node(MismatchedInputException e, String json) {
        try {
            JsonNode at = JSON.readTree(json);
            for (JsonMappingException.Reference r : e.getPath()) at = r.getFieldName() != null ? at.path(r.getFieldName()) : at.path(r.getIndex());
            return at;
        } catch (JsonProcessingException _) {
            return MissingNode.getInstance();
        }
    }

    private static String text(JsonNode found) {
        return found.isMissingNode() ? "nothing" : found.isArray() ? "a list" : found.isObject() ? "an object" : found.isTextual()
                ? "'" + found.asText() + "'" : found.toString();
    }

    /// The recipe as JSON, every constant in it.
    public static String write(Recipe recipe) {
        try {
            return JSON.writeValueAsString(recipe) + "\n";
        } catch (JsonProcessingException e) {
            throw new AssertionError("a recipe is plain data", e);
        }
    }

    /// The same without what it would mean anyhow: as it was written before those keys were there. A run's hash begins with this, so it is still the
    /// one of a run from then.
    public static String writeShortest(Recipe recipe) {
        try {
            ObjectNode all = JSON.valueToTree(recipe);
            leaveOut(all, Recipe.INITIALIZATION, Initialization.FAN_IN);
            leaveOut(all.path("tokenizer"), Recipe.TokenizerSpec.FREQUENCY, Recipe.TokenizerSpec.MIN_FREQUENCY);
            leaveOut(all.path("data"), Recipe.DataSpec.CLIPS, Recipe.DataSpec.CLIPS_PER_STEP);
            leaveOut(all.path("evaluation"), Recipe.EvaluationSpec.DIRECT, Recipe.EvaluationSpec.DIRECT_TOKENS);
            for (JsonNode stage : all.path("stages")) {
                for (String key : List.of(Stage.RewardSpec.FORMAT, Stage.RewardSpec.LENGTH, Stage.RewardSpec.MALFORMED))
                    leaveOut(stage.path("reward"), key, MISSING.get(key));
                leaveOut(stage.path("advantage"), Stage.AdvantageSpec.STD_OF, Stage.AdvantageSpec.GROUP);
                for (String key : List.of(Stage.LossSpec.SURROGATE, Stage.LossSpec.RATIO, Stage.LossSpec.DELTA, Stage.LossSpec.KL_TIMES_RATIO,
                        Stage.LossSpec.MASK_TRUNCATED)) leaveOut(stage.path("loss"), key, MISSING.get(key));
            }
            return JSON.writeValueAsString(all) + "\n";
        } catch (JsonProcessingException e) {
            throw new AssertionError("a recipe is plain data", e);
        }
    }

    private static void leaveOut(JsonNode at, String key, Object meant) {
        if (at instanceof ObjectNode object && JSON.valueToTree(meant).equals(object.get(key))) object.remove(key);
    }

    private static String wanted(InvalidFormatException e) {
        Class<?> type = e.getTargetType();
        return type.isEnum() ? FieldCheck.oneOf(String.valueOf(e.getValue()).toLowerCase(Locale.ROOT),
                FieldCheck.names((Enum<?>[]) type.getEnumConstants())) : wanted(type);
    }

    private static String wanted(Class<?> type) {
        if (type.isRecord())
            return "an object with " + Arrays.stream(type.getRecordComponents())
                    .map(c -> PropertyNamingStrategies.SnakeCaseStrategy.INSTANCE.translate(c.getName())).filter(RecipeReader::isKey)
                    .collect(Collectors.joining(", "));
        if (Collection.class.isAssignableFrom(type)) return "a list";
        if (type.isEnum()) return FieldCheck.oneOf(null, FieldCheck.names((Enum<?>[]) type.getEnumConstants()));
        if (type == String.class) return "text";
        return type == boolean.class ? "true or false" : type == double.class || type == float.class || type == Double.class ? "a number"
                : "a whole number";
    }

    private static String where(JsonMappingException e) {
        String path = e.getPath().stream().map(r -> r.getFieldName() != null ? "." + r.getFieldName() : "[" + r.getIndex() + "]")
                .collect(Collectors.joining()).replaceFirst("^\\.", "");
        return line(e) + (path.isEmpty() ? "" : ", " + path);
    }

    private static String line(JsonProcessingException e) {
        return e.getLocation() == null ? "unknown line" : "line " + e.getLocation().getLineNr();
    }

    /// ` (did you mean 'x'?)` for the nearest known word, if one is near.
    public static String suggestion(String word, Collection<String> known) {
        return nearest(word, known).map(k -> " (did you mean '" + k + "'?)").orElse("");
    }

    /// The known word that was perhaps meant, if one is near; capitals or not makes no distance.
    public static Optional<String> nearest(String word, Collection<String> known) {
        ToIntFunction<String> far = k -> distance(word.toLowerCase(Locale.ROOT), k.toLowerCase(Locale.ROOT));
        return known.stream().min(Comparator.comparingInt(far)).filter(k -> far.applyAsInt(k) <= Math.max(2, word.length() / 3));
    }

    // Levenshtein, two rows.
    static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) previous[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
