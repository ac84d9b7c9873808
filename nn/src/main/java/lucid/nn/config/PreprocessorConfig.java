package lucid.nn.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;

/// The `preprocessor_config.json` beside a checkpoint that sees, or what stands in the `processor_config.json` of transformers 5 instead: how
/// pictures were prepared for its tower. Lucid prepares them in one way, SigLIP's (`SiglipImageProcessor`), so the file is not followed but checked:
/// a tower that is shown other numbers than it learned from answers wrongly without a word.
public final class PreprocessorConfig {
    public static final String FILE = "preprocessor_config.json";
    /// Where transformers 5 writes the same, under `image_processor`, beside what belongs to text and videos.
    public static final String PROCESSOR = "processor_config.json";
    private static final String PICTURES = "image_processor";
    private static final double CENTRE = 0.5;
    // Pillow's number for it.
    private static final int BICUBIC = 3;
    private static final double RESCALE = 1 / 255.0;
    /// Files hold 1/255 with more or fewer digits; a difference below f32's is none.
    private static final double SAME = 1e-6;

    private PreprocessorConfig() {}

    /// Refuses a folder of whose files one asks for another preparation than Lucid's. No file, or a key that it leaves out, is fine.
    ///
    /// @param vision of the tower, whose `image_size` the pictures must have
    /// @throws ConfigException names file, key, what was found and what was wanted
    public static void require(Path folder, SiglipVisionConfig vision) {
        if (Files.exists(folder.resolve(FILE))) require(ConfigReader.open(folder.resolve(FILE)), vision);
        if (!Files.exists(folder.resolve(PROCESSOR))) return;
        ConfigReader processor = ConfigReader.open(folder.resolve(PROCESSOR));
        if (processor.has(PICTURES)) require(processor.child(PICTURES), vision);
    }

    private static void require(ConfigReader r, SiglipVisionConfig vision) {
        for (String step : new String[] {"do_resize", "do_rescale", "do_normalize"}) if (!r.flag(step, true)) throw r.bad(step, "true");
        if (r.flag("do_center_crop", false)) throw r.bad("do_center_crop", "false: SigLIP's pictures are resized, not cropped");
        if (r.integer("resample", BICUBIC) != BICUBIC) throw r.bad("resample", BICUBIC + " (bicubic)");
        if (Math.abs(r.number("rescale_factor", RESCALE) / RESCALE - 1) > SAME) throw r.bad("rescale_factor", RESCALE + " (1/255)");
        for (String key : new String[] {"image_mean", "image_std"}) {
            if (r.has(key) && !isCentre(r.node().get(key))) throw r.bad(key, "[" + CENTRE + ", " + CENTRE + ", " + CENTRE + "]");
        }
        if (r.has("size") && !isSize(r.node().get("size"), vision.imageSize()))
            throw r.bad("size", vision.imageSize() + " x " + vision.imageSize() + ", the tower's image_size");
    }

    /// One number for every channel, or the same one three times.
    private static boolean isCentre(JsonNode value) {
        if (!value.isArray()) return value.isNumber() && value.asDouble() == CENTRE;
        return value.size() == 3 && StreamSupport.stream(value.spliterator(), false).allMatch(v -> v.isNumber() && v.asDouble() == CENTRE);
    }

    /// `{"height": n, "width": n}`, `{"shortest_edge": n}`, or n.
    private static boolean isSize(JsonNode value, int side) {
        if (!value.isObject()) return isSide(value, side);
        boolean whole = value.hasNonNull("height") && value.hasNonNull("width") || value.hasNonNull("shortest_edge");
        return whole && StreamSupport.stream(value.spliterator(), false).allMatch(v -> v.isNull() || isSide(v, side));
    }

    private static boolean isSide(JsonNode value, int side) { return value.isIntegralNumber() && value.asLong() == side; }
}
