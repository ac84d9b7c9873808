package lucid.grpo.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class HashChainTest {
    private static String link(String head, String stage, long step, long position, float... values) {
        return new HashChain(head).link(stage, step, position).tensor("w", values).close();
    }

    @Test void sameStepsSameHash() { assertEquals(link("a", "s", 1, 2, 1f, 2f), link("a", "s", 1, 2, 1f, 2f)); }

    @Test void everythingCounts() {
        String base = link("a", "s", 1, 2, 1f, 2f);
        assertNotEquals(base, link("b", "s", 1, 2, 1f, 2f), "the link before");
        assertNotEquals(base, link("a", "t", 1, 2, 1f, 2f), "the stage");
        assertNotEquals(base, link("a", "s", 2, 2, 1f, 2f), "the step");
        assertNotEquals(base, link("a", "s", 1, 3, 1f, 2f), "the data position");
        assertNotEquals(base, link("a", "s", 1, 2, 1f, Math.nextUp(2f)), "one bit of a weight");
    }

    @Test void longTensorsAreCoveredToTheEnd() {
        float[] x = new float[100_000];
        float[] y = x.clone();
        y[99_999] = Float.MIN_VALUE;
        assertNotEquals(link("a", "s", 1, 2, x), link("a", "s", 1, 2, y));
    }
}
