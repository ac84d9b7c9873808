package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir Path folder;

    @Test void largeFilesBeginTheirDataOnAPage() throws Exception {
        Path path = folder.resolve("pages.safetensors");
        new SafetensorsWriter().add("a", new float[3], 3).add("w", new float[1 << 18], 1 << 18).write(path);
        byte[] bytes = Files.readAllBytes(path);
        long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertEquals(0, (8 + header) % 4096);
        assertEquals(8 + header + (4 << 18) + 12, bytes.length);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(List.of("w", "a"), List.copyOf(file.tensors().keySet()), "whole pages first");
        }
    }

    @Test void whatIsWrittenIsRead() {
        Path path = folder.resolve("a.safetensors");
        writer().write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals("pt", file.metadata().get("format"));
            assertEquals(List.of("ids", "empty", "scalar", "w", "b.bf16"), List.copyOf(file.tensors().keySet()), "larger types first, then names");
            assertArrayEquals(new float[] {1, -2, 3.5f, 4, 5, 6}, file.tensor("w").toFloats());
            assertArrayEquals(new int[] {2, 3}, file.tensor("w").intShape());
            assertArrayEquals(new long[] {-200, Long.MAX_VALUE}, file.tensor("ids").toLongs());
            assertArrayEquals(new float[] {1.5f, -0.25f}, file.tensor("b.bf16").toFloats());
            assertEquals(1, file.tensor("scalar").elements());
            assertEquals(0, file.tensor("empty").elements());
        }
    }

    @Test void equalTensorsGiveEqualFiles() throws IOException {
        writer().write(folder.resolve("a"));
        writer().write(folder.resolve("b"));
        assertArrayEquals(Files.readAllBytes(folder.resolve("a")), Files.readAllBytes(folder.resolve("b")));
        try (var left = Files.list(folder)) {
            assertEquals(2, left.count(), "no temporary file stays");
        }
    }

    private static SafetensorsWriter writer() {
        return new SafetensorsWriter().metadata("format", "pt").add("w", new float[] {1, -2, 3.5f, 4, 5, 6}, 2, 3)
                .add("ids", new long[] {-200, Long.MAX_VALUE}, 2).add("empty", new float[0], 0, 4).add("scalar", new float[] {7})
                .add("b.bf16", StoredType.BF16, new long[] {2}, (from, count, chunk) -> {
                    short[] v = {(short) (Float.floatToIntBits(1.5f) >>> 16), (short) (Float.floatToIntBits(-0.25f) >>> 16)};
                    chunk.asShortBuffer().put(v, (int) from, count);
                });
    }

    @Test void aFailedWriteLeavesTheOldFile() throws IOException {
        Path path = folder.resolve("w.safetensors");
        writer().write(path);
        byte[] before = Files.readAllBytes(path);
        SafetensorsWriter broken = new SafetensorsWriter().add("x", StoredType.F32, new long[] {4},
                (_, _, _) -> { throw new IllegalStateException("source"); });
        assertThrows(IllegalStateException.class, () -> broken.write(path));
        assertArrayEquals(before, Files.readAllBytes(path));
        Path impossible = path.resolve("below-a-file");
        assertTrue(assertThrows(UncheckedIOException.class, () -> writer().write(impossible)).getMessage().contains("below-a-file"));
    }

    /// Header, number of data bytes, what the message must name.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}} | 12 | overlaps
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}} | 16 | hole
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | 4 | truncated
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | 9 | 1 bytes belong to no tensor
            {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} | 8 | found 8 bytes, wanted 12
            {"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}} | 8 | dtype "F31"
            {"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}} | 8 | whole numbers >= 0
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}} | 8 | two ascending numbers
            {"a":{"dtype":"F32","shape":[2]}} | 8 | data_offsets
            {"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}} | 8 | overflows
            {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}} | 2 | named twice
            [1] | 0 | not a JSON object
            {"a" | 0 | not sound JSON
            """)
    void damageIsNamed(String header, int data, String message) throws IOException {
        Path path = file(header.getBytes(StandardCharsets.UTF_8), header.getBytes(StandardCharsets.UTF_8).length, data);
        var e = assertThrows(WeightFileException.class, () -> SafetensorsFile.open(path));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertTrue(e.getMessage().contains("bad.safetensors"), e.getMessage());
    }

    @Test void headerLengthIsBounded() throws IOException {
        for (long length : new long[] {-1, 0, 3, Long.MAX_VALUE, 200_000_000}) {
            Path path = file("{}".getBytes(StandardCharsets.UTF_8), length, 0);
            assertTrue(assertThrows(WeightFileException.class, () -> SafetensorsFile.open(path)).getMessage().contains("header length"));
        }
        Files.write(folder.resolve("short"), new byte[3]);
        assertThrows(WeightFileException.class, () -> SafetensorsFile.open(folder.resolve("short")));
        assertThrows(UncheckedIOException.class, () -> SafetensorsFile.open(folder.resolve("absent")));
    }

    @ParameterizedTest @ValueSource(strings = {WeightFiles.SINGLE, WeightFiles.TORCH_SINGLE})
    void aGitLfsPointerIsNamed(String name) throws IOException {
        Path path = folder.resolve(name);
        Files.writeString(path, "version https://git-lfs.github.com/spec/v1\noid "
                + "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n");
        String message = assertThrows(WeightFileException.class, () -> WeightFiles.open(folder)).getMessage();
        assertTrue(message.startsWith(path + ": found a Git LFS pointer") && message.contains("not fetched") && message.contains("git lfs pull"),
                message);
    }

    @Test void noMetadataMayBeSaidAsNull() throws IOException {
        byte[] header = "{\"__metadata__\":null,\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}".getBytes(StandardCharsets.UTF_8);
        try (SafetensorsFile file = SafetensorsFile.open(file(header, header.length, 4))) {
            assertEquals(Set.of("a"), file.tensors().keySet());
        }
    }

    private Path file(byte[] header, long length, int data) throws IOException {
        Path path = folder.resolve("bad.safetensors");
        Files.write(path, ByteBuffer.allocate(8 + header.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(header).array());
        return path;
    }

    @Test void shardsAreOneSetOfNames() throws IOException {
        new SafetensorsWriter().add("a", new float[] {1}, 1).write(folder.resolve("model-1.safetensors"));
        new SafetensorsWriter().add("b", new float[] {2}, 1).write(folder.resolve("model-2.safetensors"));
        index("{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}");
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(2f, files.tensor("b").toFloats()[0]);
            assertFalse(files.has("c"));
            assertThrows(WeightFileException.class, () -> files.tensor("c"));
        }
        // The sum is nobody's to rely on: one that is wrong is told and no more.
        for (String total : List.of("8", "8.0", "9", "4", "-1", "1e999", "\"8\"", "{}")) {
            index("{\"metadata\":{\"total_size\":" + total + "},\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}");
            try (WeightFiles files = WeightFiles.open(folder)) {
                assertEquals(2, files.tensors().size());
                if (total.startsWith("8")) assertEquals(List.of(), files.notes());
                else assertTrue(files.notes().size() == 1 && files.notes().getFirst().contains("index.json: metadata.total_size: found ")
                        && files.notes().getFirst().endsWith("wanted 8, the bytes of its tensors"), files.notes().toString());
            }
        }
        index("{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\"}}");
        assertThrows(WeightFileException.class, () -> WeightFiles.open(folder));
        index("{\"weight_map\":{\"a\":\"../model-1.safetensors\"}}");
        assertTrue(assertThrows(WeightFileException.class, () -> WeightFiles.open(folder)).getMessage().contains("plain file name"));
        index("{\"weight_map\":{\"a\":\"model-3.safetensors\"}}");
        assertTrue(assertThrows(WeightFileException.class, () -> WeightFiles.open(folder)).getMessage().contains("not there"));
        Files.delete(folder.resolve(WeightFiles.INDEX));
        assertTrue(assertThrows(WeightFileException.class, () -> WeightFiles.open(folder)).getMessage().contains("neither"));
    }

    /// As two `save_pretrained` into one folder leave it, with another `max_shard_size` or `safe_serialization`: transformers' order.
    @Test void oneFileGoesBeforeAnIndexAndSafetensorsBeforePyTorch() throws IOException {
        new SafetensorsWriter().add("a", new float[] {1}, 1).write(folder.resolve("model-1.safetensors"));
        index("{\"weight_map\":{\"a\":\"model-1.safetensors\"}}");
        Files.writeString(folder.resolve(WeightFiles.TORCH_SINGLE), "left behind");
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(1f, files.tensor("a").toFloats()[0]);
            assertEquals(List.of(folder.resolve(WeightFiles.TORCH_SINGLE)
                    + ": not read, as model.safetensors.index.json lies beside it and goes first, as in transformers"), files.notes());
        }
        new SafetensorsWriter().add("a", new float[] {2}, 1).write(folder.resolve(WeightFiles.SINGLE));
        Files.delete(folder.resolve("model-1.safetensors"));
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(2f, files.tensor("a").toFloats()[0]);
            assertEquals(2, files.notes().size());
            assertTrue(files.notes().getFirst().startsWith(folder.resolve(WeightFiles.INDEX) + ": not read, as model.safetensors lies beside it"),
                    files.notes().toString());
        }
    }

    private void index(String json) throws IOException { Files.writeString(folder.resolve(WeightFiles.INDEX), json); }
}
