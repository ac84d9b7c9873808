package lucid.grpo.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import lucid.grpo.inspect.Inspection;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A recipe may learn from rewards twice. Steps are numbered by the stage, random numbers are not drawn twice.
class SecondStageTest {
    @TempDir Path folder;

    @Test void theSecondDrawsOtherNumbers() throws IOException {
        Stage.Grpo first = Toy.grpo(Toy.Knobs.PLAIN.steps(2).prompts(2));
        Stage.Grpo second = new Stage.Grpo("again", "grpo", first.steps(), first.prompts(), first.completions(), first.iterations(),
                first.microBatch(), first.maxNewTokens(), first.sampling(),
                first.reward(), first.advantage(), first.loss(), first.optimizer(), first.trainable(), first.saveEvery(), first.interimEvery(),
                        first.rescoreEvery());
        Recipe recipe = Toy.recipe(first, second);
        assertEquals(recipe.seed(), recipe.drawSeed("grpo"));
        Toy.train(folder, recipe, 2);
        Files.writeString(folder.resolve("config.json"), "{\"recipe\": " + RecipeReader.write(recipe) + "}");
        Set<Double> normals = new HashSet<>();
        for (int step = 1; step <= 4; step++) {
            for (int prompt = 0; prompt < 2; prompt++) {
                for (int completion = 0; completion < 4; completion++) {
                    JsonNode c = new Inspection(folder, System.err::println).completion(step, prompt, completion);
                    double normal = c.get("normal").asDouble();
                    normals.add(normal);
                    double centred = (c.get("reward").asDouble() - c.get("reward_mean").asDouble()) / (c.get("reward_std").asDouble() + 1e-4);
                    assertEquals(centred + 0.02 * normal, c.get("advantage").asDouble(), 1e-12, "step " + step);
                }
            }
        }
        assertEquals(4 * 2 * 4, normals.size(), normals.toString());
        assertNotEquals(recipe.drawSeed("grpo"), recipe.drawSeed("again"));
    }
}
