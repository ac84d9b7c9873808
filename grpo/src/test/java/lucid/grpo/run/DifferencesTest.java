package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DifferencesTest {
    private static List<String> of(String there, String wanted) {
        try {
            ObjectMapper json = new ObjectMapper();
            return Differences.of(json.readTree(there.replace('\'', '"')), json.readTree(wanted.replace('\'', '"')));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test void theSameIsNoDifference() { assertEquals(List.of(), of("{'a': [1, {'b': null}], 'c': 'x'}", "{'c': 'x', 'a': [1, {'b': null}]}")); }

    @Test void fieldsInTheOrderOfTheTexts() {
        assertEquals(List.of("z: 1 -> 2", "a.b[1]: 3 -> 4", "a.b[2]: absent -> 5", "a.gone: true -> absent", "new: absent -> 'x'".replace('\'', '"')),
                of("{'z': 1, 'same': 0, 'a': {'b': [1, 3], 'gone': true}}", "{'new': 'x', 'a': {'b': [1, 4, 5]}, 'same': 0, 'z': 2}"));
    }

    @Test void whatOnlyOneHasIsNamedAndNotPrinted() {
        assertEquals(List.of("model: null -> an object of a, b, c and 2 more"),
                of("{'model': null}", "{'model': {'a': 1, 'b': {}, 'c': 3, 'd': 4, 'e': 5}}"));
        assertEquals(List.of("stages[1]: absent -> an object of kind, name", "list: a list of 2 -> 7"),
                of("{'stages': [0], 'list': [1, 2]}", "{'stages': [0, {'kind': 'grpo', 'name': 'rl'}], 'list': 7}"));
    }

    @Test void ofLongTextsThePartWhereTheyDiffer() {
        String same = "0123456789".repeat(20);
        assertEquals(List.of("t: ..." + "0123456789".repeat(2) + "x" + "0123456789".repeat(5) + "012345678... -> ..." + "0123456789".repeat(2) + "y"
                + "0123456789".repeat(5) + "012345678..."),
                of("{'t': '" + same + "x" + same + "'}", "{'t': '" + same + "y" + same + "'}"));
        assertEquals(List.of("t: \"" + same.substring(0, 79) + "... -> null"), of("{'t': '" + same + "'}", "{'t': null}"));
    }

    @Test void theOrderOfFieldsOnlyWhereItMeansSomething() throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper();
        JsonNode there = json.readTree("{\"stages\": [{\"name\": \"a\", \"mix\": {\"open\": 3, \"path\": 2}}]}");
        JsonNode wanted = json.readTree("{\"stages\": [{\"mix\": {\"path\": 2, \"open\": 3}, \"name\": \"a\"}]}");
        assertEquals(List.of("stages[0].mix: in the order open, path -> path, open"), Differences.of(there, wanted, Set.of("mix")));
        assertEquals(List.of(), Differences.of(there, there, Set.of("mix")));
        assertEquals(List.of(), Differences.of(there, wanted));
    }

    @Test void manyAreCounted() {
        assertEquals("\n  a\n  b\n  and 1 more", Differences.lines(List.of("a", "b", "c"), 2));
        assertEquals("\n  a\n  b", Differences.lines(List.of("a", "b"), 2));
    }
}
