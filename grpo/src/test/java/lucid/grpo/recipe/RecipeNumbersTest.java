package lucid.grpo.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every number of a recipe, the least and the most that it may be, and that what it may not be is refused by file, field, what was found and what
/// was wanted.
class RecipeNumbersTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    // The demo's; SUPERVISED has 28 updates, GRPO 100.
    private static final String SUPERVISED = "stages[4]";
    private static final String GRPO = "stages[5]";

    /// @param path of the field
    /// @param good values that are taken
    /// @param bad  values that are refused
    /// @param wanted what the refusal says; empty: nothing is refused that is of the field's type
    private record Rule(String path, List<String> good, List<String> bad, String wanted) {
        static Rule of(String line) {
            String[] cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toArray(String[]::new);
            return new Rule(cells[0], values(cells[1]), values(cells[2]), cells[3]);
        }

        private static List<String> values(String cell) { return cell.isEmpty() ? List.of() : List.of(cell.split(" ")); }

        Rule in(String place) { return new Rule(place + "." + path, good, bad, wanted); }

        @Override public String toString() { return path + ": " + wanted; }
    }

    // 1e39 is infinite as a float, 1e-60 is 0, 0.999999999 is 1.
    private static final String RECIPE = """
            seed                              | -1 0           |                | whole
            initialization.linear             | 0 1            | -1 1e39        | a finite number >= 0
            initialization.embedding          | 1              | 0 -1 1e39      | a finite number > 0
            initialization.position           | 0 1            | -1 1e39        | a finite number >= 0
            initialization.latent             | 1              | 0 -1 1e39      | a finite number > 0
            initialization.decoder_residual   | 0 1            | -1 1e39        | a finite number >= 0
            initialization.vision_residual    | 0 1            | -1 1e39        | a finite number >= 0
            initialization.connector_residual | 0 1            | -1 1e39        | a finite number >= 0
            tokenizer.vocabulary              | 257            | 256 0 -1       | a whole number, at least 257
            tokenizer.texts                   | 1              | 0 -1           | a whole number, at least 1
            tokenizer.min_frequency           | 1              | 0 -1           | a whole number, at least 1
            data.frames                       | 1              | 0 -1           | a whole number, at least 1
            data.image                        | 1              | 0 -1           | a whole number, at least 1
            data.clips                        | 64             | 63 -1 null     | a whole number, at least 64
            data.held_out                     | 5              | 4 -1 null      | a whole number, at least 5
            data.data_seed                    | -1 0           | null           | a value
            data.clips_per_step               | 1 null         | 0 -1           | a whole number, at least 1
            evaluation.questions              | 0              | -1             | a whole number, at least 0
            evaluation.interim                | 0              | -1             | a whole number, at least 0
            evaluation.max_new_tokens         | 1              | 0 -1           | a whole number, at least 1
            evaluation.controls               | 0              | -1             | a whole number, at least 0
            evaluation.direct_tokens          | 1              | 0 -1           | a whole number, at least 1
            lora.r                            | 1              | 0 -1           | a whole number, at least 1
            lora.alpha                        | 0.1            | 0 -1 1e39      | a finite number > 0
            lora.dropout                      | 0              | 0.1 -1         | 0
            """;
    private static final String SUPERVISED_STAGE = """
            steps                             | 4              | 0 -1           | a whole number, at least 1
            mix.direct                        | 1              | 0 -1 null      | a whole number, at least 1
            micro_batch                       | 1 100 null     | 0 -1           | a whole number, at least 1
            save_every                        | 1 1000         | 0 -1           | a whole number, at least 1
            optimizer.warmup                  | 28             | 29             | at most 28
            """;
    private static final String GRPO_STAGE = """
            steps                             | 5              | 0 -1           | a whole number, at least 1
            prompts                           | 1              | 0 -1           | a whole number, at least 1
            completions                       | 2              | 1 0 -1         | a whole number, at least 2
            iterations                        | 1              | 0 -1           | a whole number, at least 1
            iterations                        | 21474836       | 21474837       | at most 21474836
            micro_batch                       | 1 100          | 0 -1           | a whole number, at least 1
            max_new_tokens                    | 1              | 0 -1           | a whole number, at least 1
            save_every                        | 1 1000         | 0 -1           | a whole number, at least 1
            interim_every                     | 0              | -1             | a whole number, at least 0
            rescore_every                     | 0              | -1             | a whole number, at least 0
            optimizer.warmup                  | 100            | 101            | at most 100
            reward.max_length                 | 1              | 0 -1           | a whole number, at least 1
            reward.format                     | 0.1            | 0 -1 1e39      | a finite number > 0
            reward.length                     | 0              | -1 1e39        | a finite number >= 0
            reward.malformed                  | -2 0           | -2.1 0.1 5     | a number in [-2.0, 0.0]
            advantage.eps                     | 0              | -1 1e39        | a finite number >= 0
            advantage.noise                   | 0              | -1 1e39        | a finite number >= 0
            loss.epsilon_low                  | 0 1 null       | -0.1 1.1       | a number in [0, 1]
            loss.epsilon_high                 | 0 2 null       | -0.1 1e39      | a finite number >= 0
            loss.beta                         | 0 2            | -1 1e39        | a finite number >= 0
            loss.kl_clamp                     | 1 null         | 0 -1 1e39      | a finite number > 0
            loss.delta                        | 1.1 4 null     | 0 -1 1e39      | a finite number > 0
            loss.delta                        | 1.1 null       | 1 0.5          | more than 1.0: the clip
            """;
    private static final String OPTIMIZER = """
            optimizer.lr                      | 0 1e-9         | -1 1e39          | a finite number >= 0
            optimizer.beta1                   | 0 0.9          | 1 -1 0.999999999 | a number in [0, 1)
            optimizer.beta2                   | 0 0.999        | 1 -1 0.999999999 | a number in [0, 1)
            optimizer.eps                     | 1e-30          | 0 -1 1e39 1e-60  | a finite number > 0
            optimizer.weight_decay            | 0 2            | -1 1e39          | a finite number >= 0
            optimizer.warmup                  | 0              | -1               | a whole number, at least 0
            optimizer.floor                   | 0 1            | -0.1 1.1         | a number in [0, 1]
            optimizer.max_grad_norm           | 0.1 null       | 0 -1 1e39 1e-60  | a finite number > 0
            """;
    private static final String SAMPLING = """
            sampling.temperature              | 0.1            | 0 -1 1e39      | a finite number > 0
            sampling.top_k                    | 0              | -1             | a whole number, at least 0
            sampling.top_p                    | 0.1 1          | 0 -1 1.1       | a number in (0, 1]
            sampling.min_p                    | 0 1            | -0.1 1.1       | a number in [0, 1]
            """;

    private static Stream<Rule> table(String text) { return text.lines().map(Rule::of); }

    static List<Rule> rules() {
        Stream<Rule> supervised = table(SUPERVISED_STAGE + OPTIMIZER).map(r -> r.in(SUPERVISED));
        Stream<Rule> grpo = table(GRPO_STAGE + OPTIMIZER + SAMPLING).map(r -> r.in(GRPO));
        return Stream.of(table(RECIPE), supervised, grpo, table(SAMPLING).map(r -> r.in("evaluation"))).flatMap(s -> s).toList();
    }

    // The demo, with everything in it that a recipe can have.
    private static final ObjectNode WHOLE = whole();

    private static ObjectNode whole() {
        try {
            ObjectNode all = (ObjectNode) JSON.readTree(RecipeReader.write(RecipeReader.read("demo")));
            all.set("lora", JSON.readTree(RecipeReader.write(RecipeReader.read("tinyllava-video-r1-lora"))).get("lora"));
            ((ObjectNode) all.at("/stages/4")).put("micro_batch", 2);
            ((ObjectNode) all.get("evaluation")).set("sampling", all.at("/stages/5/sampling").deepCopy());
            return all;
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static Recipe with(String path, String value) {
        ObjectNode all = WHOLE.deepCopy();
        String pointer = "/" + path.replaceAll("\\[(\\d)]", "/$1").replace('.', '/');
        int last = pointer.lastIndexOf('/');
        assertTrue(!all.at(pointer).isMissingNode(), path);
        // The text and not a node of it: a node of 1e39 would be written as infinite.
        ((ObjectNode) all.at(pointer.substring(0, last))).put(pointer.substring(last + 1), "HERE");
        return RecipeReader.parse("my.json", all.toString().replace("\"HERE\"", value));
    }

    private static String refusal(String path, String value) {
        String m = assertThrows(RecipeException.class, () -> with(path, value), path + " " + value).getMessage();
        assertTrue(m.startsWith("my.json, ") && m.contains(path.substring(path.indexOf("].") + (path.contains("].") ? 2 : 1))), m);
        return m;
    }

    @ParameterizedTest @MethodSource("rules") void itsRangeIsKept(Rule rule) {
        for (String good : rule.good) with(rule.path, good);
        for (String bad : rule.bad) {
            String m = refusal(rule.path, bad);
            String found = bad.equals("null") ? "null" : bad.equals("1e39") && m.contains("Infinity") ? "Infinity" : null;
            int at = m.indexOf(": found ") + ": found ".length();
            String said = m.substring(at, m.indexOf(", wanted ", at));
            if (found != null) assertEquals(found, said, m);
            else assertEquals(Double.parseDouble(bad), Double.parseDouble(said), 1e-6 * Math.abs(Double.parseDouble(bad)), m);
            assertTrue(m.contains(", wanted " + rule.wanted), "wanted '" + rule.wanted + "' in: " + m);
        }
    }

    @ParameterizedTest @MethodSource("rules") void itIsANumberOfItsKind(Rule rule) {
        boolean whole = Set.of(int.class, Integer.class, long.class, Long.class).contains(numbers().get(general(rule.path)));
        for (String bad : List.of("\"many\"", "\"5\"", "\"\"", "true", "[]", "{}")) {
            String found = bad.equals("[]") ? "a list" : bad.equals("{}") ? "an object" : bad.replace('"', '\'');
            String m = refusal(rule.path, bad);
            assertTrue(m.contains("found " + found + ", wanted " + (whole ? "a whole number" : "a number")), m);
        }
        if (whole) {
            assertTrue(refusal(rule.path, "1.5").contains("found 1.5, wanted a whole number"));
            String m = assertThrows(RecipeException.class, () -> with(rule.path, "12345678901234567890")).getMessage();
            assertTrue(m.contains(general(rule.path).replaceFirst(".*[].]", "")) && m.contains("12345678901234567890")
                    && m.contains("wanted a whole number from "), m);
        } else {
            for (String bad : List.of("NaN", "Infinity")) assertTrue(refusal(rule.path, '"' + bad + '"').contains("found " + bad + ", wanted "));
        }
        if (!rule.good.contains("null")) assertTrue(refusal(rule.path, "null").contains("found null"));
    }

    /// A new field of a recipe that is a number needs a rule in the tables.
    @Test void everyNumberHasARule() {
        Set<String> ruled = rules().stream().map(r -> general(r.path)).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(numbers().keySet(), ruled);
    }

    @Test void questionFilesHaveNoneOfDriftsNumbers() {
        String files = RecipeReader.write(RecipeReader.read("tinyllava-video-r1"));
        for (String field : List.of("clips", "held_out", "data_seed")) {
            String m = assertThrows(RecipeException.class, () -> RecipeReader.parse("my.json",
                    files.replace('"' + field + "\" : null", '"' + field + "\" : 7"))).getMessage();
            assertEquals("my.json, data." + field + ": found 7, wanted null: data of kind nextqa are what their files hold", m);
        }
    }

    // stages[4].mix.direct -> stages[supervised].mix
    private static String general(String path) {
        return path.replace(SUPERVISED, "stages[Supervised]").replace(GRPO, "stages[Grpo]").replaceFirst("\\.mix\\..*", ".mix");
    }

    private static Map<String, Class<?>> numbers() {
        Map<String, Class<?>> all = new TreeMap<>();
        numbers("", Recipe.class, all);
        return all;
    }

    private static void numbers(String place, Class<?> record, Map<String, Class<?>> all) {
        for (RecordComponent c : record.getRecordComponents()) {
            String path = place + PropertyNamingStrategies.SnakeCaseStrategy.INSTANCE.translate(c.getName());
            Class<?> type = c.getType();
            Class<?> inside = c.getGenericType() instanceof ParameterizedType p
                    ? (Class<?>) p.getActualTypeArguments()[p.getActualTypeArguments().length - 1] : null;
            if (type.isRecord()) numbers(path + ".", type, all);
            else if (inside != null && inside.isSealed())
                for (Class<?> kind : inside.getPermittedSubclasses()) numbers(path + "[" + kind.getSimpleName() + "].", kind, all);
            else if (inside != null && Number.class.isAssignableFrom(inside)) all.put(path, inside);
            else if (Number.class.isAssignableFrom(type) || type.isPrimitive() && type != boolean.class) all.put(path, type);
            // The model's config is the published one, which its own reader checks.
            else assertTrue(Set.of(String.class, boolean.class, JsonNode.class)
                    .contains(type) || inside == String.class || inside == Stage.Part.class,
                    path + " is of a type that this test does not know: " + type);
        }
    }
}
