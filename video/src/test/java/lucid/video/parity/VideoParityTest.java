package lucid.video.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.video.parity.VideoParity.Row;
import lucid.video.parity.VideoParity.TensorData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoParityTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    /// Every row of every case equals the original's, and none is left out.
    @ParameterizedTest
    @CsvSource({"preprocess/resize_u8, 76", "preprocess/siglip_pixels, 36", "preprocess/video_frames, 21", "frames/sampling.json, 169",
            "clips/frames.json, 162"})
    void everyRowIsExact(String name, int rows) throws IOException {
        Path path = GOLDEN.resolve(name);
        assertTrue(VideoParity.handles(path));
        List<Row> all = VideoParity.run(path, VideoParityTest::safetensors, null);
        assertEquals(List.of(), all.stream().filter(r -> !r.ok()).toList());
        assertEquals(rows, all.size());
    }

    /// The clips of `decode` are not part of the project: where they lie beside it they are decoded, elsewhere every row says that they are missing.
    /// Those of `clips` are, and are found whatever folder is given.
    @Test void clipsThatAreNotThereAreFailuresNotSilence(@TempDir Path nothing) throws IOException {
        List<Row> rows = VideoParity.run(GOLDEN.resolve("decode/frames.json"), VideoParityTest::safetensors, nothing);
        assertEquals(4, rows.size());
        rows.forEach(r -> assertTrue(!r.ok() && r.detail().contains("no such file"), r.toString()));
        assertEquals(162, VideoParity.run(GOLDEN.resolve("clips/frames.json"), VideoParityTest::safetensors, nothing).stream()
                .filter(Row::ok).count());
    }

    /// One frame's hash in a copy of the table of clips: of its bytes, then of the resized picture.
    @ParameterizedTest
    @CsvSource({"rgb_sha256, rgb", "bicubic384_sha256, 384x384"})
    void aChangedFrameIsSeen(String field, String row, @TempDir Path dir) throws IOException {
        ObjectNode table = (ObjectNode) new ObjectMapper().readTree(GOLDEN.resolve("clips/frames.json").toFile());
        JsonNode third = table.at("/cases/2");
        assertEquals("turned.mov", third.get("clip").asText());
        ObjectNode frame = (ObjectNode) third.at("/frames/5");
        frame.set(field, third.at("/frames/4").get(field));
        Path changed = Files.writeString(dir.resolve("t.json"), table.toString());
        List<Row> bad = VideoParity.run(changed, VideoParityTest::safetensors, GOLDEN.resolveSibling("media")).stream().filter(r -> !r.ok()).toList();
        assertEquals(List.of("turned.mov x16 frame 6 " + row), bad.stream().map(Row::name).toList());
    }

    @Test void aChangedNumberIsSeen(@TempDir Path dir) throws IOException {
        String table = Files.readString(GOLDEN.resolve("frames/sampling.json")).replaceFirst("\\[2,16,\\[0,", "[2,16,[1,");
        Path changed = Files.writeString(dir.resolve("t.json"), table);
        List<Row> bad = VideoParity.run(changed, VideoParityTest::safetensors, null).stream().filter(r -> !r.ok()).toList();
        assertEquals(1, bad.size());
        assertEquals("uniform 2 16", bad.getFirst().name());
    }

    @Test void otherContentIsNotTakenForAFamily(@TempDir Path dir) throws IOException {
        Path other = Files.writeString(dir.resolve("t.json"), "{\"rows\": []}");
        assertFalse(VideoParity.handles(other));
        assertThrows(IllegalArgumentException.class, () -> VideoParity.run(other, VideoParityTest::safetensors, null));
    }

    private static Map<String, TensorData> safetensors(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[(int) all.getLong()];
        all.get(header);
        Map<String, TensorData> out = new HashMap<>();
        JsonNode json = new ObjectMapper().readTree(header);
        json.properties().forEach(e -> {
            if (e.getKey().equals("__metadata__")) return;
            JsonNode offsets = e.getValue().get("data_offsets");
            int from = 8 + header.length + offsets.get(0).asInt();
            long[] shape = new long[e.getValue().get("shape").size()];
            for (int i = 0; i < shape.length; i++) shape[i] = e.getValue().get("shape").get(i).asLong();
            out.put(e.getKey(), new TensorData(e.getValue().get("dtype").asText(), shape,
                    all.slice(from, 8 + header.length + offsets.get(1).asInt() - from)));
        });
        return out;
    }
}
