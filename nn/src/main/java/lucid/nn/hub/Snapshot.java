package lucid.nn.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import lucid.nn.file.JsonText;

/// Whether a snapshot in the cache holds a whole model. Other tools fetch single files, and downloads are interrupted.
final class Snapshot {
    private Snapshot() {}

    static boolean isComplete(Path folder) {
        if (Files.exists(folder.resolve("adapter_config.json"))) return hasWeights(folder);
        if (!Files.exists(folder.resolve("config.json"))) return false;
        return hasWeights(folder) || List.of("language_model", "vision_tower", "connector").stream().allMatch(p -> hasWeights(folder.resolve(p)));
    }

    private static boolean hasWeights(Path folder) {
        for (String name : List.of("model.safetensors", "pytorch_model.bin")) {
            Path index = folder.resolve(name + ".index.json");
            if (Files.exists(index)) return shardsExist(folder, index);
            if (Files.exists(folder.resolve(name))) return true;
        }
        return Files.exists(folder.resolve("adapter_model.safetensors"));
    }

    private static boolean shardsExist(Path folder, Path index) {
        try {
            JsonNode map = JsonText.read(index).path("weight_map");
            for (JsonNode shard : map) if (!shard.isTextual() || !Files.isRegularFile(folder.resolve(shard.asText()))) return false;
            return !map.isEmpty();
        } catch (IOException | InvalidPathException _) {
            // Damaged: not complete, so it is fetched again or refused where it is read.
            return false;
        }
    }
}
