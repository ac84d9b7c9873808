package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import lucid.nn.disk.AtomicFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchWriterTest {
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(longs = {0xFFFFFFFFL, 200, 4, 1})
    void everyTypeComesBack(long full) throws IOException {
        Path file = folder.resolve("out.bin");
        try (WeightFile source = WeightFile.open(Path.of("src/test/resources/torch/zip.bin"))) {
            TorchWriter.write(file, tensors(source), full);
            try (WeightFile back = TorchFile.open(file)) {
                assertEquals(source.tensors().keySet().stream().sorted().toList(), List.copyOf(back.tensors().keySet()));
                for (StoredTensor t : source.tensors().values()) {
                    assertEquals(t.type(), back.tensor(t.name()).type());
                    assertArrayEquals(t.shape(), back.tensor(t.name()).shape());
                    assertEquals(-1, t.data().mismatch(back.tensor(t.name()).data()), t.name());
                    if (t.elements() > 0) assertEquals(0, back.tensor(t.name()).data().address() % 64, "mapped aligned");
                }
            }
        }
        // A second reader: the JDK's own, which checks the checksums too.
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<String> names = Collections.list(zip.entries()).stream().map(ZipEntry::getName).toList();
            assertEquals(List.of("archive/data.pkl", "archive/byteorder", "archive/data/0"), names.subList(0, 3));
            assertEquals("archive/version", names.getLast());
            for (String name : names) zip.getInputStream(zip.getEntry(name)).readAllBytes();
            assertEquals("3\n", new String(zip.getInputStream(zip.getEntry("archive/version")).readAllBytes()));
        }
    }

    @ParameterizedTest @EnumSource(names = {"BIN", "BIN_LEGACY"}) void tensorsAreStreamed(WeightFormat format) throws IOException {
        int elements = 5_000_001;
        int[] largest = {0};
        NewTensor large = new NewTensor("large", StoredType.F32, new long[] {elements}, (from, count, chunk) -> {
            largest[0] = Math.max(largest[0], chunk.remaining());
            for (long i = from; i < from + count; i++) chunk.putFloat(i);
        });
        format.writeSingle(folder, List.of(large), 1);
        assertEquals(PieceWriter.BYTES, largest[0]);
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(elements - 1, files.tensor("large").value(elements - 1));
            assertEquals(1 << 18, files.tensor("large").value(1 << 18));
        }
    }

    @Test void shardsHaveTheNamesThatTransformersGives() throws IOException {
        List<NewTensor> tensors = new ArrayList<>();
        for (String name : List.of("c", "a", "b")) tensors.add(counted(name, 10));
        List<String> names = WeightFormat.BIN.writeShards(folder, tensors, 80, 1);
        assertEquals(List.of("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"), names);
        String index = Files.readString(folder.resolve(WeightFiles.TORCH_INDEX));
        assertTrue(index.contains("\"total_size\" : 120") && index.contains("\"c\" : \"" + names.get(1) + "\""), index);
        try (WeightFiles files = WeightFiles.open(folder)) {
            assertEquals(Map.of("a", 2, "b", 2, "c", 2).keySet(), files.tensors().keySet());
            assertEquals(9, files.tensor("c").value(9));
        }
    }

    @Test void equalTensorsGiveEqualFiles() throws IOException {
        TorchWriter.write(folder.resolve("1.bin"), List.of(counted("a", 3), counted("b", 5)));
        TorchWriter.write(folder.resolve("2.bin"), List.of(counted("b", 5), counted("a", 3)));
        assertEquals(-1, Files.mismatch(folder.resolve("1.bin"), folder.resolve("2.bin")));
    }

    @Test void whatPyTorchCannotHoldIsRefused() {
        Path file = folder.resolve("u.bin");
        var e = assertThrows(WeightFileException.class, () -> TorchWriter.write(file,
                List.of(new NewTensor("ids", StoredType.U16, new long[] {1}, (_, _, _) -> {}))));
        assertTrue(e.getMessage().contains("\"ids\"") && e.getMessage().contains("U16") && e.getMessage().contains("safetensors"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> TorchWriter.write(file, List.of(counted("a", 1), counted("a", 1))));
        assertFalse(Files.exists(file));
    }

    @Test void archivesOfOtherVersionsAndByteOrdersAreRefused() throws IOException {
        Path file = folder.resolve("model.bin");
        changed(file, "version", "11\n");
        TorchFileTest.refused(file, "archive/version", "found version \"11\"", "1 to 10");
        changed(file, "version", "0");
        TorchFileTest.refused(file, "found version \"0\"");
        changed(file, "version", "three");
        TorchFileTest.refused(file, "found version \"three\"");
        changed(file, "version", "3".repeat(17));
        TorchFileTest.refused(file, "archive/version", "17 bytes");
        changed(file, "versions", "3");
        TorchFileTest.refused(file, "archive/versions");
        changed(file, "byteorder", "big");
        TorchFileTest.refused(file, "byte order \"big\"", "wanted little");
        changed(file, null, null);
        TorchFileTest.refused(file, "found no entry \"version\"");
        changed(file, "version", "10");
        WeightFile.open(file).close();
    }

    @Test void floodsOfEntriesAreRefused() throws IOException {
        Path file = folder.resolve("model.bin");
        TorchWriter.write(file, List.of(counted("a", 1)));
        byte[] all = Files.readAllBytes(file);
        ByteBuffer end = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        int locator = all.length - 22 - 20;
        long count = StoredZip.MAX_ENTRIES + 1;
        end.putLong((int) end.getLong(locator + 8) + 24, count).putLong((int) end.getLong(locator + 8) + 32, count)
                .putShort(all.length - 22 + 8, (short) -1).putShort(all.length - 22 + 10, (short) -1);
        Files.write(file, all);
        TorchFileTest.refused(file, "found " + count + " entries");
    }

    /// An archive of an empty state dict with one entry more.
    private static void changed(Path file, String name, String content) {
        AtomicFile.write(file, channel -> {
            StoredZipWriter zip = new StoredZipWriter(channel, 0xFFFFFFFFL);
            zip.add("archive/data.pkl", new byte[] {(byte) 0x80, 2, '}', '.'});
            if (name != null) zip.add("archive/" + name, content.getBytes());
            zip.finish();
        });
    }

    private static NewTensor counted(String name, int n) {
        return new NewTensor(name, StoredType.F32, new long[] {n}, (from, count, chunk) -> {
            for (long i = from; i < from + count; i++) chunk.putFloat(i);
        });
    }

    private static List<NewTensor> tensors(WeightFile file) {
        return file.tensors().values().stream().map(t -> new NewTensor(t.name(), t.type(), t.shape(),
                (from, count, chunk) -> MemorySegment.copy(t.data(), from * t.type().bytes(), MemorySegment.ofBuffer(chunk), 0,
                        (long) count * t.type().bytes()))).toList();
    }
}
