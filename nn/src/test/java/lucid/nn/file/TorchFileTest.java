package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
    private static final Path FILES = Path.of("src/test/resources/torch");
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tinyllava_video/batch_padded");
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"zip.bin", "zip_protocol_4.bin", "legacy.bin"})
    void everyTypeAndView(String name) {
        try (WeightFile file = WeightFile.open(FILES.resolve(name))) {
            for (StoredType type : Set.of(StoredType.F64, StoredType.F32, StoredType.F16, StoredType.BF16, StoredType.I64, StoredType.I32,
                    StoredType.I16, StoredType.I8, StoredType.U8, StoredType.BOOL)) {
                StoredTensor t = file.tensor(type.name().toLowerCase(java.util.Locale.ROOT));
                assertEquals(type, t.type());
                assertArrayEquals(new long[] {2, 3}, t.shape());
                assertArrayEquals(type == StoredType.BOOL ? new float[] {1, 1, 0, 1, 1, 1} : new float[] {2, 1, 0, 1, 2, 3}, t.toFloats(), t.name());
            }
            assertArrayEquals(new float[] {12, 13, 14, 15, 16, 17}, file.tensor("row").toFloats());
            assertArrayEquals(new long[] {6, 4}, file.tensor("transposed").shape());
            assertArrayEquals(new float[] {0, 6, 12, 18, 1, 7}, Arrays.copyOf(file.tensor("transposed").toFloats(), 6));
            assertArrayEquals(new float[] {7, 9, 11, 13, 15, 17}, file.tensor("part").toFloats());
            assertArrayEquals(new long[] {2, 1, 12}, file.tensor("reshaped").shape());
            assertArrayEquals(file.tensor("base").toFloats(), file.tensor("reshaped").toFloats());
            assertEquals(file.tensor("base").data().address(), file.tensor("reshaped").data().address(), "a shared storage is mapped once");
            assertEquals(2.5, file.tensor("scalar").value(0));
            assertArrayEquals(new long[] {0, 7}, file.tensor("empty").shape());
            assertArrayEquals(new float[] {1, -2}, file.tensor("parameter").toFloats());
            assertEquals(18, file.tensors().size());
        }
    }

    @Test void moduleStateDict() {
        try (WeightFile file = TorchFile.open(FILES.resolve("state_dict.bin"))) {
            assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, file.tensor("weight").toFloats());
            assertArrayEquals(new float[] {-1, 1}, file.tensor("bias").toFloats());
        }
    }

    @Test void whatIsNoDictOfTensorsIsRefused() {
        refused(FILES.resolve("checkpoint.bin"), "tensor \"epoch\"", "the number 3", "state dict");
        refused(FILES.resolve("expanded.bin"), "tensor \"wide\"", "1000 elements", "contiguous()");
    }

    @Test void tinyLlavaFoldersGiveTheNamesOfTheWholeModel() {
        try (WeightFiles whole = WeightFiles.open(GOLDEN.resolve("model")); WeightFiles folders = WeightFiles.open(GOLDEN.resolve("model_folders"))) {
            assertEquals(whole.tensors().keySet(), folders.tensors().keySet());
            for (StoredTensor t : whole.tensors().values()) {
                assertArrayEquals(t.shape(), folders.tensor(t.name()).shape());
                assertArrayEquals(t.toFloats(), folders.tensor(t.name()).toFloats(), t.name());
            }
        }
    }

    @Test void shardsOfPickles() throws IOException {
        Files.copy(FILES.resolve("state_dict.bin"), folder.resolve("pytorch_model-00001-of-00002.bin"));
        Files.copy(FILES.resolve("legacy.bin"), folder.resolve("pytorch_model-00002-of-00002.bin"));
        StringBuilder map = new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
        try (WeightFile second = WeightFile.open(FILES.resolve("legacy.bin"))) {
            second.tensors().keySet().forEach(t -> map.append('"').append(t).append("\": \"pytorch_model-00002-of-00002.bin\", "));
        }
        map.append("\"weight\": \"pytorch_model-00001-of-00002.bin\", \"bias\": \"pytorch_model-00001-of-00002.bin\"}}");
        Files.writeString(folder.resolve(WeightFiles.TORCH_INDEX), map);
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(20, files.tensors().size());
            assertArrayEquals(new float[] {-1, 1}, files.tensor("bias").toFloats());
        }
        for (String name : new String[] {"", "/", "..", "a/b", "\\u0000", "c:d"}) {
            Files.writeString(folder.resolve(WeightFiles.TORCH_INDEX), "{\"weight_map\": {\"bias\": \"" + name + "\"}}");
            refused(folder, "plain file name");
        }
        Files.writeString(folder.resolve(WeightFiles.TORCH_INDEX), "{\"weight_map\": {\"bias\": \"x\", \"bias\": \"y\"}}");
        refused(folder, "Duplicate");
        Files.writeString(folder.resolve(WeightFiles.TORCH_INDEX), "{\"weight_map\": {\"bias\": 3}}");
        refused(folder, "name of a shard");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip.bin", "legacy.bin", "state_dict.bin"})
    void everyTruncationIsRefused(String name) throws IOException {
        byte[] all = Files.readAllBytes(FILES.resolve(name));
        Path cut = folder.resolve("cut.bin");
        for (int n = 0; n < all.length; n += n < 200 || n > all.length - 100 ? 1 : 61) {
            Files.write(cut, Arrays.copyOf(all, n));
            refused(cut, "cut.bin");
        }
        Files.write(cut, Arrays.copyOf(all, all.length + 1));
        refused(cut, "cut.bin");
    }

    static void refused(Path path, String... parts) {
        var e = assertThrows(WeightFileException.class, () -> WeightFiles.open(path).close());
        for (String part : parts) assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
