package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ModelKind;
import lucid.nn.config.PreprocessorConfig;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.generate.Generator;
import lucid.nn.layer.DecoderBlock;
import lucid.nn.layer.Linear;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final Path WHOLE = GOLDEN.resolve("tinyllava_video/batch_padded/model");
    private static final Path FOLDERS = GOLDEN.resolve("tinyllava_video/batch_padded/model_folders");

    @TempDir Path temp;

    /// Answers of a model about noise, with their log-probabilities.
    static float[] answer(TinyLlavaVideo model) {
        Device device = model.parameters().device();
        try (Scope scope = Scope.open(device); var _ = Tape.noGrad()) {
            int size = model.config().vision().imageSize();
            byte[] noise = new byte[3 * size * size * 3];
            new java.util.Random(1).nextBytes(noise);
            Tensor features = model.features(scope, Tensor.bytes(scope, noise, 3, size, size, 3));
            Tensor visual = model.visual(scope, features, RowGroups.single(features.shape().rows()));
            PackedBatch prompt = model.batch().sequence(model.splice(new int[] {3, -200, 7}).rows(), 0).build();
            var c = new Generator(model.decoder()).generate(prompt, visual, 1, GenerationSettings.greedy(8, -1), null).getFirst();
            float[] out = Arrays.copyOf(c.logProbs(), 16);
            for (int i = 0; i < 8; i++) out[8 + i] = c.ids()[i];
            return out;
        }
    }

    @Test void threeFoldersAreTheSameModelAsOne() {
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo whole = TinyLlavaVideo.load(device, WHOLE);
                TinyLlavaVideo folders = TinyLlavaVideo.load(device, FOLDERS)) {
            assertEquals(whole.config(), folders.config());
            for (Parameter p : whole.parameters().all())
                assertArrayEquals(p.value().toFloats(), folders.parameters().get(p.name()).value().toFloats(), p.name());
            assertArrayEquals(answer(whole), answer(folders));
        }
    }

    @Test void threeFoldersOfSafetensorsToo() throws IOException {
        Files.copy(FOLDERS.resolve("config.json"), temp.resolve("config.json"));
        for (WeightFiles.Part part : WeightFiles.Part.values()) {
            Path to = Files.createDirectories(temp.resolve(part.folder()));
            try (WeightFiles files = WeightFiles.open(FOLDERS.resolve(part.folder()).resolve(WeightFiles.TORCH_SINGLE))) {
                SafetensorsWriter w = new SafetensorsWriter();
                for (StoredTensor t : files.tensors().values()) w.add(t.name(), t.toFloats(), t.shape());
                w.write(to.resolve(WeightFiles.SINGLE));
            }
        }
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo whole = TinyLlavaVideo.load(device, WHOLE);
                Checkpoint found = Checkpoint.open(device, temp)) {
            assertArrayEquals(answer(whole), answer(found.video().orElseThrow()));
        }
    }

    /// A tower that is shown pictures prepared in another way than it learned from is none.
    @ParameterizedTest @ValueSource(strings = {"tinyllava_video/batch_padded/model|", "tinyllava_video/batch_padded/model_folders|vision_tower",
            "siglip/tiny/model|"})
    void picturesPreparedInAnotherWay(String place) throws IOException {
        String[] parts = place.split("\\|", 2);
        copy(GOLDEN.resolve(parts[0]), _ -> true);
        Path file = temp.resolve(parts[1]).resolve(PreprocessorConfig.FILE);
        try (Device device = Devices.SIMD.open()) {
            Files.writeString(file, "{\"image_mean\": [0.5, 0.5, 0.5]}");
            openAndClose(device);
            Files.writeString(file, "{\"image_mean\": [0.48, 0.46, 0.41]}");
            String message = assertThrows(ConfigException.class, () -> openAndClose(device)).getMessage();
            assertTrue(message.startsWith(file + ": image_mean: found [0.48,0.46,0.41], wanted [0.5, 0.5, 0.5]"), message);
            assertEquals(0, device.liveBytes());
        }
    }

    private void openAndClose(Device device) {
        if (ModelKind.read(temp) == ModelKind.TINYLLAVA) {
            Checkpoint.open(device, temp).close();
            return;
        }
        try (WeightFiles files = WeightFiles.open(temp); var _ = SiglipVision.load(device, temp, files, WeightSource.Precision.F32).parameters()) {
            assertTrue(device.liveBytes() > 0);
        }
    }

    private void copy(Path from, Predicate<Path> which) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path f : files.filter(Files::isRegularFile).filter(which).toList()) {
                Path to = temp.resolve(from.relativize(f).toString());
                Files.createDirectories(to.getParent());
                Files.copy(f, to);
            }
        }
    }

    @Test void aMissingFolderIsNamed() throws IOException {
        copy(FOLDERS, f -> !f.toString().contains("connector"));
        try (Device device = Devices.SIMD.open()) {
            String message = assertThrows(WeightFileException.class, () -> Checkpoint.open(device, temp)).getMessage();
            assertTrue(message.contains("connector/"), message);
            assertEquals(0, device.liveBytes());
        }
    }

    /// Weights are read where the file is mapped: the device holds none of them. The bits of an answer do not depend on that.
    @ParameterizedTest @ValueSource(strings = {"tinyllava_video/batch_padded/model", "tinyllava_video/batch_padded/model_folders",
            "tinyllava_video/one_video_bf16/model"})
    void weightsStayInTheirFiles(String name) {
        Path folder = GOLDEN.resolve(name);
        try (Device device = Devices.SIMD.open(); Checkpoint mapped = Checkpoint.open(device, folder); WeightFiles files = WeightFiles.open(folder)) {
            TinyLlavaVideo model = mapped.video().orElseThrow();
            long copied = 0;
            for (Parameter p : model.parameters().all()) {
                boolean narrow = files.tensor(p.name()).type() != StoredType.F32;
                if (p.value().dtype() == DType.F32 && narrow) copied += p.shape().size() * 4L;
            }
            long constants = 4L * model.visualTokens() * model.config().text().hiddenSize();
            assertEquals(copied + constants, device.liveBytes(), "only what must be f32 is copied");
            try (TinyLlavaVideo copy = TinyLlavaVideo.load(device, folder)) {
                assertArrayEquals(answer(copy), answer(model));
            }
            String message = assertThrows(IllegalStateException.class, () -> model.parameters().train(n -> n.endsWith("norm.weight"))).getMessage();
            assertTrue(message.contains("Precision.F32"), message);
        }
    }

    /// While weights are being packed, and when all are, answers are the same; closing the checkpoint frees them.
    @ParameterizedTest @ValueSource(strings = {"tinyllava_video/batch_padded/model", "tinyllava_video/one_video_bf16/model"})
    void packedWeightsAnswerAlike(String name) {
        Path folder = GOLDEN.resolve(name);
        try (Device device = Devices.SIMD.open(); Checkpoint mapped = Checkpoint.open(device, folder)) {
            float[] wanted = answer(mapped.video().orElseThrow());
            long before = device.liveBytes();
            try (Checkpoint packed = Checkpoint.open(device, folder, null, WeightOrder.PACKED)) {
                long opened = device.liveBytes();
                for (int i = 0; i < 10; i++) assertArrayEquals(wanted, answer(packed.video().orElseThrow()));
                long copied = device.liveBytes();
                long decoder = packed.decoder().blocks().stream().flatMap(DecoderBlock::linears).map(Linear::weight)
                        .mapToLong(w -> w.shape().size() * w.dtype().bytes()).sum();
                assertTrue(copied - opened >= decoder, copied - opened + " bytes copied of " + decoder);
                assertArrayEquals(wanted, answer(packed.video().orElseThrow()));
                assertEquals(copied, device.liveBytes(), "copied once");
            }
            assertEquals(before, device.liveBytes());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void halfPrecisionFilesAnswerToo(Devices which) throws IOException {
        try (Device device = which.open(); TinyLlavaVideo toy = Toy.model(device, 3)) {
            toy.config().write(temp);
            SafetensorsWriter half = new SafetensorsWriter();
            SafetensorsWriter full = new SafetensorsWriter();
            for (Parameter p : toy.parameters().all()) {
                float[] values = p.value().toFloats();
                short[] bits = new short[values.length];
                for (int i = 0; i < bits.length; i++) {
                    bits[i] = Float.floatToFloat16(values[i]);
                    values[i] = Float.float16ToFloat(bits[i]);
                }
                long[] shape = Arrays.stream(p.shape().dims()).asLongStream().toArray();
                half.add(p.name(), StoredType.F16, shape, (from, count, chunk) -> chunk.order(java.nio.ByteOrder.LITTLE_ENDIAN).asShortBuffer()
                        .put(bits, Math.toIntExact(from), count));
                full.add(p.name(), values, shape);
            }
            half.write(temp.resolve(WeightFiles.SINGLE));
            float[] found;
            try (Checkpoint c = Checkpoint.open(device, temp)) {
                assertEquals(DType.F16, c.decoder().embedTokens().dtype());
                found = answer(c.video().orElseThrow());
            }
            full.write(temp.resolve(WeightFiles.SINGLE));
            try (Checkpoint c = Checkpoint.open(device, temp)) {
                which.assertSame(answer(c.video().orElseThrow()), found, "f16 and the same numbers in f32");
            }
        }
    }

    /// A few frames go through the tower at a time; the bits are those of all at once.
    @ParameterizedTest @EnumSource(Devices.class)
    void manyFramesTakeLittleMemory(Devices which) {
        int n = 2800;
        try (Device device = which.open(); TinyLlavaVideo model = Toy.model(device, 3); Scope scope = Scope.open(device)) {
            Tensor frames = Tensor.bytes(scope, Toy.frames(n, 1), n, 16, 16, 3);
            List<String> heard = new ArrayList<>();
            long before = device.liveBytes();
            Tensor some = model.features(scope, frames, (done, all) -> heard.add(done + "/" + all));
            long rows = (long) n * model.config().vision().patches() * model.config().vision().hiddenSize() * 4;
            assertTrue(device.peakBytes() - before < 7 * rows, device.peakBytes() - before + " bytes for states of " + rows
                    + " (all at once: 11 times as many)");
            assertEquals(10, heard.size());
            assertEquals("10/10", heard.getLast());
            which.assertSame(model.trainedFeatures(scope, frames, null).toFloats(), some.toFloats(), "features");
        }
    }

    @Test void aPlainDecoderOpens() {
        try (Device device = Devices.SIMD.open(); Checkpoint c = Checkpoint.open(device, GOLDEN.resolve("qwen2/tiny_bf16/model"))) {
            assertTrue(c.video().isEmpty());
            assertEquals(DType.BF16, c.decoder().blocks().getFirst().q().weight().dtype());
            assertEquals(2 * c.decoder().parameters().count(), c.bytes());
        }
    }

    @Test void otherModelsAreNamed() throws IOException {
        try (Device device = Devices.SIMD.open()) {
            assertMessage(device, GOLDEN.resolve("siglip/tiny/model"), "SigLIP");
            Files.writeString(temp.resolve("config.json"), "{\"model_type\": \"llama\"}");
            assertMessage(device, temp, "llama", "tinyllava, qwen2");
            Files.writeString(temp.resolve("config.json"), "{}");
            assertMessage(device, temp, "model_type", "nothing");
        }
    }

    private static void assertMessage(Device device, Path folder, String... parts) {
        String message = assertThrows(ConfigException.class, () -> Checkpoint.open(device, folder)).getMessage();
        for (String part : parts) assertTrue(message.contains(part), message);
    }
}
