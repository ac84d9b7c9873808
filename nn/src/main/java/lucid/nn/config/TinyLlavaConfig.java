package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.JsonText;

/// Configuration of TinyLLaVA-Video: vision tower, group resampler, decoder and how they are spliced.
///
/// @param maxLength          `tokenizer_model_max_length`: most rows of a spliced sequence (the published code cuts longer ones, Lucid refuses them)
/// @param imageTokenIndex    id that marks the place of the video
/// @param visionFeatureLayer which hidden state the features are, counted from the end (-2: the last block is not run)
/// @param dropFirstPatch     strategy "patch": the first token is thrown away as if it were a class token
public record TinyLlavaConfig(Qwen2Config text, SiglipVisionConfig vision, ResamplerConfig resampler, int maxLength, int imageTokenIndex,
                              int ignoreIndex, int visionFeatureLayer, boolean dropFirstPatch, PaddingSide paddingSide, int padTokenId) {
    /// Where padding goes when sequences are shown as a rectangle; Lucid computes on packed rows, so this matters for parity only.
    public enum PaddingSide { LEFT, RIGHT }

    public TinyLlavaConfig {
        if (resampler.hiddenSize() != text.hiddenSize()) {
            throw new ConfigException("hidden_size: the resampler has " + resampler.hiddenSize() + ", wanted the decoder's " + text.hiddenSize());
        }
        if (resampler.inputSize() != vision.hiddenSize()) {
            throw new ConfigException("vision_hidden_size: found " + resampler.inputSize() + ", wanted vision_config.hidden_size "
                    + vision.hiddenSize());
        }
        if (visionFeatureLayer >= 0 || -visionFeatureLayer > vision.layers() + 1) {
            throw new ConfigException("vision_feature_layer: found " + visionFeatureLayer + ", wanted -1 .. " + -(vision.layers() + 1));
        }
        if (imageTokenIndex >= 0)
            throw new ConfigException("image_token_index: found " + imageTokenIndex + ", wanted a negative number (no id of the vocabulary)");
    }

    /// A model in the published manner (features of the last block but one, first patch dropped, image token -200).
    public static TinyLlavaConfig of(Qwen2Config text, SiglipVisionConfig vision, ResamplerConfig resampler, int maxLength, int padTokenId) {
        return new TinyLlavaConfig(text, vision, resampler, maxLength, -200, -100, -2, true, PaddingSide.RIGHT, padTokenId);
    }

    /// Reads `config.json` (a file, or the folder it is in).
    public static TinyLlavaConfig read(Path path) { return read(ConfigReader.open(path)); }

    /// Reads a configuration that is part of another file.
    ///
    /// @param where names the file and the place in it, for messages
    public static TinyLlavaConfig parse(String where, JsonNode config) { return read(new ConfigReader(where, config)); }

    private static TinyLlavaConfig read(ConfigReader r) {
        r.only("model_type", "tinyllava");
        r.only("connector_type", "groupresampler");
        r.only("image_aspect_ratio", "square");
        Qwen2Config text = Qwen2Config.read(r.child("text_config"));
        SiglipVisionConfig vision = SiglipVisionConfig.read(r.child("vision_config"));
        requireRepeat(r, "hidden_size", text.hiddenSize());
        requireRepeat(r, "vocab_size", text.vocabSize());
        requireRepeat(r, "vision_hidden_size", vision.hiddenSize());
        String strategy = r.text("vision_feature_select_strategy", "patch");
        if (!strategy.equals("patch") && !strategy.equals("cls_patch")) throw r.bad("vision_feature_select_strategy", "patch or cls_patch");
        String side = r.text("tokenizer_padding_side", "right");
        if (!side.equals("left") && !side.equals("right")) throw r.bad("tokenizer_padding_side", "left or right");
        return r.made(() -> {
            ResamplerConfig resampler = new ResamplerConfig(vision.hiddenSize(), text.hiddenSize(), r.size("group"), r.size("num_queries", 128),
                    r.size("num_resampler_layers", 3), r.size("resampler_heads", 8), r.size("resampler_head_dim", 64),
                            r.size("resampler_ff_mult", 4));
            return new TinyLlavaConfig(text, vision, resampler, r.size("tokenizer_model_max_length", 2048), r.integer("image_token_index", -200),
                    r.integer("ignore_index", -100), r.integer("vision_feature_layer", -2), strategy.equals("patch"),
                    side.equals("left") ? PaddingSide.LEFT : PaddingSide.RIGHT, r.integer("pad_token_id", -1));
        });
    }

    /// The outer file repeats sizes of the inner ones; where they differ, one of them is a lie.
    private static void requireRepeat(ConfigReader r, String key, int inner) {
        if (r.has(key) && r.integer(key, inner) != inner) throw r.bad(key, inner + ", as in the nested configuration");
    }

    /// Visual tokens that one frame brings to the resampler.
    public int tokensPerFrame() { return vision.patches() - (dropFirstPatch ? 1 : 0); }

    /// The published form.
    public ObjectNode toJson() {
        ObjectNode n = JsonNodeFactory.instance.objectNode();
        n.putArray("architectures").add("TinyLlavaForConditionalGeneration");
        n.put("model_type", "tinyllava").put("connector_type", "groupresampler").put("image_aspect_ratio", "square");
        n.put("group", resampler.group()).put("num_queries", resampler.numQueries()).put("num_resampler_layers", resampler.layers());
        if (resampler.heads() != 8) n.put("resampler_heads", resampler.heads());
        if (resampler.headDim() != 64) n.put("resampler_head_dim", resampler.headDim());
        if (resampler.ffMult() != 4) n.put("resampler_ff_mult", resampler.ffMult());
        n.put("hidden_size", text.hiddenSize()).put("vocab_size", text.vocabSize()).put("vision_hidden_size", vision.hiddenSize());
        n.put("ignore_index", ignoreIndex).put("image_token_index", imageTokenIndex).put("pad_token_id", padTokenId);
        n.put("tokenizer_model_max_length", maxLength).put("tokenizer_padding_side", paddingSide == PaddingSide.LEFT ? "left" : "right");
        n.put("vision_feature_layer", visionFeatureLayer).put("vision_feature_select_strategy", dropFirstPatch ? "patch" : "cls_patch");
        n.set("text_config", text.toJson());
        n.set("vision_config", vision.toJson());
        return n;
    }

    /// Writes `config.json` into a folder, whole or not at all.
    public void write(Path folder) {
        byte[] bytes = JsonText.pretty(toJson()).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve("config.json"), channel -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) channel.write(buffer);
        });
    }
}
