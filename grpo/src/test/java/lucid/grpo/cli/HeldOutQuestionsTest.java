package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a run on one's own question files is measured by, or that it is not.
class HeldOutQuestionsTest extends CommandTest {
    private static final String NOTICE = "no held-out questions (--eval-questions FILE): accuracy is not measured";

    @TempDir Path temp;

    @Test void aRunThatIsMeasuredByNothingSaysSo() throws IOException {
        Recipe bare = BadInputTest.toy(0.01);
        Recipe toy = new Recipe(bare.name(), "", "", List.of(), bare.seed(), bare.model(), bare.tokenizer(), bare.data(), bare.stages(),
                new Recipe.EvaluationSpec(5, 2, 4, 5));
        Path own = Files.writeString(temp.resolve("toy.json"), RecipeReader.write(toy));
        Path model = temp.resolve("model");
        Outcome made = lucid(Map.of(), "sft", "--recipe", own, "--data", temp, "--out", model, "--threads", 2).ok();
        assertFalse((made.out() + made.err()).contains(NOTICE), made.out() + made.err());
        Path held = Files.writeString(temp.resolve("held-out.jsonl"), "{}");
        lucid("sft", "--recipe", own, "--data", temp, "--out", temp.resolve("no"), "--eval-questions", held)
                .misusedWith("--eval-questions " + held, "its own held-out questions");

        var talk = (Stage.Supervised) toy.stages().getFirst();
        var stage = new Stage.Supervised("cold_start", "cold_start", 1, Map.of("cold_start", 2), talk.optimizer(), talk.trainable(), 1);
        Recipe questions = new Recipe("questions", "", "", List.of(), 5, null, null,
                new Recipe.DataSpec("nextqa", 4, 16, null, null, null, "train.jsonl", "coldstart-16.json"), List.of(stage),
                new Recipe.EvaluationSpec(0, 0, 100, 2, 8, new Stage.SamplingSpec(2, 0, 1, 0)));
        Path file = Files.writeString(temp.resolve("questions.json"), RecipeReader.write(questions));
        Path drift = temp.resolve("drift-3-64-5");
        Object[] command = {"sft", "--recipe", file, "--model", model, "--data", drift, "--threads", 1, "--out", temp.resolve("blind")};
        Outcome blind = lucid(Map.of(), command).ok();
        assertTrue((blind.out() + blind.err()).contains(NOTICE), blind.out() + blind.err());
        assertEquals(0, summary("blind").get("stages").size());
        assertEquals(0, summary("blind").get("controls").size());

        lucid("sft", "--recipe", file, "--model", model, "--data", drift, "--threads", 1, "--out", temp.resolve("measured"), "--eval-questions",
                drift.resolve("heldout.jsonl")).ok();
        assertTrue(summary("measured").get("stages").get(0).has("accuracy"));
        assertTrue(summary("measured").get("controls").size() > 0);
        // Nobody knows which of a file's questions depend on the order of frames.
        assertTrue(summary("measured").has("shuffled_accuracy"));
        assertFalse(summary("measured").has("reversed_accuracy"));
        assertFalse(summary("measured").get("controls").toString().contains("order-dependent answers are"));
        // Nor what is in their clips; of Drift both are known, but a letter alone names nothing.
        for (JsonNode e : List.of(summary("measured").get("stages").get(0), summary("measured").get("controls").get(0))) {
            assertEquals(0, e.get("order_questions").asInt());
            for (String field : List.of("evidence", "order_accuracy", "as_reversed")) assertFalse(e.has(field), field + " of " + e);
        }
        assertFalse(summary("model").get("stages").get(0).has("evidence"));
        theControlsAskAsTheLastPhaseWasAsked(summary("model"));
        assertTrue(summary("model").get("stages").get(0).has("order_accuracy"));
        assertTrue(asked("--model", model).has("evidence"));
        itIsSaidHowItWasAsked(model);
        String reversed = lucid("eval", "--threads", 1, "--model", temp.resolve("measured"), "--control", "reversed").ok().out();
        assertFalse(reversed.contains("the reversed clip's") || reversed.contains("evidence"), reversed);
        assertTrue(lucid("eval", "--threads", 1, "--model", model).ok().out().contains(", evidence named "));
        theRunIsAskedAgain(file, drift);
    }

    /// A base that was taught letters alone is wrong nearly always when it is asked to reason: figures without the question would mislead.
    private void itIsSaidHowItWasAsked(Path base) throws IOException {
        String notTaught = "is of stage talk, which teaches direct answers, and is asked to reason; --direct asks for the letter alone";
        Outcome reasoned = lucid(Map.of(), "eval", "--threads", 1, "--model", base).ok();
        assertTrue((reasoned.out() + reasoned.err()).contains(notTaught), reasoned.err());
        assertTrue(reasoned.out().contains("asked with \"" + PromptTemplate.REASON + "\", answers greedy"), reasoned.out());
        Outcome direct = lucid(Map.of(), "eval", "--threads", 1, "--model", base, "--direct").ok();
        assertFalse((direct.out() + direct.err()).contains("teaches direct answers"), direct.err());
        assertTrue(direct.out().contains("asked with \"" + PromptTemplate.DIRECT + "\""), direct.out());
        assertEquals("reasoning", asked("--model", base).get("style").asText());
        assertEquals(PromptTemplate.DIRECT, asked("--model", base, "--direct").get("instruction").asText());
        Outcome taught = lucid(Map.of(), "eval", "--threads", 1, "--model", temp.resolve("measured")).ok();
        assertFalse((taught.out() + taught.err()).contains("teaches direct answers"), taught.err());
    }

