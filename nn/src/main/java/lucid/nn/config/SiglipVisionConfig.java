package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/// Sizes of a SigLIP vision tower, with the defaults of transformers' `SiglipVisionConfig` for keys that a file leaves out.
public record SiglipVisionConfig(int hiddenSize, int intermediateSize, int layers, int heads, int imageSize, int patchSize, float layerNormEps) {
    public SiglipVisionConfig {
        Limits.atMost("num_hidden_layers", layers, Limits.LAYERS);
        // The pooling head's matrix is queries, keys and values.
        Limits.atMost("hidden_size", hiddenSize, Limits.side(3));
        Limits.atMost("intermediate_size", intermediateSize, Limits.MATRIX, "hidden_size", hiddenSize);
        Limits.atMost("patch_size", patchSize, Limits.side(3L * hiddenSize));
        Limits.atMost("image_size", imageSize, (int) Math.min(Integer.MAX_VALUE, (Limits.side(hiddenSize) + 1L) * patchSize - 1));
        if (hiddenSize % heads != 0)
            throw new ConfigException("hidden_size: found " + hiddenSize + ", wanted a multiple of num_attention_heads " + heads);
        if (imageSize < patchSize) throw new ConfigException("image_size: found " + imageSize + ", wanted at least patch_size " + patchSize);
    }

    /// Reads `config.json` (a file, or the folder it is in): of the tower alone, or of a whole SigLIP model (its `vision_config`).
    public static SiglipVisionConfig read(Path path) {
        ConfigReader r = ConfigReader.open(path);
        return parse(r.where(), r.node());
    }

    /// The same from JSON that was read before; `where` names file and place for messages.
    public static SiglipVisionConfig parse(String where, JsonNode config) {
        ConfigReader r = new ConfigReader(where, config);
        return read(r.has("vision_config") ? r.child("vision_config") : r);
    }

    static SiglipVisionConfig read(ConfigReader r) {
        r.only("model_type", "siglip_vision_model");
        r.only("hidden_act", "gelu_pytorch_tanh");
        r.only("num_channels", "3");
        if (r.number("attention_dropout", 0) != 0) throw r.bad("attention_dropout", "0");
        return r.made(() -> new SiglipVisionConfig(r.size("hidden_size", 768), r.size("intermediate_size", 3072), r.size("num_hidden_layers", 12),
                r.size("num_attention_heads", 12), r.size("image_size", 224), r.size("patch_size", 16), (float) r.positive("layer_norm_eps", 1e-6)));
    }

    public int headDim() { return hiddenSize / heads; }

    /// Patches along one side of the square image; what is left over is never seen.
    public int gridSize() { return imageSize / patchSize; }

    /// Rows of the position table.
    public int patches() { return gridSize() * gridSize(); }

    /// The published form.
    public ObjectNode toJson() {
        ObjectNode n = JsonNodeFactory.instance.objectNode();
        n.put("model_type", "siglip_vision_model").put("hidden_size", hiddenSize).put("intermediate_size", intermediateSize);
        n.put("num_hidden_layers", layers).put("num_attention_heads", heads).put("num_channels", 3);
        n.put("image_size", imageSize).put("patch_size", patchSize).put("hidden_act", "gelu_pytorch_tanh");
        n.put("layer_norm_eps", Double.parseDouble(Float.toString(layerNormEps))).put("attention_dropout", 0.0);
        return n;
    }
}
