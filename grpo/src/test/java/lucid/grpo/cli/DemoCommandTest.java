package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.report.Browser;
import lucid.grpo.run.HashChain;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunFolderText;
import org.htmlunit.html.HtmlPage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is known at the end of the whole way: `summary.json`, and whether the hash was met.
class DemoCommandTest extends CommandTest {
    @TempDir static Path root;
    private static Recipe recipe;
    private static Path run;
    private static String said;

    @TempDir Path temp;

    @BeforeAll static void aWholeWay() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        Stage.Supervised talk = (Stage.Supervised) toy.stages().getFirst();
        var coldStart = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("direct", 2), talk.optimizer(), talk.trainable(), 1);
        var grpo = new Stage.Grpo("reason", "grpo", 1, 2, 4, 1, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0), new Stage.RewardSpec("code", 120, true),
                new Stage.AdvantageSpec(1e-4, 0.02, true),
                new Stage.LossSpec(null, null, 0.1, 100.0, "sequence_mean"), talk.optimizer(), talk.trainable(), 1, 0, 0);
        recipe = new Recipe(toy.name(), "", "", List.of(), toy.seed(), toy.model(), toy.tokenizer(), toy.data(), List.of(talk, coldStart, grpo),
                new Recipe.EvaluationSpec(5, 2, 4, 5));
        run = root.resolve("run");
        said = demo(Map.of()).ok().err();
    }

    private static Outcome demo(Map<String, String> environment, Object... more) throws IOException {
        Path file = Files.writeString(root.resolve("toy.json"), RecipeReader.write(recipe));
        return lucid(environment, Stream.concat(Stream.of("demo", "--recipe", file, "--data", root.resolve("data"), "--out", run, "--threads", 2),
                Stream.of(more)).toArray());
    }

    private static JsonNode summary() throws IOException { return new ObjectMapper().readTree(Files.readString(run.resolve("summary.json"))); }

    private static Set<String> keys(JsonNode node) {
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @Test void theSummaryHasEveryField() throws IOException {
        JsonNode summary = summary();
        assertEquals(RunFolderText.table("Fields of summary.json"), keys(summary));
        assertEquals(List.of("base", "cold_start", "grpo"), summary.get("stages").findValuesAsText("name"));
        double seconds = 0;
        for (JsonNode stage : summary.get("stages")) {
            Set<String> wanted = RunFolderText.table("A stage of the summary");
            // A letter alone names nothing of the clip.
            if (stage.get("name").asText().equals("base")) wanted.remove("evidence");
            assertEquals(wanted, keys(stage));
            assertTrue(stage.get("seconds").asDouble() > 0, stage.toString());
            seconds += stage.get("seconds").asDouble();
        }
        assertEquals(summary.get("seconds").asDouble(), seconds, 0.1);
        assertEquals(5, summary.get("seed").asInt());
        assertEquals(RunFolder.state(RunFolder.latest(run).orElseThrow()).hash(), summary.get("final_hash").asText());
        assertEquals(List.of("none", "blank", "other", "shuffled", "reversed", "repeated"), summary.get("controls").findValuesAsText("name"));
    }

    @Test void theReportIsDrawn() throws IOException {
        try (Browser browser = new Browser()) {
            HtmlPage page = browser.open(run.resolve("report.html"));
            assertEquals(List.of("Stages", "Learning from rewards", "Base training and cold start", "Held-out questions while it learned",
                    "Inside the groups", "Recipe"), Browser.texts(page, "h2"));
            assertEquals(List.of("none", "blank", "other", "shuffled", "reversed", "repeated"),
                    Browser.texts(page, "section:first-of-type table:last-of-type tbody th").stream().skip(3).toList());
            assertTrue(page.querySelectorAll(".tokens span").size() > 0);
        }
    }

    /// Base: direct answers; the others: reasoning. Asked once more by `eval`.
    @Test void theStagesAreMeasuredAsEvalMeasures() throws IOException {
        JsonNode stages = summary().get("stages");
        JsonNode direct = new ObjectMapper().readTree(lucid("eval", "--model", RunFolder.finished(run, "base"), "--direct", "--threads", 1, "--json")
                .ok().out());
        JsonNode reasoned = new ObjectMapper().readTree(lucid("eval", "--model", run, "--threads", 1, "--json").ok().out());
        for (String field : List.of("questions", "accuracy", "accuracy_by_kind", "format", "mean_length")) {
            assertEquals(direct.get(field), stages.get(0).get(field), field);
            assertEquals(reasoned.get(field), stages.get(2).get(field), field);
        }
        assertEquals(5, direct.get("questions").asInt());
        assertTrue(direct.get("accuracy_by_kind").size() > 0 && direct.get("mean_length").asDouble() > reasoned.get("mean_length").asDouble(),
                direct + " " + reasoned);
    }

    @Test void whetherTheHashWasMetIsSaid() throws IOException {
        String hash = summary().get("final_hash").asText();
        String line = "final hash  " + hash;
        assertTrue(said.lines().anyMatch(line::equals), "no hash is expected of this recipe: " + said);
        assertTrue(resumed(hash).lines().anyMatch((line + "  (as expected: the same bits as everybody else's run)")::equals));
        assertEquals(hash, summary().get("expected_hash").asText());
        String other = hash.replace('0', '1').replace('a', 'b');
        assertTrue(resumed(other).lines()
                .anyMatch((line + "  (expected " + other + ": something here differs from the run that the README describes)")::equals));
        assertEquals(other, summary().get("expected_hash").asText());
    }

    // With a list of expected hashes before Lucid's own on the class path.
    private String resumed(String expected) throws IOException {
        Path list = Files.createDirectories(temp.resolve("recipes")).resolve("expected-hashes.properties");
        Files.writeString(list, HashChain.of(RecipeReader.writeShortest(recipe)) + "=" + expected + "\n");
        return demo(Map.of("JAVA_TOOL_OPTIONS", "-Xbootclasspath/a:" + temp), "--resume").ok().err();
    }
}
