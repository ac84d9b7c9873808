package lucid.nn.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import lucid.nn.config.ConfigException;
import lucid.nn.config.TinyLlavaConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Damaged files: each is refused with a message, or what is accepted keeps the format's invariants. A case is its seed: a failure names it.
class FormatFuzzTest {
    private static final Path TORCH = Path.of("src/test/resources/torch");
    private static final Path CONFIG = Path.of("src/test/resources/golden/tinyllava_video/batch_padded/model/config.json");
    private static final long MAX_ALLOCATED = 512L << 20;
    private static final long MAX_NANOS = 5_000_000_000L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private enum Kind { SAFETENSORS, ZIP, ZIP_4, STATE_DICT, LEGACY, INDEX, CONFIG }

    @TempDir Path folder;
    private final Map<Kind, byte[]> seeds = new HashMap<>();

    @BeforeEach void seeds() throws IOException {
        Path weights = folder.resolve("model-1.safetensors");
        new SafetensorsWriter().metadata("format", "pt").add("a.weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3).add("ids", new long[] {1, 2}, 2)
                .add("none", new float[0], 0, 3)
                .add("b", StoredType.BF16, new long[] {4}, (_, count, chunk) -> chunk.put(new byte[2 * count])).write(weights);
        seeds.put(Kind.SAFETENSORS, Files.readAllBytes(weights));
        seeds.put(Kind.ZIP, Files.readAllBytes(TORCH.resolve("zip.bin")));
        seeds.put(Kind.ZIP_4, Files.readAllBytes(TORCH.resolve("zip_protocol_4.bin")));
        seeds.put(Kind.STATE_DICT, Files.readAllBytes(TORCH.resolve("state_dict.bin")));
        seeds.put(Kind.LEGACY, Files.readAllBytes(TORCH.resolve("legacy.bin")));
        String index = "{\"metadata\": {\"total_size\": 48}, \"weight_map\": {\"a.weight\": \"model-1.safetensors\", \"ids\": "
                + "\"model-1.safetensors\", \"none\": \"model-1.safetensors\", \"b\": \"model-1.safetensors\"}}";
        seeds.put(Kind.INDEX, index.getBytes(StandardCharsets.UTF_8));
        seeds.put(Kind.CONFIG, Files.readAllBytes(CONFIG));
    }

    @Test void undamagedFilesAreAccepted() throws IOException {
        for (Kind kind : Kind.values()) assertTrue(accepts(kind, seeds.get(kind)), kind.toString());
    }

    @Test void twoThousandDamagedFiles() throws IOException { sweep(0, 2_000); }

    @Tag("slow")
    @Test void tenThousandDamagedFiles() throws IOException { sweep(2_000, 12_000); }

    private void sweep(long from, long to) throws IOException {
        int refused = 0;
        for (long seed = from; seed < to; seed++) if (!run(seed)) refused++;
        assertTrue(refused > (to - from) / 2, "only " + refused + " were refused: does the mutator damage anything?");
    }

    /// False if the damaged file was refused as it should be.
    private boolean run(long seed) throws IOException {
        Kind kind = Kind.values()[(int) (seed % Kind.values().length)];
        byte[] damaged = new Mutator(seed).mutate(seeds.get(kind));
        long nanos = THREADS.getCurrentThreadCpuTime();
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        try {
            return accepts(kind, damaged);
        } catch (WeightFileException | ConfigException e) {
            assertTrue(e.getMessage() != null && e.getMessage().contains(folder.toString()),
                    "seed " + seed + " " + kind + ": the message names no file: " + e.getMessage());
            return false;
        } catch (RuntimeException | AssertionError | StackOverflowError | OutOfMemoryError e) {
            return fail("seed " + seed + " " + kind + ": " + e, e);
        } finally {
            assertTrue(THREADS.getCurrentThreadAllocatedBytes() - allocated < MAX_ALLOCATED, "seed " + seed + " " + kind + ": memory");
            assertTrue(THREADS.getCurrentThreadCpuTime() - nanos < MAX_NANOS, "seed " + seed + " " + kind + ": time");
        }
    }

    /// Reads the file, and checks of what is accepted all that can be known about it.
    private boolean accepts(Kind kind, byte[] bytes) throws IOException {
        switch (kind) {
            case CONFIG -> {
                Files.write(folder.resolve("config.json"), bytes);
                TinyLlavaConfig config = TinyLlavaConfig.read(folder);
                assertEquals(config, TinyLlavaConfig.parse(folder.toString(), config.toJson()));
            }
            case INDEX -> {
                Files.write(folder.resolve(WeightFiles.INDEX), bytes);
                try (WeightFiles files = WeightFiles.open(folder);
                        SafetensorsFile shard = SafetensorsFile.open(folder.resolve("model-1.safetensors"))) {
                    assertEquals(shard.tensors().keySet(), files.tensors().keySet(), "an index may not lose or invent a tensor");
                }
            }
            default -> acceptsWeights(kind, bytes);
        }
        return true;
    }

    private void acceptsWeights(Kind kind, byte[] bytes) throws IOException {
        Path path = folder.resolve("damaged");
        Files.write(path, bytes);
        try (WeightFile file = WeightFile.open(path)) {
            long sum = 0;
            for (StoredTensor t : file.tensors().values()) {
                assertEquals(t.elements() * t.type().bytes(), t.data().byteSize(), t.name());
                for (long i = 0; i < t.elements(); i++) t.value(i);
                sum += t.data().byteSize();
            }
            if (kind == Kind.SAFETENSORS) {
                assertEquals(bytes.length, 8 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() + sum,
                        "every byte belongs to one tensor");
            } else {
                assertEquals(seeds.get(kind).length, bytes.length, "nothing can be cut out or put in unnoticed");
            }
            if (kind != Kind.SAFETENSORS && kind != Kind.LEGACY) sameStructure(kind, file);
        }
    }

    // The pickle in a zip has a checksum.
    private void sameStructure(Kind kind, WeightFile file) throws IOException {
        Path original = folder.resolve("original");
        Files.write(original, seeds.get(kind));
        try (WeightFile wanted = WeightFile.open(original)) {
            assertEquals(wanted.tensors().keySet(), file.tensors().keySet());
            for (StoredTensor t : wanted.tensors().values()) {
                assertEquals(t.type(), file.tensor(t.name()).type());
                assertArrayEquals(t.shape(), file.tensor(t.name()).shape());
            }
        }
    }

    /// A safetensors header of 640 bytes starts like a pickle (80 02).
    @ParameterizedTest
    @ValueSource(ints = {640, 896, 0x4B50, 0x4163, 0x4128})
    void headerLengthsThatLookLikePickles(int length) throws IOException {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
        byte[] text = (header + " ".repeat(length - header.length())).getBytes(StandardCharsets.UTF_8);
        Path path = folder.resolve("x");
        Files.write(path, ByteBuffer.allocate(9 + length).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text).put((byte) 5).array());
        try (WeightFile file = WeightFile.open(path)) {
            assertEquals(5, file.tensor("a").value(0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "{\"a\":{\"dtype\":\"U8\",\"shape\":[11,",
            "{\"__metadata__\":{\"a\":["})
    void hugeHeadersTakeLittleMemory(String start) throws IOException {
        byte[] header = new byte[30_000_000];
        byte[] unit = (start.endsWith("11,") ? "11," : start.endsWith(":") ? start : "[").getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < header.length; i++) header[i] = unit[i % unit.length];
        System.arraycopy(start.getBytes(StandardCharsets.UTF_8), 0, header, 0, start.length());
        Path path = folder.resolve("huge");
        Files.write(path, ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).array());
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        TorchFileTest.refused(path, "huge");
        assertTrue(THREADS.getCurrentThreadAllocatedBytes() - allocated < 100_000_000);
    }

    /// Found by the sweep (seed 1038): bytes between the zip64 end and its locator were accepted.
    @Test void nothingFitsBeforeTheZip64Locator() throws IOException { assertFalse(run(1038)); }

    /// Found by the sweep (seed 1743): zeros in a header made the JSON parser guess UTF-32.
    @Test void headersAreUtf8() throws IOException { assertFalse(run(1743)); }

    /// Found by the sweep (seed 1980): the JSON parser's refusal of deep nesting has no line.
    @Test void deepNestingInAConfiguration() throws IOException { assertFalse(run(1980)); }

    @Test void oneBitChangedInAPickleIsSeen() throws IOException {
        byte[] zip = seeds.get(Kind.STATE_DICT);
        MemorySegment pickle = StoredZip.read(Path.of("zip"), MemorySegment.ofArray(zip)).get("state_dict/data.pkl").data();
        int from = (int) pickle.address();
        for (int i = from; i < from + pickle.byteSize(); i++) {
            byte[] damaged = zip.clone();
            damaged[i] ^= 0x10;
            Files.write(folder.resolve("flip.bin"), damaged);
            TorchFileTest.refused(folder.resolve("flip.bin"), "flip.bin", "checksum");
        }
    }
}
