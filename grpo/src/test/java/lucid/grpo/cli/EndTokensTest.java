package lucid.grpo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// End tokens that a model's `generation_config.json` names beside the tokenizer's end completions and held-out answers too.
class EndTokensTest extends CommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir Path temp;

    @Test void theyEndWhatIsTrainedOnAndWhatIsMeasured() throws IOException {
        Recipe toy = BadInputTest.toy(0.01);
        Path own = temp.resolve("own");
        lucid("sft", "--recipe", Files.writeString(temp.resolve("toy.json"), RecipeReader.write(toy)), "--data", temp, "--out", own, "--threads", 2)
                .ok();
        Path model = ParityCommandTest.copy(RunFolder.latest(own).orElseThrow(), temp.resolve("model"));
        Files.copy(own.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        // Every token is one, so whatever is drawn first ends the answer.
        String all = IntStream.range(0, toy.model().at("/text_config/vocab_size").asInt()).mapToObj(String::valueOf)
                .collect(Collectors.joining(", "));
        var talk = (Stage.Supervised) toy.stages().getFirst();
        var grpo = new Stage.Grpo("grpo", "grpo", 1, 2, 4, 1, 4, 8, new Stage.SamplingSpec(0.9f, 0, 1, 0), new Stage.RewardSpec("code", 120, true),
                new Stage.AdvantageSpec(1e-4, 0.02, true),
                new Stage.LossSpec(null, null, 0.1, 100.0, "sequence_mean"), talk.optimizer(), List.of(Stage.Part.LANGUAGE_MODEL), 1, 0, 0);
        Path recipe = Files.writeString(temp.resolve("grpo.json"), RecipeReader.write(toy.withStages(List.of(grpo))));
        Path before = temp.resolve("before");
        train(recipe, model, before).ok();
        assertTrue(JSON.readTree(Files.readString(before.resolve("metrics.jsonl"))).get("completions/max_length").asInt() > 1);
        assertFalse(Files.readString(before.resolve("config.json")).contains("end_tokens"));

        Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [" + all
                + "], \"repetition_penalty\": 1.5, \"stop_strings\": \"no\"}");
        Path run = temp.resolve("run");
        String notice = "(generation_config.json: repetition_penalty 1.5, stop string 'no': not followed by training and held-out questions, though "
                + "by generate, chat and eval --benchmark)";
        assertTrue(train(recipe, model, run).ok().err().contains(notice));
        JsonNode line = JSON.readTree(Files.readString(run.resolve("metrics.jsonl")));
        assertEquals(1, line.get("completions/max_length").asInt());
        assertEquals(0, line.get("completions/clipped_ratio").asDouble());
        assertEquals(1, JSON.readTree(Files.readString(run.resolve("summary.json"))).at("/stages/0/mean_length").asDouble());
        for (Path asked : List.of(model, run)) {
            JsonNode answers = JSON.readTree(lucid("eval", "--json", "--threads", 1, "--model", asked, "--recipe", recipe, "--data", temp)
                    .ok().out());
            assertEquals(1, answers.get("mean_length").asDouble(), asked.toString());
        }
        // A run of before is another one.
        train(recipe, model, run, "--resume").ok();
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readString(run.resolve("config.json")));
        config.remove("end_tokens");
        Files.writeString(run.resolve("config.json"), config.toString());
        train(recipe, model, run, "--resume").failedWith("another config", "end_tokens");
    }

    private Outcome train(Path recipe, Path model, Path out, Object... more) throws IOException {
        return lucid(Map.of(), Stream.concat(Stream.of("train", "--recipe", recipe, "--model", model, "--data", temp, "--out", out, "--threads", 2),
                Stream.of(more)).toArray());
    }
}
