package lucid.nn.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import lucid.nn.checkpoint.CheckpointConversion.Layout;
import lucid.nn.checkpoint.CheckpointConversion.Options;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointConversionTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tinyllava_video/batch_padded");
    @TempDir Path folder;

    @Test void layoutsRoundTrip() throws IOException {
        Path single = GOLDEN.resolve("model");
        Path sharded = convert(single, "sharded", null, Layout.SHARDED, 50_000);
        Path folders = convert(sharded, "folders", null, Layout.FOLDERS, 1);
        Path again = convert(folders, "again", null, Layout.SINGLE, 1);
        Path fromPickles = convert(GOLDEN.resolve("model_folders"), "pickles", null, Layout.SINGLE, 1);
        for (Path p : List.of(sharded, folders, again, fromPickles)) {
            same(single, p);
            assertEquals(TinyLlavaConfig.read(single), TinyLlavaConfig.read(p));
        }
        assertEquals(-1, Files.mismatch(again.resolve(WeightFiles.SINGLE), fromPickles.resolve(WeightFiles.SINGLE)), "one set of tensors, one file");
        assertTrue(Files.exists(sharded.resolve("generation_config.json")));
        assertTrue(Files.exists(folders.resolve("vision_tower/config.json")));
        try (Stream<Path> list = Files.list(sharded)) {
            List<String> shards = list.map(p -> p.getFileName().toString()).filter(n -> n.endsWith(".safetensors")).sorted().toList();
            assertTrue(shards.size() > 3 && shards.getFirst().equals(String.format("model-00001-of-%05d.safetensors", shards.size())),
                    shards.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BIN", "BIN_LEGACY"})
    void everyLayoutIsWrittenForPyTorchToo(WeightFormat format) throws IOException {
        Path single = GOLDEN.resolve("model");
        for (Layout layout : Layout.values()) {
            Path bin = folder.resolve("bin-" + layout);
            CheckpointConversion.convert(single, bin, new Options(null, format, layout, 50_000, null, List.of(), Set.of()), (_, _, _) -> {});
            same(single, bin);
            try (Stream<Path> files = Files.walk(bin)) {
                List<String> names = files.map(f -> bin.relativize(f).toString().replace('\\', '/')).sorted().toList();
                assertTrue(names.stream().noneMatch(n -> n.endsWith(".safetensors")), names.toString());
                List<String> wanted = switch (layout) {
                    case SINGLE -> List.of("pytorch_model.bin");
                    case SHARDED -> List.of("pytorch_model.bin.index.json", "pytorch_model-00001-of-00006.bin");
                    case FOLDERS -> List.of("language_model/pytorch_model.bin", "vision_tower/pytorch_model.bin", "connector/pytorch_model.bin",
                            "vision_tower/config.json");
                };
                assertTrue(names.containsAll(wanted), names.toString());
            }
            Path back = convert(bin, "back-" + layout, null, Layout.SINGLE, 1);
            assertEquals(-1, Files.mismatch(back.resolve(WeightFiles.SINGLE), convert(single, "again-" + layout, null, Layout.SINGLE, 1)
                    .resolve(WeightFiles.SINGLE)), "there and back, byte for byte");
        }
    }

    @Test void typesAreRoundedToNearestEven() {
        float[] values = {1f, 1.00390625f, 1.01171875f, -3.14159265f, 1e-30f, Float.POSITIVE_INFINITY, Float.NaN, 0.1f, 65504f};
        Path source = folder.resolve("source.safetensors");
        new SafetensorsWriter().add("x", values, values.length).add("ids", new long[] {7, -200}, 2).write(source);
        try (WeightFiles bf16 = WeightFiles.open(convert(source, "bf16", StoredType.BF16, Layout.SINGLE, 1));
                WeightFiles f16 = WeightFiles.open(convert(source, "f16", StoredType.F16, Layout.SINGLE, 1))) {
            assertEquals(StoredType.BF16, bf16.tensor("x").type());
            assertArrayEquals(new float[] {1f, 1f, 1.015625f, -3.140625f}, java.util.Arrays.copyOf(bf16.tensor("x").toFloats(), 4),
                    "ties go to the even one");
            assertTrue(Double.isNaN(bf16.tensor("x").value(6)) && Double.isInfinite(bf16.tensor("x").value(5)));
            for (int i = 0; i < values.length; i++) assertEquals(Float.float16ToFloat(Float.floatToFloat16(values[i])), f16.tensor("x").value(i));
            assertArrayEquals(new long[] {7, -200}, bf16.tensor("ids").toLongs(), "integers stay");
        }
    }

    @Test void narrowToWideIsExactAndConfigSaysSo() throws IOException {
        Path golden = Path.of("src/test/resources/golden/tinyllava_video/one_video_bf16/model");
        Path wide = convert(golden, "wide", StoredType.F32, Layout.SINGLE, 1);
        same(golden, wide);
        assertTrue(Files.readString(wide.resolve("config.json")).contains("\"torch_dtype\" : \"float32\""));
        same(golden, convert(wide, "narrow", StoredType.BF16, Layout.SHARDED, 1));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void typesOfTheFormatWithoutAZip(StoredType type) {
        Path safe = convert(GOLDEN.resolve("model"), "safe", type, Layout.SINGLE, 1);
        Path legacy = folder.resolve("legacy");
        CheckpointConversion.convert(GOLDEN.resolve("model"), legacy,
                new Options(type, WeightFormat.BIN_LEGACY, Layout.SINGLE, 1, null, List.of(), Set.of()), (_, _, _) -> {});
        same(safe, legacy);
    }

    @Test void companionsComeAlongUnlessTheSourceHasItsOwn() throws IOException {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path words = Files.writeString(elsewhere.resolve("words.txt"), "from elsewhere");
        Path config = Files.writeString(elsewhere.resolve("generation_config.json"), "from elsewhere");
        Path to = folder.resolve("with-companions");
        var summary = CheckpointConversion.convert(GOLDEN.resolve("model"), to,
                new Options(null, WeightFormat.SAFETENSORS, Layout.SINGLE, 1, null, List.of(words, config), Set.of()), (_, _, _) -> {});
        assertEquals("words.txt", summary.copied().getLast());
        assertEquals("from elsewhere", Files.readString(to.resolve("words.txt")));
        assertEquals(-1, Files.mismatch(GOLDEN.resolve("model/generation_config.json"), to.resolve("generation_config.json")));
    }

    /// What was converted is not among what was left out, in one file or in shards; another form of it is.
    @Test void whatWasLeftOut() throws IOException {
        for (Layout layout : List.of(Layout.SINGLE, Layout.SHARDED)) {
            Path from = convert(GOLDEN.resolve("model"), "from-" + layout, null, layout, 100_000);
            assertEquals(List.of(), leftOut(from, "whole-" + layout));
            Files.writeString(from.resolve("pytorch_model.bin"), "another form");
            assertEquals(List.of("pytorch_model.bin"), leftOut(from, "again-" + layout));
        }
    }

    private List<String> leftOut(Path from, String name) {
        return CheckpointConversion.convert(from, folder.resolve(name), new Options(null, Layout.SINGLE, 1), (_, _, _) -> {}).leftOut();
    }

    /// Of these three the first is obeyed on loading, so a model that lost it would be another one.
    @Test void filesOfThePartsStayWithThemOrAreNamed() throws IOException {
        Path folders = convert(GOLDEN.resolve("model"), "parts", null, Layout.FOLDERS, 1);
        List<String> beside = List.of("language_model/generation_config.json", "language_model/tokenizer.json",
                "vision_tower/preprocessor_config.json");
        for (String name : beside) Files.writeString(folders.resolve(name), "{\"of\": \"" + name + "\"}");
        var kept = CheckpointConversion.convert(folders, folder.resolve("again"), new Options(StoredType.BF16, Layout.FOLDERS, 1), (_, _, _) -> {});
        assertTrue(kept.copied().containsAll(beside) && kept.leftOut().isEmpty(), "" + kept);
        for (String name : beside) assertEquals(-1, Files.mismatch(folders.resolve(name), folder.resolve("again").resolve(name)));
        assertTrue(Files.readString(folder.resolve("again/vision_tower/config.json")).contains("model_type"));
        var left = CheckpointConversion.convert(folders, folder.resolve("one"), new Options(null, Layout.SINGLE, 1), (_, _, _) -> {});
        assertEquals(beside, left.leftOut());
        Files.copy(folder.resolve("one/model.safetensors"), folders.resolve("model.safetensors"));
        assertTrue(CheckpointConversion.convert(folders, folder.resolve("top"), new Options(null, Layout.SINGLE, 1), (_, _, _) -> {}).leftOut()
                .containsAll(List.of("language_model", "vision_tower", "connector")),
                "weights at the top go before those in folders, which are not looked into");
    }

    @Test void whatCannotBeDoneLeavesNothing() throws IOException {
        Path source = folder.resolve("source.safetensors");
        new SafetensorsWriter().add("a", new float[] {1, 70_000}, 2).write(source);
        var e = assertThrows(WeightFileException.class, () -> convert(source, "f16", StoredType.F16, Layout.SINGLE, 1));
        assertTrue(e.getMessage().contains("tensor \"a\"") && e.getMessage().contains("70000.0"), e.getMessage());
        assertThrows(WeightFileException.class, () -> convert(source, "folders", null, Layout.FOLDERS, 1));
        assertThrows(WeightFileException.class, () -> convert(folder, "nothing", null, Layout.SINGLE, 1));
        try (Stream<Path> list = Files.list(folder)) {
            assertEquals(List.of(source), list.toList());
        }
        Files.createDirectory(folder.resolve("there"));
        assertThrows(IllegalArgumentException.class, () -> convert(source, "there", null, Layout.SINGLE, 1));
    }

    private Path convert(Path from, String name, StoredType type, Layout layout, long shard) {
        Path to = folder.resolve(name);
        long[] last = new long[2];
        var summary = CheckpointConversion.convert(from, to, new Options(type, layout, shard), (done, total, _) -> {
            assertTrue(done > last[0] && done <= total);
            last[0] = done;
        });
        assertEquals(summary.bytes(), last[0], "progress ends at the end");
        return to;
    }

    /// In a container every process has the same number: what a killed one has left lies where this one writes.
    @Test void whatAKilledAttemptHasLeftIsNoPartOfTheFolder() throws IOException {
        Process dead = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-version").start();
        dead.destroyForcibly().onExit().join();
        List<Path> left = new ArrayList<>();
        for (long pid : new long[] {ProcessHandle.current().pid(), dead.pid()}) {
            Path aside = Files.createDirectories(folder.resolve(".new.tmp" + pid + "/language_model"));
            Files.writeString(aside.resolve("model-00001-of-00002.safetensors"), "half");
            left.add(aside.getParent());
        }
        Path others = Files.createDirectories(folder.resolve(".new.tmp1"));
        Path to = convert(GOLDEN.resolve("model"), "new", null, Layout.SINGLE, 1);
        assertFalse(Files.exists(to.resolve("language_model")));
        for (Path aside : left) assertFalse(Files.exists(aside), aside.toString());
        assertEquals(ProcessHandle.of(1).isPresent(), Files.exists(others), "of a living process");
    }

    private static void same(Path a, Path b) {
        try (WeightFiles x = WeightFiles.open(a); WeightFiles y = WeightFiles.open(b)) {
            assertEquals(x.tensors().keySet(), y.tensors().keySet());
            assertFalse(x.tensors().isEmpty());
            for (StoredTensor t : x.tensors().values()) {
                assertArrayEquals(t.shape(), y.tensor(t.name()).shape(), t.name());
                assertArrayEquals(t.toFloats(), y.tensor(t.name()).toFloats(), t.name());
            }
        }
    }
}
