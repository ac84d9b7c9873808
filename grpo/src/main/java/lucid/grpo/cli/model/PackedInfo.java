package lucid.grpo.cli.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.nn.file.WeightFileException;
import lucid.nn.memory.MemoryPlan;
import lucid.nn.model.PackedFile;

/// What `lucid model info` says about what `lucid model pack` wrote.
///
/// @param file    null: there is none, or it is refused
/// @param refusal why an answer would stop at it; null: it would not
record PackedInfo(PackedFile.Description file, String refusal) {
    /// @param folder of the model itself, not of an adapter
    static PackedInfo of(Path folder) {
        try (Device cpu = new SimdDevice(1)) {
            return new PackedInfo(PackedFile.describe(cpu.packedOrder().orElseThrow(), folder).orElse(null), null);
        } catch (WeightFileException | UncheckedIOException e) {
            return new PackedInfo(null, e.getMessage());
        }
    }

    /// Of a file that is there.
    String line() {
        return file.path() + ", " + MemoryPlan.size(file.bytes()) + ", order " + file.order() + ", "
                + (file.aside() == null ? "read by generate, chat and eval --benchmark on this CPU" : "left aside: " + file.aside());
    }

    /// JSON's null: there is none.
    JsonNode toJson() {
        if (file == null) return NullNode.getInstance();
        return new ObjectNode(JsonNodeFactory.instance).put("path", file.path().toString()).put("bytes", file.bytes()).put("order", file.order())
                .put("usable", file.aside() == null).put("reason", file.aside());
    }
}
