package lucid.video.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/// Runs one golden case of the families `preprocess` (a case folder), `decode` or `frames` (a JSON file, perhaps gzipped). Everything in these
/// families is exact.
public final class VideoParity {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// One comparison.
    ///
    /// @param name   tensor or row
    /// @param ok     equal
    /// @param detail what was compared, or where the first difference is
    public record Row(String name, boolean ok, String detail) {}

    /// A tensor as stored.
    ///
    /// @param dtype safetensors name: `U8`, `F32`, `I64`
    /// @param data  little-endian elements, from position 0 to the limit
    public record TensorData(String dtype, long[] shape, ByteBuffer data) {
        public TensorData { data = data.duplicate().order(ByteOrder.LITTLE_ENDIAN).rewind(); }

        byte[] bytes() {
            byte[] out = new byte[data.limit()];
            data.duplicate().get(out);
            return out;
        }
    }

    /// Reads all tensors of a safetensors file.
    @FunctionalInterface
    public interface TensorReader {
        Map<String, TensorData> read(Path file) throws IOException;
    }

    private VideoParity() {}

    /// Whether a case folder or table file belongs to one of the families here, by its content.
    public static boolean handles(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            Path file = path.resolve("case.json");
            return Files.isRegularFile(file) && json(file).path("kind").asText().startsWith("preprocess.");
        }
        return Files.isRegularFile(path) && (isDecode(json(path)) || isFrames(json(path)));
    }

    /// Runs a case.
    ///
    /// @param path    case folder, or table file
    /// @param tensors reads the case's safetensors files
    /// @param media   folder of the clips of a `decode` table that are not in `../../media` beside it; null where there is none
    /// @throws IllegalArgumentException the content belongs to no family here
    public static List<Row> run(Path path, TensorReader tensors, Path media) throws IOException {
        if (Files.isDirectory(path)) return PreprocessCase.run(path, json(path.resolve("case.json")), tensors);
        JsonNode table = json(path);
        if (isDecode(table)) return TableCases.decode(table, clip -> file(path, clip, media));
        if (isFrames(table)) return TableCases.frames(table);
        throw new IllegalArgumentException(path + ": neither a decode table (cases with clip and frames) nor a sampling table (uniform, "
                + "one_per_second, ...)");
    }

    /// The clips of a `decode` table that are not in `../../media` beside it; none for any other case.
    public static List<Path> missingClips(Path path) throws IOException {
        JsonNode table = Files.isDirectory(path) ? MissingNode.getInstance() : json(path);
        if (!isDecode(table)) return List.of();
        return table.required("cases").findValuesAsText("clip").stream().map(clip -> file(path, clip, null)).filter(p -> !Files.exists(p)).toList();
    }

    private static Path file(Path table, String clip, Path media) {
        Path beside = table.toAbsolutePath().getParent().resolve("../../media").normalize().resolve(clip);
        return media == null || Files.exists(beside) ? beside : media.resolve(clip);
    }

    private static boolean isDecode(JsonNode t) { return t.path("cases").path(0).has("clip") && t.path("cases").path(0).has("frames_total"); }

    private static boolean isFrames(JsonNode t) { return t.has("uniform") && t.has("one_per_second"); }

    private static JsonNode json(Path file) throws IOException {
        try (InputStream raw = Files.newInputStream(file); InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return JSON.readTree(in);
        }
    }
}
