package lucid.nn.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SelectionTest {
    /// What peft wrote before 0.6, and what it writes now; of the two the one that is read.
    @Test void anAdaptersMatrices() {
        assertEquals(List.of("adapter_config.json", "adapter_model.bin"),
                Selection.MODEL.of(List.of("README.md", "adapter_config.json", "adapter_model.bin", "optimizer.bin")));
        assertEquals(List.of("adapter_config.json", "adapter_model.safetensors"),
                Selection.MODEL.of(List.of("adapter_config.json", "adapter_model.bin", "adapter_model.safetensors")));
    }

    @Test void weightsAndAnAdapterSideBySide() {
        assertEquals(List.of("config.json", "tokenizer.json", "adapter_model.safetensors", "pytorch_model.bin"),
                Selection.MODEL.of(List.of("config.json", "pytorch_model.bin", "adapter_model.safetensors", "tokenizer.json")));
        assertEquals(List.of("config.json", "adapter_model.bin", "model.safetensors"),
                Selection.MODEL.of(List.of("config.json", "model.safetensors", "pytorch_model.bin", "adapter_model.bin")));
    }

    /// What `save_pretrained(variant="fp16")` writes, today and before, beside the weights that are read.
    @Test void variantsStayThere() {
        assertEquals(List.of("config.json", "model.safetensors"),
                Selection.MODEL.of(List.of("config.json", "model.safetensors", "model.fp16.safetensors", "pytorch_model.bin")));
        assertEquals(List.of("config.json", "pytorch_model.bin"),
                Selection.MODEL.of(List.of("config.json", "pytorch_model.bin", "pytorch_model.fp16.bin", "model.fp16.safetensors")));
        List<String> shards = List.of("model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        assertEquals(shards, Selection.MODEL.of(List.of("model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors",
                "model.fp16-00001-of-00002.safetensors", "model-00001-of-00002.fp16.safetensors",
                "model.safetensors.index.json", "pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json")));
        // Qwen's newer repositories.
        List<String> qwen = List.of("model.safetensors.index.json", "model.safetensors-00001-of-00001.safetensors");
        assertEquals(qwen, Selection.MODEL.of(qwen));
    }

    /// As two uploads into one repository leave it.
    @Test void oneFileGoesBeforeShards() {
        assertEquals(List.of("config.json", "model.safetensors"),
                Selection.MODEL.of(List.of("config.json", "model-00001-of-00001.safetensors", "model.safetensors", "model.safetensors.index.json",
                "pytorch_model.bin.index.json")));
        assertEquals(List.of("config.json", "pytorch_model.bin"),
                Selection.MODEL.of(List.of("config.json", "pytorch_model-00001-of-00001.bin", "pytorch_model.bin", "pytorch_model.bin.index.json")));
    }

    @Test void partsDecideForThemselves() {
        List<String> files = List.of("config.json", "connector/pytorch_model.bin", "language_model/model.safetensors",
                "vision_tower/pytorch_model.bin");
        assertEquals(files, Selection.MODEL.of(Stream.concat(files.stream(), Stream.of("language_model/pytorch_model.bin")).toList()));
    }
}
