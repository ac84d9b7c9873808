package lucid.nn.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import lucid.nn.disk.JsonText;
import lucid.nn.file.WeightFiles;

/// Whether a snapshot in the cache holds a whole model. Other tools fetch single files, and downloads are interrupted.
final class Snapshot {
    private Snapshot() {}

    /// True if configuration and weights are there, or an adapter's.
    static boolean isComplete(Path folder) {
        if (Files.exists(folder.resolve("adapter_config.json")))
            return Selection.ADAPTERS.stream().anyMatch(name -> Files.exists(folder.resolve(name)));
        if (!Files.exists(folder.resolve("config.json"))) return false;
        return hasWeights(folder) || List.of("language_model", "vision_tower", "connector").stream().allMatch(p -> hasWeights(folder.resolve(p)));
    }

    /// True if there is a tokenizer besides. Other tools fetch it on its own, and some repositories have none.
    static boolean hasTokenizer(Path folder) {
        return Files.exists(folder.resolve("tokenizer.json")) || Files.exists(folder.resolve("vocab.json"))
                && Files.exists(folder.resolve("merges.txt"));
    }

    private static boolean hasWeights(Path folder) {
        String name = WeightFiles.chosen(folder).orElse(null);
        return name != null && (!name.endsWith(".index.json") || shardsExist(folder, folder.resolve(name)));
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
