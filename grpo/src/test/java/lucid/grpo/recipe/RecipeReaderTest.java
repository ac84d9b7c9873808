package lucid.grpo.recipe;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RecipeReaderTest {
    private static String message(String json) { return assertThrows(RecipeException.class, () -> RecipeReader.parse("my.json", json)).getMessage(); }

    private static String demo() { return RecipeReader.write(RecipeReader.read("demo")); }

    @Test void anAdapterIsTheOneThingThatNeedNotBeNamed() {
        Recipe demo = RecipeReader.read("demo");
        assertNull(demo.lora());
        assertFalse(RecipeReader.write(demo).contains("lora"), "recipes from before there were adapters keep their text, and with it their runs' hashes");
        Recipe lora = RecipeReader.read("tinyllava-video-r1-lora");
        assertEquals(16, lora.lora().spec().r());
        assertEquals(2f, lora.lora().spec().scale());
        assertEquals(lora, RecipeReader.parse("again", RecipeReader.write(lora)));
        assertNull(RecipeReader.parse("null", RecipeReader.write(lora).replaceFirst("(?s)\"lora\" : \\{.*?\\}", "\"lora\" : null")).lora());
    }

    @Test void shippedRecipesAreWhole() {
        for (String name : RecipeReader.SHIPPED) {
            Recipe r = RecipeReader.read(name);
            assertEquals(name, r.name());
            assertEquals(r, RecipeReader.parse("again", RecipeReader.write(r)), "written and read back");
        }
    }

    @Test void publishedConstants() {
        Stage.Grpo g = (Stage.Grpo) RecipeReader.read("tinyllava-video-r1").stage("grpo");
        assertEquals(687, g.steps());
        assertEquals(0.01, g.loss().beta());
        assertEquals(0.02, g.advantage().noise());
        assertEquals(50, g.sampling().topK());
        assertEquals(1e-6, g.optimizer().lr());
        assertEquals(21, g.optimizer().warmup());
    }

    @Test void aMisspeltKeyIsRefusedAndTheNearestSuggested() {
        String m = message(demo().replace("\"max_new_tokens\" : 72,\n    \"sampling\"", "\"max_new_token\" : 72,\n    \"sampling\""));
        assertTrue(m.contains("my.json") && m.contains("line ") && m.contains("'max_new_token'") && m.contains("did you mean 'max_new_tokens'"), m);
    }

    @Test void aMissingKeyIsNamed() {
        String m = message(demo().replaceFirst("\"seed\" : 1,", ""));
        assertTrue(m.contains("seed"), m);
    }

    @Test void notJson() { assertTrue(message("{ name: ").contains("not JSON")); }

    @Test void unknownStageKind() { assertTrue(message(demo().replace("\"kind\" : \"grpo\"", "\"kind\" : \"gpro\"")).contains("did you mean 'grpo'")); }

    @Test void unknownName() {
        String m = assertThrows(RecipeException.class, () -> RecipeReader.read("dmeo")).getMessage();
        assertTrue(m.contains("did you mean 'demo'"), m);
    }
}
