package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.nn.file.SafetensorsFile;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.generate.Conversation;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A packed file changes no answer, and is read only where it is what the weights beside it are.
class PackedFileTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final String BF16 = "tinyllava_video/one_video_bf16/model";

    @TempDir Path temp;

    private Path model(String name) throws IOException {
        Path to = Files.createDirectories(temp.resolve("model"));
        try (Stream<Path> all = Files.walk(GOLDEN.resolve(name))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Path at = to.resolve(GOLDEN.resolve(name).relativize(file).toString());
                Files.createDirectories(at.getParent());
                Files.copy(file, at, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return to;
    }

    private static Checkpoint ready(Device device, Path folder) { return Checkpoint.open(device, folder, null, WeightOrder.READY); }

    private static float[] answer(Device device, Path folder, WeightOrder order) {
        try (Checkpoint c = Checkpoint.open(device, folder, null, order)) {
            return CheckpointTest.answer(c.video().orElseThrow());
        }
    }

    @ParameterizedTest @ValueSource(strings = {"tinyllava_video/batch_padded/model", "tinyllava_video/batch_padded/model_folders", BF16})
    void answersAlike(String name) throws IOException {
        Path folder = model(name);
        try (Device device = Devices.SIMD.open()) {
            float[] wanted = answer(device, folder, WeightOrder.MAPPED);
            List<Long> heard = new ArrayList<>();
            long bytes = PackedFile.write(device, folder, (done, all) -> heard.add(all - done));
            assertEquals(Files.size(folder.resolve(PackedFile.NAME)), bytes);
            assertEquals(0, heard.getLast());
            for (WeightOrder order : WeightOrder.values()) {
                long before = device.liveBytes();
                try (Checkpoint c = Checkpoint.open(device, folder, null, order)) {
                    assertEquals(order != WeightOrder.MAPPED, c.readsPackedFile(), order.name());
                    assertTrue(c.note().isEmpty(), () -> c.note().get());
                    long opened = device.liveBytes();
                    for (int i = 0; i < 10; i++) assertArrayEquals(wanted, CheckpointTest.answer(c.video().orElseThrow()), order.name());
                    assertEquals(opened, device.liveBytes(), "nothing is copied");
                }
                assertEquals(before, device.liveBytes());
            }
        }
    }

    private static float[] continued(Device device, Path folder, Path adapter, WeightOrder order) {
        try (Checkpoint c = Checkpoint.open(device, folder, adapter, order); Conversation talk = new Conversation(c.decoder(), 40)) {
            assertEquals(order != WeightOrder.MAPPED, c.readsPackedFile(), order.name());
            talk.add(new int[] {1, 5, 9, 2}, null, (_, _) -> {});
            return talk.answer(GenerationSettings.greedy(12, -1), 0, null).logProbs();
        }
    }

    /// Text models too, whose head is the table of embeddings or a weight of its own, and those with an adapter beside them.
    @ParameterizedTest @ValueSource(strings = {"qwen2/tiny_bf16", "qwen2/tiny_tied_f32", "qwen2/tiny_untied_f32", "qwen2/lora_r4"})
    void textModelsAndAdapters(String name) throws IOException {
        Path folder = model(name + "/model");
        Path adapter = GOLDEN.resolve(name).resolve("adapter");
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            for (Path lora : new Path[] {null, Files.exists(adapter) ? adapter : null}) {
                float[] wanted = continued(device, folder, lora, WeightOrder.MAPPED);
                for (WeightOrder order : WeightOrder.values()) assertArrayEquals(wanted, continued(device, folder, lora, order), order.name());
            }
            assertEquals(0, device.liveBytes());
        }
    }

    /// Where the weights' products read: what the bandwidth of decoding is measured over.
    @Test void whatEveryTokenReads() throws IOException {
        Path folder = model(BF16);
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            try (Checkpoint mapped = Checkpoint.open(device, folder); Checkpoint packed = ready(device, folder)) {
                List<String> names = mapped.readByEveryToken().stream().map(StoredTensor::name).toList();
                assertEquals(names, packed.readByEveryToken().stream().map(StoredTensor::name).toList());
                assertTrue(names.stream().allMatch(n -> n.startsWith("language_model.")), names.toString());
                assertEquals(folder.resolve(WeightFiles.SINGLE), mapped.readByEveryToken().getFirst().file());
                assertEquals(folder.resolve(PackedFile.NAME), packed.readByEveryToken().getFirst().file());
            }
        }
    }

    @Test void equalWeightsAreEqualFiles() throws IOException {
        Path folder = model(BF16);
        try (Device one = Devices.SIMD.open(); Device other = Devices.SIMD.open()) {
            PackedFile.write(one, folder, (_, _) -> {});
            byte[] first = Files.readAllBytes(folder.resolve(PackedFile.NAME));
            PackedFile.write(other, folder, (_, _) -> {});
            assertArrayEquals(first, Files.readAllBytes(folder.resolve(PackedFile.NAME)));
        }
    }

    @Test void leftAsideWhereTheWeightsHaveChanged() throws IOException {
        Path folder = model(BF16);
        Path weights = folder.resolve(WeightFiles.SINGLE);
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            FileTime made = Files.getLastModifiedTime(weights);
            Files.setLastModifiedTime(weights, FileTime.fromMillis(made.toMillis() + 1));
            try (Checkpoint c = ready(device, folder)) {
                assertFalse(c.readsPackedFile());
                String note = c.note().orElseThrow();
                assertTrue(note.contains(PackedFile.NAME + " is left aside: the weights beside it have changed") && note.contains("lucid model pack"),
                        note);
            }
            Files.setLastModifiedTime(weights, made);
            try (Checkpoint c = ready(device, folder)) {
                assertTrue(c.readsPackedFile());
            }
        }
    }

    /// A copy with the times of its files (`cp -a`) is as good as the folder itself, wherever it lies; one without is not known to be.
    @Test void copiedFolders() throws IOException {
        Path folder = model("tinyllava_video/batch_padded/model_folders");
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            Path copy = temp.resolve("copy");
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path file : all.toList()) Files.copy(file, copy.resolve(folder.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
            try (Checkpoint c = ready(device, copy)) {
                assertTrue(c.readsPackedFile(), () -> c.note().orElse(""));
            }
            Path part = copy.resolve("connector/pytorch_model.bin");
            FileTime made = Files.getLastModifiedTime(part);
            Files.setLastModifiedTime(part, FileTime.fromMillis(made.toMillis() + 2000));
            try (Checkpoint c = ready(device, copy)) {
                assertTrue(c.note().orElseThrow().contains(", or were copied without their times; lucid model pack"), c.note().get());
            }
        }
    }

    @Test void leftAsideByDevicesThatGainNothing() throws IOException {
        Path folder = model(BF16);
        try (Device simd = Devices.SIMD.open(); Device reference = Devices.REFERENCE.open()) {
            PackedFile.write(simd, folder, (_, _) -> {});
            try (Checkpoint c = ready(reference, folder)) {
                assertTrue(c.note().orElseThrow().endsWith("the device reference reads weights as they lie"), c.note().get());
            }
            String message = assertThrows(IllegalArgumentException.class, () -> PackedFile.write(reference, folder, (_, _) -> {})).getMessage();
            assertTrue(message.contains("reference"), message);
        }
    }

    /// A file with other tensors, or other words in its header, than one that was written.
    private interface Change {
        void apply(Map<String, String> metadata, Map<String, StoredTensor> tensors, SafetensorsWriter writer);
    }

    private void change(Path folder, Change change) throws IOException {
        Path path = folder.resolve(PackedFile.NAME);
        Path changed = temp.resolve("changed");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            var metadata = new java.util.TreeMap<>(file.metadata());
            var tensors = new java.util.TreeMap<>(file.tensors());
            SafetensorsWriter writer = new SafetensorsWriter();
            change.apply(metadata, tensors, writer);
            metadata.forEach(writer::metadata);
            tensors.values().forEach(t -> writer.add(t.name(), t.type(), t.shape(),
                    (from, count, chunk) -> chunk.put(t.data().asSlice(from * t.type().bytes(), (long) count * t.type().bytes()).asByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN))));
            writer.write(changed);
        }
        Files.move(changed, path, StandardCopyOption.REPLACE_EXISTING);
    }

    private void refused(String wanted, Change change) throws IOException {
        Path folder = model(BF16);
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            change(folder, change);
            String message = assertThrows(WeightFileException.class, () -> ready(device, folder)).getMessage();
            assertTrue(message.startsWith(folder.resolve(PackedFile.NAME).toString()) && message.contains(wanted), message);
            Checkpoint.open(device, folder).close();
            assertEquals(0, device.liveBytes());
        }
    }

    @Test void anotherProcessors() throws IOException {
        Path folder = model(BF16);
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            change(folder, (metadata, _, _) -> metadata.put("lucid.order", "panels-7"));
            try (Checkpoint c = ready(device, folder)) {
                assertTrue(c.note().orElseThrow().contains("made for another processor (found order panels-7, wanted panels-"), c.note().get());
            }
        }
    }

    @Test void damaged() throws IOException {
        String name = "language_model.model.layers.0.mlp.up_proj.weight";
        refused("no tensor \"" + name, (_, tensors, _) -> tensors.remove(name));
        refused("found tensor \"more\"", (_, _, writer) -> writer.add("more", new float[8], 8));
        refused(name + "\": found F32", (_, tensors, writer) -> {
            StoredTensor t = tensors.remove(name);
            writer.add(name, new float[Math.toIntExact(t.elements())], t.elements());
        });
        refused(name + "\": found shape [4], wanted [", (_, tensors, writer) -> {
            tensors.remove(name);
            writer.add(name, StoredType.BF16, new long[] {4}, (_, count, chunk) -> chunk.put(new byte[2 * count]));
        });
    }

    @Test void truncated() throws IOException {
        Path folder = model(BF16);
        Path file = folder.resolve(PackedFile.NAME);
        try (Device device = Devices.SIMD.open()) {
            PackedFile.write(device, folder, (_, _) -> {});
            Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), 1000));
            String message = assertThrows(WeightFileException.class, () -> ready(device, folder)).getMessage();
            assertTrue(message.startsWith(file.toString()), message);
        }
    }

    @Test void halfPrecisionGainsNothing() throws IOException {
        try (Device device = Devices.SIMD.open(); TinyLlavaVideo toy = Toy.model(device, 3)) {
            toy.config().write(temp);
            SafetensorsWriter half = new SafetensorsWriter();
            for (Parameter p : toy.parameters().all()) {
                half.add(p.name(), StoredType.F16, java.util.Arrays.stream(p.shape().dims()).asLongStream().toArray(),
                        (_, count, chunk) -> chunk.put(new byte[2 * count]));
            }
            half.write(temp.resolve(WeightFiles.SINGLE));
            String message = assertThrows(IllegalArgumentException.class, () -> PackedFile.write(device, temp, (_, _) -> {})).getMessage();
            assertTrue(message.contains("found F16, wanted BF16 or F32"), message);
            assertFalse(Files.exists(temp.resolve(PackedFile.NAME)));
        }
    }
}
