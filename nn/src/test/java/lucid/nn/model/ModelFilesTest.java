package lucid.nn.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.contract.operand.DType;
import lucid.nn.batch.PackedBatch;
import lucid.nn.checkpoint.CheckpointInfo;
import lucid.nn.config.ConfigException;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.weights.WeightSource;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tinyllava_video/one_video_bf16/model");

    @TempDir Path folder;

    @Test void savedAndLoadedModelsAreEqual() {
        try (Device device = new ReferenceDevice(); TinyLlavaVideo a = Toy.model(device, 3)) {
            a.save(folder, StoredType.F32);
            try (TinyLlavaVideo b = TinyLlavaVideo.load(device, folder); TinyLlavaVideo copy = a.copy()) {
                assertEquals(a.config(), b.config());
                assertEquals(a.parameters().count(), b.parameters().count());
                for (Parameter p : a.parameters().all()) {
                    assertArrayEquals(p.value().toFloats(), b.parameters().get(p.name()).value().toFloats(), p.name());
                    assertArrayEquals(p.value().toFloats(), copy.parameters().get(p.name()).value().toFloats(), p.name());
                }
            }
        }
    }

    @Test void bf16FilesAreWrittenAsPublished() {
        try (Device device = new ReferenceDevice(); TinyLlavaVideo golden = TinyLlavaVideo.load(device, GOLDEN)) {
            golden.save(folder, StoredType.BF16);
            try (WeightFiles original = WeightFiles.open(GOLDEN); WeightFiles written = WeightFiles.open(folder)) {
                assertEquals(original.tensors().keySet(), written.tensors().keySet());
                for (var t : original.tensors().values()) assertArrayEquals(t.toFloats(), written.tensor(t.name()).toFloats(), t.name());
            }
        }
    }

    @Test void narrowMatricesStayNarrowForInference() {
        try (Device device = new ReferenceDevice(); WeightFiles files = WeightFiles.open(GOLDEN);
                TinyLlavaVideo m = TinyLlavaVideo.load(device, GOLDEN, files, WeightSource.Precision.STORED)) {
            assertEquals(DType.BF16, m.decoder().blocks().getFirst().q().weight().dtype());
            assertEquals(DType.F32, m.decoder().norm().weight().dtype());
            var e = assertThrows(IllegalStateException.class, () -> m.parameters().train(TinyLlavaVideo::decoderOrConnector));
            assertTrue(e.getMessage().contains("Precision.F32"), e.getMessage());
        }
    }

    @Test void narrowMatricesComputeTheSameBits() {
        Path qwen = Path.of("src/test/resources/golden/qwen2/tiny_bf16/model");
        try (Device device = Devices.SIMD.open(); WeightFiles files = WeightFiles.open(qwen); Scope scope = Scope.open(device)) {
            PackedBatch batch = PackedBatch.builder(0).group(new int[] {3, 9, 100}, 0, List.of(new int[] {5, 6, 7}, new int[] {8})).build();
            float[][] found = new float[2][];
            for (int i = 0; i < 2; i++) {
                Qwen2 model = Qwen2.load(device, qwen, files, i == 0 ? WeightSource.Precision.STORED : WeightSource.Precision.F32);
                try (var _ = model.parameters()) {
                    found[i] = model.logProbs(scope, batch, null, 1f, false).logProb().toFloats();
                }
            }
            assertArrayEquals(found[1], found[0]);
        }
    }

    @Test void oneSeedOneModel() {
        try (Device device = new ReferenceDevice(); TinyLlavaVideo a = Toy.model(device, 3); TinyLlavaVideo b = Toy.model(device, 3);
                TinyLlavaVideo c = Toy.model(device, 4)) {
            for (Parameter p : a.parameters().all())
                assertArrayEquals(p.value().toFloats(), b.parameters().get(p.name()).value().toFloats(), p.name());
            float[] x = a.decoder().blocks().getFirst().q().weight().toFloats();
            assertFalse(Arrays.equals(x, c.decoder().blocks().getFirst().q().weight().toFloats()));
            assertFalse(Arrays.equals(x, a.decoder().blocks().getLast().q().weight().toFloats()));
            double square = 0;
            for (float v : x) square += v * v;
            assertEquals(1 / Math.sqrt(24), Math.sqrt(square / x.length), 0.03, "fan-in");
        }
    }

    @Test void sizesThatDisagreeAreNamed() throws IOException {
        Path copy = copy();
        String json = Files.readString(copy.resolve("config.json"));
        change(copy, json, "\"intermediate_size\": 27", "\"intermediate_size\": 28");
        assertMessage(WeightFileException.class, copy, "language_model.model.layers.0.mlp.gate_proj.weight", "[27, 16]", "[28, 16]");
        change(copy, json, "\"num_queries\": 12", "\"num_queries\": 3");
        assertMessage(ConfigException.class, copy, "num_queries", "config.json");
        change(copy, json, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
        assertMessage(WeightFileException.class, copy, "vision_tower._vision_tower.vision_model.encoder.layers.2.layer_norm1.weight", "missing");
        change(copy, json, "\"num_resampler_layers\": 1", "\"num_resampler_layers\": 2");
        assertMessage(WeightFileException.class, copy, "connector._connector.layers.1.0.norm_media.weight", "missing");
        try (WeightFiles files = WeightFiles.open(GOLDEN)) {
            Files.writeString(copy.resolve("config.json"), json);
            rewrite(copy, files, "connector._connector.surplus", new float[] {1}, 1);
            assertMessage(WeightFileException.class, copy, "does not have", "connector._connector.surplus");
        }
    }

    @Test void aStoredTiedHeadIsAccepted() throws IOException {
        Path copy = copy();
        try (WeightFiles files = WeightFiles.open(GOLDEN)) {
            rewrite(copy, files, "language_model.lm_head.weight", files.tensor("language_model.model.embed_tokens.weight").toFloats(), 90, 16);
        }
        try (Device device = new ReferenceDevice(); TinyLlavaVideo m = TinyLlavaVideo.load(device, copy)) {
            assertSame(m.decoder().embedTokens(), m.decoder().head());
        }
    }

    /// transformers 5 ties what is missing to what is there, whichever of the two that is.
    @Test void aTiedHeadAloneIsTheTable() throws IOException {
        Path copy = copy();
        String head = "language_model.lm_head.weight";
        String table = "language_model.model.embed_tokens.weight";
        try (WeightFiles files = WeightFiles.open(GOLDEN)) {
            SafetensorsWriter w = new SafetensorsWriter();
            for (var t : files.tensors().values()) w.add(t.name().equals(table) ? head : t.name(), t.toFloats(), t.shape());
            w.write(copy.resolve(WeightFiles.SINGLE));
        }
        CheckpointInfo info = CheckpointInfo.examine(copy, null);
        assertTrue(info.isSound() && info.unused().isEmpty(), info.toString());
        try (Device device = new ReferenceDevice(); TinyLlavaVideo m = TinyLlavaVideo.load(device, copy);
             TinyLlavaVideo wanted = TinyLlavaVideo.load(device, GOLDEN); WeightFiles files = WeightFiles.open(copy)) {
            assertSame(m.decoder().embedTokens(), m.decoder().head());
            assertArrayEquals(wanted.decoder().head().toFloats(), m.decoder().embedTokens().toFloats());
            m.load(files);
        }
        Path config = copy.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));
        assertMessage(WeightFileException.class, copy, table, "missing");
    }

    /// A head that was trained beside its embedding: which of the two models is meant nobody knows.
    @Test void aTiedHeadWithOtherNumbersIsRefused() throws IOException {
        Path copy = copy();
        String head = "language_model.lm_head.weight";
        try (WeightFiles files = WeightFiles.open(GOLDEN)) {
            float[] values = files.tensor("language_model.model.embed_tokens.weight").toFloats();
            values[values.length - 1] += 1;
            rewrite(copy, files, head, values, 90, 16);
        }
        String[] wanted = {copy.resolve(WeightFiles.SINGLE) + ": tensor \"" + head
                + "\": found other numbers than \"language_model.model.embed_tokens.weight\"", "set that to false", "or remove " + head};
        assertMessage(WeightFileException.class, copy, wanted);
        CheckpointInfo info = CheckpointInfo.examine(copy, null);
        assertEquals(List.of(head), info.unused());
        assertTrue(info.isComplete() && info.refusals().size() == 1 && info.refusals().getFirst().startsWith(wanted[0]), info.refusals().toString());
        assertTrue(CheckpointInfo.read(copy).isSound(), "plans read no weights");
        try (Device device = new ReferenceDevice(); TinyLlavaVideo m = TinyLlavaVideo.load(device, GOLDEN);
                WeightFiles files = WeightFiles.open(copy)) {
            assertThrows(WeightFileException.class, () -> m.load(files));
        }
        Path config = copy.resolve("config.json");
        String untied = Files.readString(config).replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
        Files.writeString(config, untied);
        try (Device device = new ReferenceDevice(); TinyLlavaVideo m = TinyLlavaVideo.load(device, copy)) {
            assertNotSame(m.decoder().embedTokens(), m.decoder().head());
        }
    }

    private static void change(Path model, String json, String from, String to) throws IOException {
        assertTrue(json.contains(from), from);
        Files.writeString(model.resolve("config.json"), json.replace(from, to));
    }

    private static void rewrite(Path model, WeightFiles files, String name, float[] values, long... shape) {
        SafetensorsWriter w = new SafetensorsWriter();
        for (var t : files.tensors().values()) w.add(t.name(), t.toFloats(), t.shape());
        w.add(name, values, shape).write(model.resolve(WeightFiles.SINGLE));
    }

    private static void assertMessage(Class<? extends RuntimeException> type, Path model, String... parts) {
        try (Device device = new ReferenceDevice()) {
            var e = assertThrows(type, () -> TinyLlavaVideo.load(device, model));
            for (String part : parts) assertTrue(e.getMessage().contains(part), e.getMessage());
            assertEquals(0, device.liveBytes(), "a failed load leaves memory behind");
        }
    }

    private Path copy() throws IOException {
        Path to = Files.createDirectories(folder.resolve("model"));
        for (String f : new String[] {"config.json", WeightFiles.SINGLE}) Files.copy(GOLDEN.resolve(f), to.resolve(f));
        return to;
    }

    /// transformers 5 saves a tower that it made itself without the published prefix.
    @Test void aTowerWithoutThePublishedPrefixOpensToo() throws IOException {
        Path published = Path.of("src/test/resources/golden/siglip/tiny/model");
        Files.copy(published.resolve("config.json"), folder.resolve("config.json"));
        try (Device device = new ReferenceDevice(); WeightFiles files = WeightFiles.open(published)) {
            SafetensorsWriter w = new SafetensorsWriter();
            files.tensors().values().forEach(t -> w.add(t.name().replaceFirst("^vision_model\\.", ""), t.toFloats(), t.shape()));
            w.write(folder.resolve("model.safetensors"));
            SiglipVision a = SiglipVision.load(device, published, files, WeightSource.Precision.F32);
            try (WeightFiles plain = WeightFiles.open(folder); var _ = a.parameters()) {
                SiglipVision b = SiglipVision.load(device, folder, plain, WeightSource.Precision.F32);
                try (var _ = b.parameters()) {
                    assertArrayEquals(a.head().probe().toFloats(), b.head().probe().toFloats());
                    assertEquals("embeddings.patch_embedding.weight", b.parameters().all().iterator().next().name());
                }
            }
        }
    }
}
