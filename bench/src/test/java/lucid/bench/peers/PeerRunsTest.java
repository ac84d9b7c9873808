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
import java.util.stream.Stream;
import lucid.grpo.cli.Lucid;
import lucid.grpo.recipe.RecipeReader;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.config.Qwen2Config;
import lucid.nn.file.StoredType;
import lucid.nn.model.Qwen2;
import lucid.nn.weights.Initialization;
import lucid.nn.weights.ParameterSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Lucid's side of the comparisons: what it prints, and that both sides compare the same model.
class PeerRunsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int peer(String... args) {
        String[] all = Stream.concat(Stream.of("peer"), Stream.of(args)).toArray(String[]::new);
        return Lucid.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(all);
    }

    @Test void printsOneLine() throws IOException {
        assertEquals(0, peer("demo_step", "--repetitions", "2", "--warmup", "0", "--threads", "1"), err::toString);
        JsonNode line = JsonMapper.builder().build().readTree(out.toString());
        assertEquals(List.of("workload", "engine", "threads", "tokens", "seconds", "repetitions"),
                line.properties().stream().map(e -> e.getKey()).toList());
        assertEquals(64 * 105, line.get("tokens").asInt());
        JsonNode all = line.get("repetitions");
        assertEquals((all.get(0).asDouble() + all.get(1).asDouble()) / 2, line.get("seconds").asDouble(), 1e-9);
    }

    @Test void aWholeGrpoStepRuns() {
        assertEquals(0, peer("trl_grpo", "--repetitions", "1", "--warmup", "0"), err::toString);
        assertTrue(out.toString().contains("\"tokens\":4096"), out::toString);
    }

    @Test void aDecoderFromItsFiles(@TempDir Path folder) throws IOException {
        Qwen2Config config = new Qwen2Config(300, 32, 48, 2, 4, 2, 8, 1e-6f, 1e4, 1024, true, 0.02, -1);
        Files.writeString(folder.resolve("config.json"), config.toJson().toString());
        try (Device device = new SimdDevice(1); ParameterSet random = Qwen2.random(device, config, 1, Initialization.PUBLISHED).parameters()) {
            random.save(folder.resolve("model.safetensors"), StoredType.BF16);
        }
        for (String workload : List.of("full_prefill", "full_decode")) {
            assertEquals(0, peer(workload, "--model", folder.toString(), "--repetitions", "2", "--warmup", "0", "--threads", "1", "--cpu"),
                    err::toString);
        }
        assertTrue(out.toString().contains("\"tokens\":600") && out.toString().contains("\"tokens\":8"), out::toString);
        assertEquals(2, peer("full_decode"));
        assertTrue(err.toString().contains("--model DIR"), err::toString);
    }

    @Test void refusesWhatItDoesNotKnow() {
        assertEquals(2, peer("no_such_step"));
        assertTrue(err.toString().contains("no_such_step"), err::toString);
        assertEquals(2, peer("generate", "--repetitions", "0"));
    }

    @Test void thePythonSideHasTheDemosSizes() throws IOException {
        String script = Files.readString(Path.of("peers", "common.py"));
        JsonNode text = RecipeReader.read("demo").model().get("text_config");
        for (String key : List.of("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
                "intermediate_size", "rope_theta")) {
            assertTrue(script.contains(key + "=" + text.get(key).asText() + ","), key + " " + text.get(key) + " in peers/common.py");
        }
    }
}
