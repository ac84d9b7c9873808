package lucid.nn.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lucid.nn.config.ConfigFile;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;

/// What a checkpoint folder holds beside its weights: the configuration, and small files that go with it unchanged.
///
/// @param files by name; without `config.json`
public record ModelTemplate(ConfigFile config, Map<String, byte[]> files) {
    /// Names of the shipped ones. The first is the published TinyLLaVA-Video-R1, the last a toy of the same architecture.
    public static final List<String> SHIPPED = List.of("tinyllava-video-r1", "qwen2.5-3b", "siglip-so400m-patch14-384", "tinyllava-video-tiny");
    private static final List<String> SIDE_FILES = List.of("generation_config.json", "preprocessor_config.json", "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json", "tokenizer.json", "vocab.json", "merges.txt");
    private static final int LARGEST = 64 << 20;

    /// A shipped one by name.
    public static ModelTemplate shipped(String name) {
        if (!SHIPPED.contains(name))
            throw new IllegalArgumentException("model configuration \"" + name + "\" is not shipped; there are " + String.join(", ", SHIPPED));
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String file : SIDE_FILES) {
            byte[] bytes = resource(name, file);
            if (bytes != null) files.put(file, bytes);
        }
        try {
            return new ModelTemplate(new ConfigFile(name + "/config.json", (ObjectNode) new ObjectMapper().readTree(resource(name, "config.json"))),
                    files);
        } catch (IOException e) {
            throw new UncheckedIOException("model configuration " + name + " of this build cannot be read", e);
        }
    }

    private static byte[] resource(String model, String file) {
        try (InputStream in = ModelTemplate.class.getResourceAsStream("models/" + model + "/" + file)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("model configuration " + model + " of this build cannot be read", e);
        }
    }

    /// A `config.json`, or a folder that holds one: then its tokenizer and other small published files as well.
    public static ModelTemplate read(Path path) {
        ConfigFile config = ConfigFile.read(path);
        if (!Files.isDirectory(path)) return of(config);
        Map<String, byte[]> files = new LinkedHashMap<>();
        try {
            for (String name : SIDE_FILES) {
                Path file = path.resolve(name);
                if (!Files.isRegularFile(file)) continue;
                if (Files.size(file) > LARGEST)
                    throw new IllegalArgumentException(file + ": found " + Files.size(file) + " bytes, wanted a small file of at most " + LARGEST);
                files.put(name, Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": a file cannot be read (" + IoReason.named(e) + ")", e);
        }
        return new ModelTemplate(config, files);
    }

    /// A configuration alone. What transformers writes beside a model that speaks, `generation_config.json`, is made from it.
    public static ModelTemplate of(ConfigFile config) {
        ObjectNode text = config.json().path("text_config") instanceof ObjectNode n ? n : config.json();
        ObjectNode generation = JsonNodeFactory.instance.objectNode();
        for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id")) if (text.hasNonNull(key)) generation.set(key, text.get(key));
        return new ModelTemplate(config, generation.isEmpty() ? Map.of() : Map.of("generation_config.json",
                JsonText.pretty(generation).getBytes(StandardCharsets.UTF_8)));
    }
}
