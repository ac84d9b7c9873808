package lucid.grpo.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.Qwen2Config;
import lucid.nn.config.ResamplerConfig;
import lucid.nn.config.SiglipVisionConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.processor.NoRepeatNgram;
import lucid.nn.generate.processor.RepetitionPenalty;
import lucid.nn.hub.Hub;
import lucid.nn.hub.HubListener;
import lucid.nn.hub.HubSettings;

/// Configurations, and what the hub's cache says about itself.
final class ConfigFormats {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String REPO = "models--a--b/";
    // Not values of the model: what the file is called by others.
    private static final Set<String> NAMES = Set.of("architectures");

    private ConfigFormats() {}

    static List<Format> all() {
        Qwen2Config text = new Qwen2Config(300, 64, 128, 2, 4, 2, 16, 1e-6f, 10_000, 512, false, 0.02, 1);
        SiglipVisionConfig vision = new SiglipVisionConfig(32, 64, 2, 4, 56, 14, 1e-6f);
        TinyLlavaConfig whole = TinyLlavaConfig.of(text, vision, new ResamplerConfig(32, 64, 2, 8, 1, 8, 64, 4), 512, 0);
        String index = "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}";
        String snapshot = REPO + "snapshots/" + COMMIT + "/";
        byte[] empty = new byte[0];
        return List.of(
                config("config-tinyllava", whole.toJson(), folder -> same(TinyLlavaConfig.read(folder).toJson())),
                config("config-qwen2", text.toJson(), folder -> same(Qwen2Config.read(folder).toJson())),
                config("config-siglip", vision.toJson(), folder -> same(SiglipVisionConfig.read(folder).toJson())),
                new Format("generation-config", Format.Kind.TEXT, "generation_config.json", WeightFormats.text("{\"do_sample\":true,\"eos_token_id\":[5,7],\"repetition_penalty\":1.05,\"no_repeat_ngram_size\":4,\"top_p\":0.8}"), Map.of(), ConfigFormats::ends),
                new Format("hub-ref", Format.Kind.TEXT, REPO + "refs/main", WeightFormats.text(COMMIT),
                        Format.files(snapshot + "config.json", empty, snapshot + "model.safetensors", empty),
                        folder -> hub(folder, file -> Format.same(COMMIT, new String(file, StandardCharsets.UTF_8).strip(), "commit"))),
                new Format("hub-index", Format.Kind.TEXT, snapshot + WeightFiles.INDEX, WeightFormats.text(index),
                        Format.files(REPO + "refs/main", WeightFormats.text(COMMIT), snapshot + "config.json", empty, snapshot + "one.safetensors",
                                empty, snapshot + "two.safetensors", empty),
                        folder -> hub(folder, file -> shardsAreThere(folder.resolve(snapshot), file))));
    }

    private static Format config(String name, JsonNode json, Format.Reader reader) {
        return new Format(name, Format.Kind.TEXT, "config.json", WeightFormats.text(json.toPrettyString()), Map.of(), reader);
    }

    private static Format.Check same(JsonNode read) {
        return file -> agree("", read, StrictJson.object(file));
    }

    /// Every value that Lucid took is the one in the file, or the file has none and it is the format's default.
    private static void agree(String at, JsonNode read, Map<?, ?> file) {
        read.properties().forEach(e -> {
            Object said = Format.member(file, e.getKey());
            String key = at + e.getKey();
            JsonNode value = e.getValue();
            if (said == null || NAMES.contains(e.getKey())) return;
            if (value.isObject()) agree(key + ".", value, (Map<?, ?>) said);
            else if (value.isIntegralNumber()) Format.same(said, new BigDecimal(value.bigIntegerValue()), key);
            else if (value.isNumber()) close(key, (BigDecimal) said, value.doubleValue());
            else Format.same(said, value.isBoolean() ? value.asBoolean() : value.asText(), key);
        });
    }

    private static void close(String key, BigDecimal said, double read) {
        if (!Double.isFinite(read) || said.doubleValue() != read && said.floatValue() != (float) read)
            throw new AssertionError(key + ": the file says " + said.round(new java.math.MathContext(9)) + ", Lucid read " + read);
        if (Set.of("rms_norm_eps", "layer_norm_eps", "text_config.rms_norm_eps", "vision_config.layer_norm_eps", "rope_theta",
                "text_config.rope_theta").contains(key) && !(read > 0)) {
            throw new AssertionError(key + ": " + read + " makes every number of the model infinite");
        }
    }

    private static Format.Check ends(Path folder) {
        GenerationConfig config = GenerationConfig.read(folder, Set.of());
        Set<Integer> read = config.endTokens();
        return file -> {
            Object said = Format.member(StrictJson.object(file), "eos_token_id");
            Set<Integer> wanted = new TreeSet<>();
            for (Object id : said == null ? List.of() : said instanceof List<?> list ? list : List.of(said))
                wanted.add(((BigDecimal) id).intValueExact());
            Format.same(wanted, read, "eos_token_id");
            BigDecimal penalty = number(file, "repetition_penalty", 1);
            double taken = config.processors().stream().mapToDouble(p -> p instanceof RepetitionPenalty r ? r.penalty() : 1).filter(r -> r != 1)
                    .findFirst().orElse(1);
            close("repetition_penalty", penalty, taken);
            int ngram = config.processors().stream().mapToInt(p -> p instanceof NoRepeatNgram n ? n.size() : 0).max().orElse(0);
            Format.same(number(file, "no_repeat_ngram_size", 0).intValueExact(), ngram, "no_repeat_ngram_size");
        };
    }

    private static BigDecimal number(byte[] file, String key, int otherwise) {
        return Format.member(StrictJson.object(file), key) instanceof BigDecimal n ? n : BigDecimal.valueOf(otherwise);
    }

    private static Format.Check hub(Path folder, Format.Check check) {
        HubSettings settings = new HubSettings(URI.create("http://localhost:9"), folder, null, "", true, HubSettings.Times.USUAL,
                ProxySelector.getDefault());
        Path snapshot = new Hub(settings, new Quiet()).resolve("hf://a/b");
        Format.same(folder.resolve(REPO + "snapshots/" + COMMIT), snapshot, "snapshot");
        return check;
    }

    private static void shardsAreThere(Path snapshot, byte[] file) throws IOException {
        Map<?, ?> map = (Map<?, ?>) StrictJson.object(file).get("weight_map");
        for (Object shard : map.values()) if (!Files.isRegularFile(snapshot.resolve((String) shard))) throw new AssertionError("no shard " + shard);
    }

    private record Quiet() implements HubListener {
        @Override public void line(String text) {}

        @Override public void at(long done, long total, String file) {}
    }
}