    /// Here direct answers: the control that changes nothing repeats what the stage was measured by. (Reasoned answers are shorter in this recipe.)
    private static void theControlsAskAsTheLastPhaseWasAsked(JsonNode summary) {
        JsonNode stage = summary.get("stages").get(0);
        JsonNode none = summary.get("controls").get(0);
        assertEquals("none", none.get("name").asText());
        for (String field : List.of("questions", "accuracy", "accuracy_by_kind", "format", "mean_length"))
            assertEquals(stage.get(field), none.get(field), field);
        assertEquals(List.of(), summary.get("controls").findValues("evidence"), "a letter alone names nothing");
    }

    /// `eval` of a run knows recipe, questions and clips; of another model they are named.
    private void theRunIsAskedAgain(Path recipe, Path drift) throws IOException {
        Path held = drift.resolve("heldout.jsonl");
        JsonNode then = summary("measured").get("stages").get(0);
        for (Path model : List.of(temp.resolve("measured"), RunFolder.checkpoints(temp.resolve("measured")).getLast())) {
            JsonNode now = asked("--model", model);
            for (String field : List.of("questions", "accuracy", "accuracy_by_kind", "format", "mean_length"))
                assertEquals(then.get(field), now.get(field), field);
            assertEquals(held.toAbsolutePath().toString(), now.get("eval_questions").asText());
        }
        assertNotEquals(then.get("mean_length"), asked("--model", temp.resolve("measured"), "--seed", 6).get("mean_length"), "the run's seed is 5");
        assertEquals(3, asked("--model", temp.resolve("measured"), "--limit", 3).get("questions").asInt());
        lucid("eval", "--model", temp.resolve("blind")).misusedWith("wanted --eval-questions FILE, or --benchmark NAME",
                "blind names no held-out questions");
        assertEquals(5, asked("--model", temp.resolve("blind"), "--eval-questions", held).get("questions").asInt());
        // The data set's own folder is as good as the one above.
        for (Path data : List.of(temp, drift))
            assertEquals(summary("model").get("stages").get(0).get("mean_length"), asked("--model", temp.resolve("model"), "--data", data, "--direct")
                    .get("mean_length"));
        assertFalse(Files.exists(drift.resolve(drift.getFileName())), "no clips were made in the data set");
        // One that learned from Drift has seen frames of the same size.
        assertEquals(5, asked("--model", temp.resolve("model"), "--eval-questions", held).get("questions").asInt());
        lucid("convert", temp.resolve("measured"), temp.resolve("alone")).ok();
        assertEquals(then.get("accuracy"), asked("--model", temp.resolve("alone"), "--eval-questions", held, "--data", drift, "--recipe", recipe)
                .get("accuracy"));
        lucid("eval", "--model", temp.resolve("alone"), "--recipe", recipe).misusedWith(recipe + " brings no held-out questions");
        lucid("eval", "--model", temp.resolve("alone"), "--benchmark", "nextqa", "--eval-questions", held)
                .misusedWith("with --benchmark, --mode decides");

        Path moved = Files.move(held, temp.resolve("moved.jsonl"));
        lucid("eval", "--model", temp.resolve("measured")).failedWith("its held-out questions are not there", held.toString(),
                "--eval-questions FILE");
        // Clips of the same names may lie beside it.
        lucid("eval", "--model", temp.resolve("measured"), "--eval-questions", moved)
                .misusedWith("--eval-questions " + moved + " is not in " + drift.toAbsolutePath(), "wanted --data DIR");
        assertEquals(then.get("accuracy"), asked("--model", temp.resolve("measured"), "--eval-questions", moved, "--data", drift).get("accuracy"));
        List<String> lines = Files.readAllLines(moved);
        Files.write(held, lines.subList(0, 4));
        lucid("eval", "--model", temp.resolve("measured")).failedWith(held + ": these questions or their clips in ",
                "are not those that the run was measured by");
        assertEquals(4, asked("--model", temp.resolve("measured"), "--eval-questions", held).get("questions").asInt());
    }

    private static JsonNode asked(Object... more) throws IOException {
        return new ObjectMapper().readTree(lucid(Stream.concat(Stream.of("eval", "--json", "--threads", 1), Stream.of(more)).toArray()).ok().out());
    }

    private JsonNode summary(String run) throws IOException {
        return new ObjectMapper().readTree(Files.readString(temp.resolve(run).resolve("summary.json")));
    }

    @Test void rewardsNeedAModelThatCanAnswer() {
        Path out = temp.resolve("out");
        lucid("train", "--recipe", "demo", "--data", temp.resolve("data"), "--out", out)
                .misusedWith("lucid train: wanted --model", "lucid demo --recipe demo");
        lucid("train", "--recipe", "tinyllava-video-r1", "--data", temp.resolve("data"), "--out", out).misusedWith("lucid train: wanted --model");
        assertFalse(Files.exists(out) || Files.exists(temp.resolve("data")));
    }
}
