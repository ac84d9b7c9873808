package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.HashChain;
import lucid.grpo.run.RunFolder;
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

    /// Base, cold start and GRPO, in a few steps.
    static Recipe toy() {
        Recipe toy = BadInputTest.toy(0.01);
        Stage.Supervised talk = (Stage.Supervised) toy.stages().getFirst();
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("direct", 2), talk.optimizer(), talk.trainable(), 1);
        var grpo = new Stage.Grpo("grpo", "grpo", 1, 2, 4, 1, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0), new Stage.RewardSpec("code", 120, true),
                new Stage.AdvantageSpec(1e-4, 0.02, true),
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
        assertEquals(List.of("as published", "no noise", "no length reward", "no KL", "no cold start", "no division by std",
                "direct answers for the same time"),
                table.findValuesAsText("name"));
        // Whether one variant had the same time as another is to be seen.
        for (JsonNode row : table) assertTrue(row.path("seconds").asDouble() > 0, row.toString());
        Files.delete(run.resolve("ablations.json"));
        demo(recipe, run, "--base", base, "--ablate", "--resume").ok();
        assertEquals(table, new ObjectMapper().readTree(Files.readString(run.resolve("ablations.json"))));
    }

    /// Not after the run of minutes or hours.
    @Test void aRecipeWithoutWhatTheAblationsChangeIsRefusedFirst() throws IOException {
        Path out = temp.resolve("out");
        List<Stage> all = toy().stages();
        for (List<Stage> stages : List.of(all.subList(0, 2), List.of(all.getFirst(), all.getLast()))) {
            demo(write(temp.resolve("short.json"), toy().withStages(stages)), out, "--ablate")
                    .misusedWith("--ablate: the stages of " + temp.resolve("short.json") + " are talk (phase base), ",
                    "wanted one of phase base, one of phase cold_start, and last one");
        }
        demo(write(temp.resolve("short.json"), toy().withStages(all.subList(1, 3))), out, "--ablate")
                .misusedWith("are cold_start (phase cold_start), grpo (phase grpo); wanted one of phase base");
        assertFalse(Files.exists(out));
    }

    @Test void aRunIsResumedOnlyFromWhatItBeganWith() throws IOException {
        Path run = temp.resolve("run");
        Path other = temp.resolve("other");
        demo(recipe, run, "--base", base).ok();
        Recipe moreTexts = toy();
        moreTexts = new Recipe(moreTexts.name(), "", "", List.of(), 6, moreTexts.model(), new Recipe.TokenizerSpec(420, 60), moreTexts.data(),
                moreTexts.stages().subList(0, 1), moreTexts.evaluation());
        demo(write(temp.resolve("other.json"), moreTexts), other).ok();
        String words = Files.readString(run.resolve("tokenizer.json"));
        assertTrue(Files.readString(run.resolve("config.json")).contains("\"" + HashChain.of(words) + "\""), "the hash is that of the file");
        assertNotEquals(words, Files.readString(other.resolve("tokenizer.json")));
        demo(recipe, run, "--base", other, "--resume").failedWith("another config", "base_fingerprint: \"", "tokenizer_sha256: \"");
        Path train = temp.resolve("train");
        lucid("train", "--recipe", recipe, "--model", run, "--data", root.resolve("data"), "--out", train, "--threads", 2).ok();
        lucid("train", "--recipe", recipe, "--model", other, "--data", root.resolve("data"), "--out", train, "--threads", 2, "--resume")
                .failedWith("another config", "base_fingerprint: \"");
        lucid("train", "--recipe", recipe, "--data", root.resolve("data"), "--out", train, "--threads", 2, "--resume")
                .misusedWith("lucid train: wanted --model", "lucid demo --recipe " + recipe);
        demo(recipe, run, "--base", base, "--resume").ok();
        assertEquals(words, Files.readString(run.resolve("tokenizer.json")));
        // Without it nobody could ask the model anything.
        Files.delete(run.resolve("tokenizer.json"));
        demo(recipe, run, "--base", base, "--resume").ok();
        assertEquals(words, Files.readString(run.resolve("tokenizer.json")));
    }

    @Test void aRunOfBeforeItsStartWasWrittenDownIsResumedAndKeepsItsTokenizer() throws IOException {
        Path run = temp.resolve("run");
        demo(recipe, run, "--base", base).ok();
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(Files.readString(run.resolve("config.json")));
        config.remove(List.of("base_fingerprint", "tokenizer_sha256"));
        Files.writeString(run.resolve("config.json"), config.toPrettyString());
        String words = Files.readString(run.resolve("tokenizer.json")) + "\n";
        Files.writeString(run.resolve("tokenizer.json"), words);
        demo(recipe, run, "--base", base, "--resume").ok();
        assertEquals(words, Files.readString(run.resolve("tokenizer.json")));
    }

    /// As `./lucid demo` lays them out: data and runs beside each other.
    @Test void aRunIsMovedTogetherWithItsData() throws IOException {
        Path here = temp.resolve("here");
        Path there = temp.resolve("there");
        Path run = there.resolve("runs/toy");
        lucid("demo", "--recipe", recipe, "--data", here.resolve("data"), "--out", here.resolve("runs/toy"), "--threads", 2).ok();
        Files.move(here, there);
        shows(lucid("report", run).ok(), run);
        Files.move(there.resolve("data"), there.resolve("clips"));
        assertTrue(lucid("report", run).ok().err().contains(" is not in " + here.resolve("data")));
        // The folder that was --data, and the data set's own.
        for (Path data : List.of(there.resolve("clips"), there.resolve("clips/drift-3-64-5"))) shows(lucid("report", run, "--data", data).ok(), run);
        lucid("demo", "--recipe", recipe, "--data", there.resolve("clips"), "--out", run, "--threads", 2, "--resume").ok();
        shows(lucid("report", run).ok(), run);
        assertEquals(there.resolve("clips/drift-3-64-5").toString(), new ObjectMapper().readTree(Files.readString(run.resolve("config.json")))
                .get("data_folder").asText());
    }

    private static void shows(Outcome report, Path run) throws IOException {
        assertEquals("", report.err());
        assertTrue(Files.readString(run.resolve("report.html")).contains("data:image/png;base64,"), "frames of clips");
    }

    @Test void aRunOfARecipeThatNamesFewerConstantsIsResumed() throws IOException {
        Path run = temp.resolve("run");
        demo(recipe, run, "--base", base).ok();
        String summary = Files.readString(run.resolve("summary.json"));
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(Files.readString(run.resolve("config.json")));
        config.set("recipe", json.readTree(RecipeReader.writeShortest(RecipeReader.parse("there", config.get("recipe").toString()))));
        Files.writeString(run.resolve("config.json"), config.toPrettyString());
        demo(recipe, run, "--base", base, "--resume").ok();
        assertEquals(json.readTree(summary).get("final_hash"), json.readTree(Files.readString(run.resolve("summary.json"))).get("final_hash"));
        ((ObjectNode) config.at("/recipe/stages/1/reward")).put("malformed", -1.5);
        Files.writeString(run.resolve("config.json"), config.toPrettyString());
        demo(recipe, run, "--base", base, "--resume").failedWith("another config", "recipe.stages[1].reward.malformed: -1.5 -> -2.0");
    }

    /// As `--model . --out runs/x` makes it.
    @Test void aRunInsideItsModelsFolderCanBeResumed() throws IOException {
        Path model = ParityCommandTest.copy(RunFolder.checkpoints(base).getFirst(), temp.resolve("model"));
        Files.copy(base.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Object[] words = {"train", "--recipe", recipe, "--model", model, "--data", root.resolve("data"), "--out", model.resolve("run"), "--threads",
                2, "--resume"};
        lucid(words).ok();
        lucid(words).ok();
    }
}
