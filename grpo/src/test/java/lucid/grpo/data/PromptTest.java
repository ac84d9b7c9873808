package lucid.grpo.data;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PromptTest {
    @Test void theOptionsOfAProblem() {
        for (String options : new String[] {"A. Bar.\nB. Ring.", "(A) bar\n(B) ring"}) {
            Prompt p = new Prompt("order", 0, "Which is C. first?\nOptions:\n" + options, "<answer>A</answer>", new int[0], null, true, null);
            assertTrue(p.offers("A") && p.offers("B"), options);
            for (String none : new String[] {"", "C", "a", "O", ".", "(", "A.", "AB"}) assertFalse(p.offers(none), "'" + none + "' of " + options);
        }
    }
}
