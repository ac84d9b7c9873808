package lucid.grpo.cli.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import lucid.grpo.run.RunState;
import org.junit.jupiter.api.Test;

/// Which control each of the summary's accuracies is.
class SummaryTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final RunState STATE = new RunState(2, "grpo", 4, true, 9, "c0ffee", 0, 0, 12.5, List.of());

    private static ArrayNode controls(int orderQuestions) {
        ArrayNode all = JSON.createArrayNode();
        for (String name : List.of("NONE", "BLANK", "OTHER", "SHUFFLED", "REVERSED", "REPEATED")) {
            all.addObject().put("control", name).put("accuracy", all.size() / 10.0).put("order_accuracy", all.size() / 100.0)
                    .put("order_questions", orderQuestions);
        }
        return all;
    }

    @Test void theAccuraciesAreThoseOfTheirControls() {
        ObjectNode summary = Training.summary(STATE, 7, "beef", controls(3));
        assertEquals(JSON.createObjectNode().put("seconds", 12.5).put("seed", 7L).put("final_hash", "c0ffee").put("expected_hash", "beef")
                .put("blind_accuracy", 0.2).put("shuffled_accuracy", 0.4)
                .put("reversed_accuracy", 0.05), summary.deepCopy().without(List.of("stages", "controls")));
        assertEquals(controls(3), summary.get("controls"));
    }

    @Test void whatIsNotKnownIsAbsentOrNull() {
        ObjectNode summary = Training.summary(STATE, 7, null, controls(0));
        assertFalse(summary.has("reversed_accuracy"), "no question is known to depend on the order");
        assertTrue(summary.get("expected_hash").isNull());
        assertFalse(Training.summary(STATE, 7, null, JSON.createArrayNode()).has("blind_accuracy"));
    }
}
