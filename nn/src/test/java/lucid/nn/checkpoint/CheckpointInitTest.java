package lucid.nn.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.checkpoint.CheckpointConversion.Layout;
import lucid.nn.checkpoint.CheckpointInit.Options;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Initialization;
import lucid.tensor.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointInitTest {
    private static final ModelTemplate TINY = ModelTemplate.shipped("tinyllava-video-tiny");
    @TempDir Path folder;

    @Test void numbersAreThoseOfTheRandomModel() {
        Initialization init = Initialization.fanIn(2, 3);
        Path wide = write("wide", new Options(7, StoredType.F32, null, 5_000_000_000L, init, 2));
        Path narrow = write("narrow", new Options(7, StoredType.BF16, null, 5_000_000_000L, init, 2));
        Path half = write("half", new Options(7, StoredType.F16, null, 5_000_000_000L, init, 2));
        try (Device device = new SimdDevice(1); TinyLlavaVideo model = TinyLlavaVideo.random(device, TinyLlavaConfig.read(wide), 7, init);
                WeightFiles f32 = WeightFiles.open(wide); WeightFiles bf16 = WeightFiles.open(narrow); WeightFiles f16 = WeightFiles.open(half)) {
            assertEquals(model.parameters().all().size(), f32.tensors().size());
            for (Parameter p : model.parameters().all()) {
                float[] wanted = p.value().toFloats();
                assertArrayEquals(wanted, f32.tensor(p.name()).toFloats(), p.name());
                float[] narrowed = bf16.tensor(p.name()).toFloats();
                float[] halved = f16.tensor(p.name()).toFloats();
                for (int i = 0; i < wanted.length; i++) {
                    assertEquals(Float.intBitsToFloat(ElementConversion.bf16(wanted[i]) << 16), narrowed[i], p.name());
                    assertEquals(Float.float16ToFloat(Float.floatToFloat16(wanted[i])), halved[i], p.name());
                }
            }
        }
    }

    @Test void threadsAndLayoutsChangeNoNumber() throws IOException {
        Path one = write("one", options(3, null, 5_000_000_000L, 1));
        Path four = write("four", options(3, null, 5_000_000_000L, 4));
        assertEquals(-1, Files.mismatch(one.resolve(WeightFiles.SINGLE), four.resolve(WeightFiles.SINGLE)));
        Path sharded = write("sharded", options(3, null, 300_000, 3));
        assertTrue(Files.exists(sharded.resolve(WeightFiles.INDEX)), "above the largest shard the layout is sharded");
        Path folders = write("folders", options(3, Layout.FOLDERS, 1, 2));
        assertTrue(Files.exists(folders.resolve("vision_tower/config.json")));
        Path other = write("other", options(4, null, 5_000_000_000L, 2));
        try (WeightFiles a = WeightFiles.open(one); WeightFiles b = WeightFiles.open(sharded); WeightFiles c = WeightFiles.open(folders);
                WeightFiles d = WeightFiles.open(other)) {
            assertEquals(a.tensors().keySet(), b.tensors().keySet());
            assertEquals(a.tensors().keySet(), c.tensors().keySet());
            for (StoredTensor t : a.tensors().values()) {
                assertArrayEquals(t.toFloats(), b.tensor(t.name()).toFloats(), t.name());
                assertArrayEquals(t.toFloats(), c.tensor(t.name()).toFloats(), t.name());
            }
            String name = "language_model.model.embed_tokens.weight";
            assertFalse(java.util.Arrays.equals(a.tensor(name).toFloats(), d.tensor(name).toFloats()), "another seed, other numbers");
        }
    }

    @Test void allLayoutsOpenAsModels() {
        try (Device device = new SimdDevice(1)) {
            for (Layout layout : Layout.values()) {
                try (TinyLlavaVideo model = TinyLlavaVideo.load(device, write(layout.name(), options(1, layout, 300_000, 2)))) {
                    assertEquals(ModelOutline.of(TINY.config()).count(), model.parameters().count());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void formatsChangeNoNumber(WeightFormat format) throws IOException {
        for (Layout layout : Layout.values()) {
            Path safe = write("safe-" + layout, options(3, layout, 300_000, 2));
            Options other = new Options(3, StoredType.BF16, format, layout, 300_000, Initialization.PUBLISHED, 3);
            Path written = write("other-" + layout, other);
            try (WeightFiles a = WeightFiles.open(safe); WeightFiles b = WeightFiles.open(written); Stream<Path> files = Files.walk(written)) {
                assertEquals(a.tensors().keySet(), b.tensors().keySet());
                for (StoredTensor t : a.tensors().values()) assertEquals(-1, t.data().mismatch(b.tensor(t.name()).data()), t.name());
                String ending = format == WeightFormat.SAFETENSORS ? ".safetensors" : ".bin";
                List<String> names = files.map(f -> f.getFileName().toString())
                        .filter(n -> n.endsWith(".safetensors") || n.endsWith(".bin")).toList();
                assertTrue(!names.isEmpty() && names.stream().allMatch(n -> n.endsWith(ending)), names.toString());
            }
        }
    }

    @Test void standardDeviationIsAsAsked() {
        try (WeightFiles files = WeightFiles.open(write("std", options(11, null, 5_000_000_000L, 2)))) {
            float[] x = files.tensor("language_model.model.layers.1.mlp.down_proj.weight").toFloats();
            double sum = 0;
            double square = 0;
            for (float v : x) {
                sum += v;
                square += (double) v * v;
            }
            // 11264 numbers: mean within 5 standard errors, variance within 7 %.
            assertEquals(0, sum / x.length, 5 * 0.02 / Math.sqrt(x.length));
            assertEquals(4e-4, square / x.length, 2.8e-5);
            for (float v : files.tensor("language_model.model.norm.weight").toFloats()) assertEquals(1f, v);
            for (float v : files.tensor("connector._connector.norm.bias").toFloats()) assertEquals(0f, v);
        }
    }

    @Test void sideFilesAndProgress() throws IOException {
        long[] last = new long[1];
        Path to = folder.resolve("with-side-files");
        var summary = CheckpointInit.write(TINY, to, options(1, null, 5_000_000_000L, 3), (done, total, _) -> {
            assertTrue(done > last[0] && done <= total);
            last[0] = done;
        }, aside -> Files.writeString(aside.resolve("more.txt"), "more"));
        assertEquals(summary.bytes(), last[0]);
        assertEquals(List.of("config.json", "generation_config.json", "model.safetensors", "more.txt"), summary.files());
        assertTrue(Files.readString(to.resolve("config.json")).contains("\"tokenizer_use_fast\" : false"), "keys that Lucid has no use for stay");
        ModelTemplate again = ModelTemplate.read(to);
        assertEquals(ModelOutline.of(TINY.config()), ModelOutline.of(again.config()));
        assertEquals(java.util.Set.of("generation_config.json"), again.files().keySet());
    }

    @Test void failuresLeaveNothing() throws IOException {
        for (WeightFormat format : WeightFormat.values()) {
            Options three = new Options(1, StoredType.BF16, format, null, 5_000_000_000L, Initialization.PUBLISHED, 3);
            assertThrows(IllegalStateException.class, () -> CheckpointInit.write(TINY, folder.resolve("broken"), three,
                    (_, _, _) -> { throw new IllegalStateException("stop"); }, null));
        }
        try (Stream<Path> list = Files.list(folder)) {
            assertEquals(List.of(), list.toList());
        }
        Path there = Files.createDirectory(folder.resolve("there"));
        assertThrows(IllegalArgumentException.class, () -> CheckpointInit.write(TINY, there, options(1, null, 1, 1), (_, _, _) -> { }, null));
        assertThrows(IllegalArgumentException.class, () -> new Options(1, StoredType.I64, null, 1, Initialization.PUBLISHED, 1));
        assertThrows(IllegalArgumentException.class, () -> ModelTemplate.shipped("gpt"));
    }

    private static Options options(long seed, Layout layout, long shard, int threads) {
        return new Options(seed, StoredType.BF16, layout, shard, Initialization.PUBLISHED, threads);
    }

    private Path write(String name, Options options) {
        Path to = folder.resolve(name);
        CheckpointInit.write(TINY, to, options, (_, _, _) -> { }, null);
        return to;
    }
}
