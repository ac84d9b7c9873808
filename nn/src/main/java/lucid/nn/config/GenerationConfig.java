package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/// What a checkpoint's `generation_config.json` says about ending. The rest of it (sampling, `use_cache`) is the caller's to choose.
public final class GenerationConfig {
    private static final String KEY = "eos_token_id";

    private GenerationConfig() {}

    /// Tokens that end an answer: one number or a list, as Qwen2.5's chat models have it; none without such a file.
    public static Set<Integer> endTokens(Path folder) {
        Path file = folder.resolve("generation_config.json");
        if (!Files.exists(file)) return Set.of();
        ConfigReader r = ConfigReader.open(file);
        Set<Integer> out = new TreeSet<>();
        if (!r.has(KEY)) return out;
        JsonNode value = r.node().get(KEY);
        for (JsonNode id : value.isArray() ? value : java.util.List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0) throw r.bad(KEY, "a token id, or a list of them");
            out.add(id.asInt());
        }
        return out;
    }
}
