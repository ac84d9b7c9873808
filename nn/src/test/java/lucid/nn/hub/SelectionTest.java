package lucid.nn.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SelectionTest {
    /// What peft wrote before 0.6, and what it writes now; of the two the one that is read.
    @Test void anAdaptersMatrices() {
        assertEquals(List.of("adapter_config.json", "adapter_model.bin"), Selection.MODEL.of(List.of("README.md", "adapter_config.json", "adapter_model.bin", "optimizer.bin")));
        assertEquals(List.of("adapter_config.json", "adapter_model.safetensors"), Selection.MODEL.of(List.of("adapter_config.json", "adapter_model.bin", "adapter_model.safetensors")));
    }
}
