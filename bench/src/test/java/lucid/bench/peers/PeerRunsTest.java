package lucid.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lucid.grpo.recipe.RecipeReader;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// Lucid's side of the comparisons: what it prints, and that both sides compare the same model.
class PeerRunsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int peer(String... args) { return new CommandLine(new PeerRuns()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(args); }

    @Test void printsOneLine() throws IOException {
        assertEquals(0, peer("demo_step", "--repetitions", "2", "--warmup", "0", "--threads", "1"), err::toString);
        JsonNode line = JsonMapper.builder().build().readTree(out.toString());
        assertEquals(List.of("workload", "engine", "threads", "tokens", "seconds", "repetitions"), line.properties().stream().map(e -> e.getKey()).toList());
        assertEquals(64 * 105, line.get("tokens").asInt());
        JsonNode all = line.get("repetitions");
        assertEquals((all.get(0).asDouble() + all.get(1).asDouble()) / 2, line.get("seconds").asDouble(), 1e-9);
    }

    @Test void aWholeGrpoStepRuns() {
        assertEquals(0, peer("trl_grpo", "--repetitions", "1", "--warmup", "0"), err::toString);
        assertTrue(out.toString().contains("\"tokens\":4096"), out::toString);
    }

    @Test void refusesWhatItDoesNotKnow() {
        assertEquals(2, peer("no_such_step"));
        assertTrue(err.toString().contains("no_such_step"), err::toString);
        assertEquals(2, peer("generate", "--repetitions", "0"));
    }

    @Test void thePythonSideHasTheDemosSizes() throws IOException {
        String script = Files.readString(Path.of("peers", "common.py"));
        JsonNode text = RecipeReader.read("demo").model().get("text_config");
        for (String key : List.of("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size", "rope_theta")) {
            assertTrue(script.contains(key + "=" + text.get(key).asText() + ","), key + " " + text.get(key) + " in peers/common.py");
        }
    }
}
