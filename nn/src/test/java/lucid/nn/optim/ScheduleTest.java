package lucid.nn.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final JsonNode GOLDEN = read();

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(Path.of("src/test/resources/golden/optim/schedules.json").toFile());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test void everyScheduleAsInTheLibrary() {
        int compared = 0;
        for (JsonNode c : GOLDEN.get("cases")) {
            Map<String, Double> args = new HashMap<>();
            c.get("args").properties().forEach(e -> args.put(e.getKey(), e.getValue().asDouble()));
            Schedule s = new Schedule(Schedule.Kind.of(c.get("name").asText()), c.get("lr").asDouble(), c.get("total").asInt(),
                    c.get("warmup").asInt(), args);
            for (int i = 0; i < c.get("at").size(); i++, compared++) {
                double wanted = c.get("values").get(i).asDouble();
                // The last bits of a cosine near its end differ between mathematical libraries.
                assertEquals(wanted, s.at(c.get("at").get(i).asInt()), 1e-15 * c.get("lr").asDouble() + 1e-13 * wanted,
                        c.get("name") + " at " + c.get("at").get(i));
            }
        }
        assertTrue(compared > 200, "compared " + compared);
    }

    @Test void warmupIsRoundedUp() {
        for (JsonNode row : GOLDEN.get("warmup_steps").get("rows")) {
            assertEquals(row.get(2).asInt(), Schedule.warmupSteps(row.get(0).asInt(), row.get(1).asDouble()), row.toString());
        }
    }

    @Test void theFirstUpdateOfAWarmupDoesNothing() {
        assertEquals(0.0, new Schedule(Schedule.Kind.COSINE, 1e-6, 687, 21).at(0));
    }

    @Test void unknownNamesAndArgumentsAreRefused() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Schedule.Kind.of("cosinus")).getMessage().contains("cosine"));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Kind.LINEAR, 1, 10, 0, Map.of("num_cycles", 1.0)));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Kind.COSINE_WITH_MIN_LR, 1, 10, 0, Map.of()));
    }
}
