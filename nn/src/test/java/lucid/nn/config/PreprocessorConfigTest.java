package lucid.nn.config;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import lucid.nn.checkpoint.ModelTemplate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreprocessorConfigTest {
    private static final SiglipVisionConfig TOWER = new SiglipVisionConfig(1152, 4304, 27, 16, 384, 14, 1e-6f);

    @TempDir Path folder;

    @Test void thePublishedFileAndNone() throws IOException {
        PreprocessorConfig.require(folder, TOWER);
        Files.write(folder.resolve(PreprocessorConfig.FILE), ModelTemplate.shipped("siglip-so400m-patch14-384").files().get(PreprocessorConfig.FILE));
        PreprocessorConfig.require(folder, TOWER);
    }

    @ParameterizedTest @ValueSource(strings = {"", "\"size\": 384", "\"size\": {\"shortest_edge\": 384}",
            "\"size\": {\"height\": 384, \"width\": 384, \"shortest_edge\": null}", "\"image_mean\": 0.5",
        "\"rescale_factor\": 0.003921569", "\"resample\": null, \"image_std\": null", "\"do_convert_rgb\": null, \"do_center_crop\": false"})
    void theSameInOtherWords(String body) throws IOException {
        Files.writeString(folder.resolve(PreprocessorConfig.FILE), "{" + body + "}");
        assertDoesNotThrow(() -> PreprocessorConfig.require(folder, TOWER));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "image_mean": [0.48, 0.46, 0.41] | image_mean: found [0.48,0.46,0.41], wanted [0.5, 0.5, 0.5]
            "image_mean": [0.5, 0.5] | image_mean: found [0.5,0.5]
            "image_std": [0.5, 0.5, 0.25] | image_std: found [0.5,0.5,0.25]
            "image_std": "half" | image_std: found "half"
            "size": {"height": 224, "width": 384} | size: found {"height":224,"width":384}, wanted 384 x 384
            "size": {"height": 384} | size: found {"height":384}
            "size": {"shortest_edge": 224} | size: found {"shortest_edge":224}
            "size": {"shortest_edge": 384, "longest_edge": 768} | size: found
            "size": 224 | size: found 224
            "size": {} | size: found {}
            "resample": 2 | resample: found 2, wanted 3 (bicubic)
            "rescale_factor": 0.0078 | rescale_factor: found 0.0078, wanted 0.00392156862745098 (1/255)
            "do_resize": false | do_resize: found false, wanted true
            "do_rescale": false | do_rescale: found false, wanted true
            "do_normalize": false | do_normalize: found false, wanted true
            "do_center_crop": true | do_center_crop: found true, wanted false
            """)
    void otherPreparationsAreNamed(String body, String message) throws IOException {
        Path file = folder.resolve(PreprocessorConfig.FILE);
        Files.writeString(file, "{" + body + "}");
        String found = assertThrows(ConfigException.class, () -> PreprocessorConfig.require(folder, TOWER)).getMessage();
        assertTrue(found.startsWith(file + ": " + message), found);
    }

    /// All that `SiglipProcessor.save_pretrained` of transformers 5 writes about pictures; older ones have no pictures in this file.
    @Test void theProcessorsFileOfTransformers5() throws IOException {
        Path file = folder.resolve(PreprocessorConfig.PROCESSOR);
        for (String fine : new String[] {"{\"processor_class\": \"LlavaProcessor\"}",
                "{\"image_processor\": {\"image_mean\": [0.5, 0.5, 0.5], \"size\": {\"height\": 384, \"width\": 384}}, \"processor_class\": "
                + "\"SiglipProcessor\"}"}) {
            Files.writeString(file, fine);
            PreprocessorConfig.require(folder, TOWER);
        }
        Files.writeString(file, "{\"image_processor\": {\"image_mean\": [0.48, 0.48, 0.48]}}");
        for (boolean both : new boolean[] {false, true}) {
            if (both) Files.writeString(folder.resolve(PreprocessorConfig.FILE), "{\"image_mean\": [0.5, 0.5, 0.5]}");
            assertEquals(file + ", image_processor: image_mean: found [0.48,0.48,0.48], wanted [0.5, 0.5, 0.5]",
                    assertThrows(ConfigException.class, () -> PreprocessorConfig.require(folder, TOWER)).getMessage());
        }
    }
}
