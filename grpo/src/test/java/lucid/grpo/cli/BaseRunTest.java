package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs that start from another run's base stage.
class BaseRunTest extends CommandTest {
    @TempDir static Path root;
    private static Path recipe;
    private static Path base;

    @TempDir Path temp;

    @BeforeAll static void trainABase() throws IOException {
        recipe = write(root.resolve("toy.json"), toy());
        base = root.resolve("base");
        demo(recipe, base).ok();
    }

    private static Recipe toy() {
        Recipe toy = BadInputTest.toy(0.01);
        Stage.Supervised talk = (Stage.Supervised) toy.stages().getFirst();
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("direct", 2), talk.optimizer(), talk.trainable(), 1);
        var grpo = new Stage.Grpo("grpo", "grpo", 1, 2, 4, 1, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0), new Stage.RewardSpec("code", 120, true), new Stage.AdvantageSpec(1e-4, 0.02, true),
                new Stage.LossSpec(null, null, 0.1, 100.0, "sequence_mean"), talk.optimizer(), talk.trainable(), 1, 0, 0);
        return toy.withStages(List.of(talk, coldStart, grpo));
    }

    private static Path write(Path file, Recipe recipe) throws IOException { return Files.writeString(file, RecipeReader.write(recipe)); }

    private static Outcome demo(Path recipe, Path out, Object... more) {
        Object[] words = {"demo", "--recipe", recipe, "--data", root.resolve("data"), "--out", out, "--threads", 2};
        Object[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return lucid(all);
    }

    @Test void ablationsThatNeedABaseTakeItFromTheRunThatTheFirstOneStartedFrom() throws IOException {
        Path run = temp.resolve("run");
        demo(recipe, run, "--base", base, "--ablate").ok();
        JsonNode table = new ObjectMapper().readTree(Files.readString(run.resolve("ablations.json")));
        assertEquals(List.of("as published", "no noise", "no length reward", "no KL", "no cold start", "no division by std", "direct answers for the same time"),
                table.findValuesAsText("name"));
        Files.delete(run.resolve("ablations.json"));
        demo(recipe, run, "--base", base, "--ablate", "--resume").ok();
        assertEquals(table, new ObjectMapper().readTree(Files.readString(run.resolve("ablations.json"))));
    }
}
