package lucid.kernels.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

/// The published known answers of Philox 4x32, 7 and 10 rounds, and forty more counters.
class PhiloxTest {
    private static int word(JsonNode hex, int i) { return Integer.parseUnsignedInt(hex.get(i).asText(), 16); }

    @Test void knownAnswers() throws Exception {
        int seen = 0;
        try (InputStream in = PhiloxTest.class.getResourceAsStream("/golden/sampling/philox4x32.json")) {
            JsonNode table = new ObjectMapper().readTree(in);
            for (String list : new String[] {"known_answers", "more"}) {
                for (JsonNode c : table.get(list)) {
                    JsonNode counter = c.get("counter");
                    long key = Integer.toUnsignedLong(word(c.get("key"), 0)) | (long) word(c.get("key"), 1) << 32;
                    int[] got = new int[4];
                    Philox.words(c.get("rounds").asInt(), key, word(counter, 0), word(counter, 1), word(counter, 2), word(counter, 3), got);
                    int[] want = {word(c.get("result"), 0), word(c.get("result"), 1), word(c.get("result"), 2), word(c.get("result"), 3)};
                    assertArrayEquals(want, got, c.toString());
                    seen++;
                }
            }
        }
        assertEquals(46, seen);
    }

    @Test void uniformIsInTheHalfOpenUnitInterval() {
        assertEquals(0f, Philox.uniform(0));
        assertEquals(1 - 0x1p-24f, Philox.uniform(-1));
        assertEquals(0.5f, Philox.uniform(0x80000000));
        assertTrue(Philox.uniform(-1) < 1f);
    }

    @Test void purposesOfOneSeedDoNotShareAStream() {
        assertNotEquals(Philox.key(1, 0), Philox.key(1, 1));
        assertNotEquals(Philox.key(1, 0), Philox.key(2, 0));
        assertEquals(Philox.key(7, 3), Philox.key(7, 3));
    }
}
