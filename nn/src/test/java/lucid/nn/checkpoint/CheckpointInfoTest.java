package lucid.nn.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.Qwen2;
import lucid.nn.model.SiglipVision;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.WeightSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Checkpoints written by the original code and by transformers.
class CheckpointInfoTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @Test void originalCheckpointsAreComplete() {
        for (String model : List.of("tinyllava_video/one_video_16f/model", "tinyllava_video/one_video_bf16/model",
                "tinyllava_video/batch_padded/model", "tinyllava_video/batch_padded/model_folders",
                "qwen2/tiny_tied_f32/model", "qwen2/tiny_untied_f32/model", "qwen2/tiny_bf16/model", "siglip/tiny/model")) {
            CheckpointInfo info = CheckpointInfo.read(GOLDEN.resolve(model));
            assertTrue(info.isSound(), model + " " + info.missing() + info.unexpected() + info.mismatched());
            assertEquals(info.parameters(), info.parts().stream().mapToLong(CheckpointInfo.Part::parameters).sum());
        }
    }

    /// Buffers that older versions of transformers stored, and newer ones leave aside.
    @ParameterizedTest
    @CsvSource({"qwen2/tiny_untied_f32/model, model.rotary_emb.inv_freq", "qwen2/tiny_untied_f32/model, model.layers.0.self_attn.rotary_emb.inv_freq",
            "siglip/tiny/model, vision_model.embeddings.position_ids",
        "tinyllava_video/one_video_16f/model, language_model.model.rotary_emb.inv_freq",
                "tinyllava_video/one_video_16f/model, vision_tower._vision_tower.vision_model.embeddings.position_ids"})
    void storedTablesAreNotUsed(String model, String name, @TempDir Path folder) throws IOException {
        Path published = GOLDEN.resolve(model);
        Files.copy(published.resolve("config.json"), folder.resolve("config.json"));
        try (WeightFiles files = WeightFiles.open(published)) {
            SafetensorsWriter w = new SafetensorsWriter();
            files.tensors().values().forEach(t -> w.add(t.name(), t.toFloats(), t.shape()));
            if (name.endsWith("position_ids")) w.add(name, new long[] {0, 1, 2}, 1, 3);
            else w.add(name, new float[] {1, 0.5f, 0.25f}, 3);
            w.write(folder.resolve("model.safetensors"));
        }
        CheckpointInfo info = CheckpointInfo.examine(folder, null);
        assertTrue(info.isSound(), "" + info.unexpected() + info.refusals());
        assertEquals(List.of(name), info.unused());
        try (Device device = new ReferenceDevice(); WeightFiles files = WeightFiles.open(folder)) {
            switch (info.outline().architecture()) {
                case ModelOutline.Video _ -> TinyLlavaVideo.load(device, folder).close();
                case ModelOutline.Text _ -> Qwen2.load(device, folder, files, WeightSource.Precision.F32).parameters().close();
                case ModelOutline.Vision _ -> SiglipVision.load(device, folder, files, WeightSource.Precision.F32).parameters().close();
            }
        }
    }

    /// As transformers 5 saves a tower of its own: without the published prefix.
    @Test void aTowerWithoutThePublishedPrefixIsComplete(@TempDir Path folder) throws IOException {
        Path published = GOLDEN.resolve("siglip/tiny/model");
        Files.copy(published.resolve("config.json"), folder.resolve("config.json"));
        try (WeightFiles files = WeightFiles.open(published)) {
            SafetensorsWriter w = new SafetensorsWriter();
            files.tensors().values().forEach(t -> w.add(t.name().replaceFirst("^vision_model\\.", ""), t.toFloats(), t.shape()));
            w.write(folder.resolve("model.safetensors"));
        }
        CheckpointInfo plain = CheckpointInfo.read(folder);
        assertTrue(plain.isSound(), "" + plain.missing() + plain.unexpected());
        assertEquals(CheckpointInfo.read(published).parts(), plain.parts());
    }

    @Test void whatWouldBeRefusedIsSaidWithItsReason(@TempDir Path folder) throws IOException {
        Path model = GOLDEN.resolve("qwen2/tiny_untied_f32/model");
        Files.copy(model.resolve("config.json"), folder.resolve("config.json"));
        try (WeightFiles files = WeightFiles.open(model)) {
            SafetensorsWriter w = new SafetensorsWriter();
            files.tensors().values().forEach(t -> {
                if (t.name().equals("model.norm.weight")) w.add(t.name(), new long[(int) t.elements()], t.shape());
                else w.add(t.name(), t.toFloats(), t.shape());
            });
            w.write(folder.resolve("model.safetensors"));
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"top_k\": \"many\"}");
        CheckpointInfo info = CheckpointInfo.examine(folder, null);
        assertTrue(info.isComplete() && !info.isSound());
        assertEquals(List.of(folder.resolve("model.safetensors") + ": tensor \"model.norm.weight\": found I64, wanted a floating type",
                folder.resolve("generation_config.json") + ": top_k: found \"many\", wanted a whole number"), info.refusals());
    }

    @Test void anAdapterOfAnotherModelIsRefused() {
        LoraFile adapter = LoraFile.read(GOLDEN.resolve("qwen2/lora_r4/adapter"));
        assertTrue(CheckpointInfo.examine(GOLDEN.resolve("qwen2/lora_r4/model"), adapter).isSound());
        CheckpointInfo other = CheckpointInfo.examine(GOLDEN.resolve("tinyllava_video/one_video_16f/model"), adapter);
        assertTrue(other.isComplete() && !other.isSound() && other.refusals().getFirst()
                .matches("adapter: \"model.*lora_A.weight\": found .*, wanted .* from the model's config.json"), "" + other.refusals());
        assertTrue(CheckpointInfo.examine(GOLDEN.resolve("siglip/tiny/model"), adapter).refusals().getFirst().contains("found a SigLIP model"));
    }

    @Test void weightsThatAreNotReadAreNoted(@TempDir Path folder) throws IOException {
        Path model = GOLDEN.resolve("qwen2/tiny_untied_f32/model");
        for (String name : List.of("config.json", WeightFiles.SINGLE)) Files.copy(model.resolve(name), folder.resolve(name));
        Files.writeString(folder.resolve(WeightFiles.INDEX), "{\"weight_map\": {\"a\": \"gone.safetensors\"}}");
        CheckpointInfo info = CheckpointInfo.examine(folder, null);
        assertTrue(info.isSound());
        assertEquals("one safetensors file", info.layout());
        assertEquals(List.of(folder.resolve(WeightFiles.INDEX)
                + ": not read, as model.safetensors lies beside it and goes first, as in transformers"), info.notes());
    }

    /// A model that is planned and then opened is read once, not twice.
    @Test void plansReadNoWeights(@TempDir Path folder) throws IOException {
        Path bin = folder.resolve("bin");
        CheckpointConversion.convert(GOLDEN.resolve("qwen2/tiny_untied_f32/model"), bin,
                new CheckpointConversion.Options(null, WeightFormat.BIN, CheckpointConversion.Layout.SINGLE, 1, null, List.of(), Set.of()),
                        (_, _, _) -> {});
        Path file = bin.resolve("pytorch_model.bin");
        byte[] bytes = Files.readAllBytes(file);
        int at;
        try (WeightFiles files = WeightFiles.open(bin)) {
            byte[] weight = files.tensor("lm_head.weight").data().toArray(ValueLayout.JAVA_BYTE);
            at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(new String(weight, StandardCharsets.ISO_8859_1));
        }
        bytes[at] ^= 1;
        Files.write(file, bytes);
        assertTrue(CheckpointInfo.read(bin).isSound());
        assertTrue(assertThrows(WeightFileException.class, () -> CheckpointInfo.examine(bin, null)).getMessage().contains("found checksum"));
    }

    @Test void partsTypesAndLayouts() {
        CheckpointInfo bf16 = CheckpointInfo.read(GOLDEN.resolve("tinyllava_video/one_video_bf16/model"));
        assertEquals(StoredType.BF16, bf16.widest());
        assertEquals(2 * bf16.parameters(), bf16.bytes());
        assertEquals(List.of("vision tower", "connector", "language model"), bf16.parts().stream().map(CheckpointInfo.Part::name).toList());
        CheckpointInfo folders = CheckpointInfo.read(GOLDEN.resolve("tinyllava_video/batch_padded/model_folders"));
        assertEquals("TinyLLaVA's three folders (language_model: one PyTorch file; vision_tower: one PyTorch file; connector: one PyTorch file)",
                folders.layout());
        CheckpointInfo text = CheckpointInfo.read(GOLDEN.resolve("qwen2/tiny_untied_f32/model"));
        assertEquals(Map.of(StoredType.F32, text.parameters()), text.parts().getFirst().stored());
    }
}
