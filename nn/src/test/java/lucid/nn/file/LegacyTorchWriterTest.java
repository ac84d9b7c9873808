package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lucid.nn.file.pickle.Pickler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LegacyTorchWriterTest {
    private static final Path FILES = Path.of("src/test/resources/torch");
    @TempDir Path folder;

    /// `legacy.bin` has every type, views of a shared storage (which become storages of their own), a scalar and an empty tensor;
    /// `ordered_legacy.bin` ranks 0 to 5.
    @ParameterizedTest
    @CsvSource({"legacy.bin, 1", "legacy.bin, 3", "ordered_legacy.bin, 1", "zip.bin, 2", "state_dict.bin, 1"})
    void everyTensorComesBackBitForBit(String name, int threads) {
        Path file = folder.resolve("out.bin");
        try (WeightFile source = WeightFile.open(FILES.resolve(name))) {
            LegacyTorchWriter.write(file, tensors(source), threads);
            try (WeightFile back = TorchFile.open(file)) {
                assertEquals(source.tensors().keySet().stream().sorted().toList(), List.copyOf(back.tensors().keySet()));
                for (StoredTensor t : source.tensors().values()) {
                    assertEquals(t.type(), back.tensor(t.name()).type());
                    assertArrayEquals(t.shape(), back.tensor(t.name()).shape());
                    assertEquals(-1, t.data().mismatch(back.tensor(t.name()).data()), t.name());
                }
            }
        }
    }

    /// The storages: after the five pickles, in the order of the keys, each behind its number of elements.
    @Test void theLayoutOfTheStorages() throws IOException {
        Path file = folder.resolve("out.bin");
        List<NewTensor> tensors = new ArrayList<>();
        for (int i = 11; i >= 0; i--) tensors.add(counted(String.format("t%02d", i), i));
        LegacyTorchWriter.write(file, tensors, 1);
        byte[] all = Files.readAllBytes(file);
        assertArrayEquals(Pickler.legacyHead(), Arrays.copyOf(all, Pickler.legacyHead().length));
        ByteBuffer end = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).position(all.length - 12 * 8 - 66 * 4);
        assertEquals("e.", new String(all, end.position() - 2, 2));
        for (int i = 0; i < 12; i++) {
            assertEquals(i, end.getLong());
            for (int j = 0; j < i; j++) assertEquals(j, end.getFloat());
        }
    }

    @Test void equalTensorsGiveEqualFiles() throws IOException {
        LegacyTorchWriter.write(folder.resolve("1.bin"), List.of(counted("a", 3), counted("b", 300_000)), 1);
        LegacyTorchWriter.write(folder.resolve("2.bin"), List.of(counted("b", 300_000), counted("a", 3)), 2);
        assertEquals(-1, Files.mismatch(folder.resolve("1.bin"), folder.resolve("2.bin")));
    }

    @Test void whatIsCutOffIsRefused() throws IOException {
        Path file = folder.resolve("out.bin");
        LegacyTorchWriter.write(file, List.of(counted("a", 3), counted("b", 2)), 1);
        byte[] all = Files.readAllBytes(file);
        for (int n = 0; n < all.length; n++) {
            Files.write(file, Arrays.copyOf(all, n));
            TorchFileTest.refused(file, "out.bin");
        }
    }

    @Test void whatFailsLeavesNothing() throws IOException {
        Path file = folder.resolve("u.bin");
        var e = assertThrows(WeightFileException.class, () -> LegacyTorchWriter.write(file,
                List.of(new NewTensor("ids", StoredType.U16, new long[] {1}, (_, _, _) -> {})), 1));
        assertTrue(e.getMessage().contains("\"ids\"") && e.getMessage().contains("U16") && e.getMessage().contains("safetensors"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> LegacyTorchWriter.write(file, List.of(counted("a", 1), counted("a", 1)), 1));
        // The source breaks off half-way, as a damaged or unmapped file does.
        NewTensor broken = new NewTensor("broken", StoredType.F32, new long[] {1_000_000}, (from, _, _) -> {
            if (from > 0) throw new UncheckedIOException(new IOException("gone"));
        });
        assertThrows(UncheckedIOException.class, () -> LegacyTorchWriter.write(file, List.of(counted("a", 5), broken), 1));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
        assertFalse(Files.exists(file));
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
