package lucid.nn.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir Path folder;

    @Test void missingKeysAreTheLibrarysDefaults() {
        TinyLlavaConfig c = TinyLlavaConfig.read(GOLDEN.resolve("tinyllava_video/batch_padded/model"));
        assertEquals(1e-6f, c.text().rmsNormEps());
        assertEquals(0.02, c.text().initializerRange());
        assertEquals(1e6, c.text().ropeTheta());
        assertEquals(6, c.resampler().tokens(), "group * int(num_queries / group)");
        assertEquals(512, c.resampler().inner());
        assertEquals(8, c.tokensPerFrame());
        assertEquals(22, c.maxLength());
        assertEquals(12, Qwen2Config.read(GOLDEN.resolve("qwen2/tiny_untied_f32/model")).headDim());
    }

    @Test void whatIsWrittenIsRead() {
        TinyLlavaConfig c = TinyLlavaConfig.read(GOLDEN.resolve("tinyllava_video/one_video_16f/model"));
        c.write(folder);
        assertEquals(c, TinyLlavaConfig.read(folder));
        TinyLlavaConfig toy = new TinyLlavaConfig(c.text(), c.vision(), new ResamplerConfig(20, 16, 4, 8, 2, 2, 16, 2), 99, -200, -100, -2, true,
                TinyLlavaConfig.PaddingSide.LEFT, 3);
        toy.write(folder);
        assertEquals(toy, TinyLlavaConfig.read(folder));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "hidden_size": 48, "num_attention_heads": 5 | hidden_size
            "num_attention_heads": 6, "hidden_size": 48, "num_key_value_heads": 4 | num_key_value_heads
            "vocab_size": 0 | vocab_size
            "vocab_size": "many" | vocab_size
            "vocab_size": 3.5 | vocab_size
            "hidden_act": "gelu" | hidden_act
            "use_sliding_window": true | use_sliding_window
            "use_sliding_window": true, "num_hidden_layers": 29 | use_sliding_window
            "use_sliding_window": true, "max_window_layers": 3, "num_hidden_layers": 4, "layer_types": null | use_sliding_window
            "rope_scaling": {"type": "yarn"} | rope_scaling: type
            "rope_scaling": {"rope_type": "linear", "factor": 2.0} | rope_scaling: rope_type
            "rope_scaling": {"type": "default", "factor": 2.0} | rope_scaling: factor
            "rope_scaling": {"type": "default", "rope_theta": 5.0}, "rope_parameters": {"rope_theta": 6.0} | rope_scaling
            "rope_parameters": {"type": "yarn"} | type
            "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0} | rope_type
            "rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5} | partial_rotary_factor
            "rope_parameters": {"rope_type": "default", "rope_theta": 0} | rope_theta
            "rope_parameters": 10000.0 | rope_parameters
            "rope_theta": 10000.0, "rope_parameters": {"rope_theta": 500000.0} | rope_theta
            "layer_types": ["full_attention", "sliding_attention"] | layer_types
            "model_type": "llama" | model_type
            "tie_word_embeddings": "yes" | tie_word_embeddings
            "eos_token_id": [5, "end"] | eos_token_id
            "eos_token_id": [-1] | eos_token_id
            "num_hidden_layers": 1000000 | num_hidden_layers: found 1000000, wanted at most 4096
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 1073741840 | head_dim: found 1073741840, wanted at most 131071 (2147483647 over num_attention_heads * hidden_size 16384)
            "num_attention_heads": 2147483647, "num_key_value_heads": 1, "head_dim": 2 | num_attention_heads: found 2147483647, wanted at most 1048576
            "hidden_size": 2147483616 | hidden_size: found 2147483616, wanted at most 1048576
            "intermediate_size": 2147483647 | intermediate_size: found 2147483647, wanted at most 524287 (2147483647 over hidden_size 4096)
            "vocab_size": 600000 | vocab_size: found 600000, wanted at most 524287 (2147483647 over hidden_size 4096)
            """)
    void badKeysAreNamed(String body, String key) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{" + body + "}");
        var e = assertThrows(ConfigException.class, () -> Qwen2Config.read(folder));
        assertTrue(e.getMessage().contains(key) && e.getMessage().contains("config.json") && e.getMessage().contains("wanted"), e.getMessage());
        assertEquals(e.getMessage().indexOf("config.json"), e.getMessage().lastIndexOf("config.json"), "the file once: " + e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "rope_theta": 500000.0 | 500000
            "rope_theta": 500000.0, "rope_scaling": null | 500000
            "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"}, "layer_types": ["full_attention"] | 500000
            "rope_theta": 500000.0, "rope_parameters": {"rope_theta": 500000.0} | 500000
            "rope_theta": 500000.0, "rope_parameters": {"rope_type": "default"} | 500000
            "rope_parameters": {"rope_type": "default"} | 10000
            "rope_parameters": {"type": "default", "rope_theta": 500000.0} | 500000
            "rope_scaling": {"type": "default"}, "rope_theta": 500000.0 | 500000
            "rope_scaling": {"rope_type": "default", "rope_theta": 500000.0} | 500000
            "rope_scaling": {}, "rope_parameters": {"rope_theta": 500000.0} | 500000
            "vocab_size": 7 | 10000
            """)
    void rotaryBaseInTheFormOfEitherTransformers(String body, double theta) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{" + body + "}");
        assertEquals(theta, Qwen2Config.read(folder).ropeTheta());
    }

    /// What Qwen2.5 of 28 layers and less says about windows, and other names of what Lucid has.
    @ParameterizedTest
    @ValueSource(strings = {"\"use_sliding_window\": true, \"num_hidden_layers\": 28",
            "\"use_sliding_window\": true, \"max_window_layers\": 4, \"num_hidden_layers\": 4",
        "\"use_sliding_window\": true, \"sliding_window\": null", "\"use_sliding_window\": true, \"max_window_layers\": 0, \"layer_types\": "
                + "[\"full_attention\"]", "\"hidden_act\": \"swish\""})
    void plainModelsInOtherWords(String body) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{" + body + "}");
        assertEquals(4096, Qwen2Config.read(folder).hiddenSize());
    }

    /// transformers: `int | list[int] | None`.
    @Test void severalEndsOfText() throws IOException {
        TinyLlavaConfig c = TinyLlavaConfig.read(GOLDEN.resolve("tinyllava_video/one_video_16f/model"));
        for (List<Integer> ends : List.of(List.of(5, 6), List.of(5), List.<Integer>of())) {
            ObjectNode config = c.toJson();
            ((ObjectNode) config.get("text_config")).putPOJO("eos_token_id", ends);
            Files.writeString(folder.resolve("config.json"), config.toString());
            TinyLlavaConfig read = TinyLlavaConfig.read(folder);
            assertEquals(ends, read.text().eosTokenIds());
            read.write(folder);
            assertEquals(read, TinyLlavaConfig.read(folder), "what is written is read");
        }
    }

    /// As transformers takes it: all heads have their own keys. Not the same as a key that is left out.
    @Test void noKeyValueHeadsAreAsManyAsHeads() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"hidden_size\": 48, \"num_attention_heads\": 4, \"num_key_value_heads\": null}");
        assertEquals(4, Qwen2Config.read(folder).kvHeads());
        Files.writeString(folder.resolve("config.json"), "{\"hidden_size\": 128, \"num_attention_heads\": 64}");
        assertEquals(32, Qwen2Config.read(folder).kvHeads());
    }

    /// Sizes whose products no int holds, and layers that fill all memory before the first weight is looked at.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "num_hidden_layers": 1000000 | num_hidden_layers: found 1000000, wanted at most 4096
            "hidden_size": 2147483640 | hidden_size: found 2147483640, wanted at most 26754
            "intermediate_size": 2147483647 | intermediate_size: found 2147483647, wanted at most 2796202 (2147483647 over hidden_size 768)
            "patch_size": 65536, "image_size": 65536 | patch_size: found 65536, wanted at most 965
            "patch_size": 1, "image_size": 65536 | image_size: found 65536, wanted at most 1672
            """)
    void sizesThatNoTowerHas(String body, String message) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"siglip_vision_model\", " + body + "}");
        assertEquals(folder.resolve("config.json") + ": " + message, assertThrows(ConfigException.class, () -> SiglipVisionConfig.read(folder))
                .getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "num_resampler_layers": 1000000 | num_resampler_layers: found 1000000, wanted at most 4096
            "num_queries": 2147483647 | num_queries: found 2147483647, wanted at most 16777216 (268435456 over hidden_size 16)
            "resampler_heads": 4, "resampler_head_dim": 1073741840 | resampler_head_dim: found 1073741840, wanted at most 16777215 (2147483647 over 2 * resampler_heads * hidden_size 128)
            "resampler_ff_mult": 268435456 | resampler_ff_mult: found 268435456, wanted at most 8388607 (2147483647 over hidden_size * hidden_size 256)
            """)
    void sizesThatNoResamplerHas(String body, String message) throws IOException {
        ObjectNode config = TinyLlavaConfig.read(GOLDEN.resolve("tinyllava_video/one_video_16f/model")).toJson();
        config.setAll((ObjectNode) new ObjectMapper().readTree("{" + body + "}"));
        Files.writeString(folder.resolve("config.json"), config.toString());
        assertEquals(folder.resolve("config.json") + ": " + message, assertThrows(ConfigException.class, () -> TinyLlavaConfig.read(folder))
                .getMessage());
    }

    @Test void repeatedSizesMustAgree() throws IOException {
        String good = Files.readString(GOLDEN.resolve("tinyllava_video/one_video_16f/model/config.json"));
        Files.writeString(folder.resolve("config.json"), good.replace("\"vision_hidden_size\": 20", "\"vision_hidden_size\": 21"));
        assertTrue(assertThrows(ConfigException.class, () -> TinyLlavaConfig.read(folder)).getMessage().contains("vision_hidden_size"));
        Files.writeString(folder.resolve("config.json"), "{ not json");
        assertTrue(assertThrows(ConfigException.class, () -> TinyLlavaConfig.read(folder)).getMessage().contains("line 1"));
    }
}
