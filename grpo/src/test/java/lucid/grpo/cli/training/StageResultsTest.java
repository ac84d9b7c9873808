package lucid.grpo.cli.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class StageResultsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test void stepsAndSecondsAreThePhasesOwn() {
        List<JsonNode> results = List.of(result("base", "language", 600, 43.5), result("base", "questions", 560, 182.25).put("accuracy", 0.5),
                result("cold_start", "cold_start", 28, 192.5).put("accuracy", 0.25), result("grpo", "reason", 100, 247.5).put("accuracy", 0.75));
        assertEquals(List.of(result("base", "questions", 1160, 182.25).put("accuracy", 0.5), result("cold_start", "cold_start", 28, 10.25)
                .put("accuracy", 0.25),
                result("grpo", "reason", 100, 55.0).put("accuracy", 0.75)), StageResults.of(results));
        assertEquals(182.25, results.get(1).get("seconds").asDouble(), "the state's own results stay as they are");
    }

    private static ObjectNode result(String name, String stage, int steps, double seconds) {
        return JSON.createObjectNode().put("name", name).put("stage", stage).put("steps", steps).put("seconds", seconds);
    }
}
