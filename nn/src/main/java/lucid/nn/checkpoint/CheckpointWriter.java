package lucid.nn.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import lucid.nn.checkpoint.CheckpointConversion.Layout;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.JsonText;
import lucid.nn.file.NewTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;

/// Weights and configuration in the published layouts.
///
/// @param origin        where the tensors come from, for messages
/// @param maxShardBytes for [Layout#SHARDED]
/// @param threads       that read the tensors' sources
record CheckpointWriter(Path origin, WeightFormat format, Layout layout, long maxShardBytes, int threads) {
    /// @param tensors under their names in the whole model
    void writeWeights(Path folder, List<NewTensor> tensors) throws IOException {
        switch (layout) {
            case SINGLE -> format.writeSingle(folder, tensors, threads);
            case SHARDED -> format.writeShards(folder, tensors, maxShardBytes, threads);
            case FOLDERS -> writeFolders(folder, tensors);
        }
    }

    private void writeFolders(Path folder, List<NewTensor> tensors) throws IOException {
        // All of it is divided before the first byte is written.
        Map<WeightFiles.Part, List<NewTensor>> parts = new EnumMap<>(WeightFiles.Part.class);
        List<NewTensor> left = new ArrayList<>(tensors);
        for (WeightFiles.Part part : WeightFiles.Part.values()) {
            List<NewTensor> own = left.stream().filter(t -> t.name().startsWith(part.prefix())).toList();
            if (own.isEmpty())
                throw WeightFileException.of(origin, "found no tensor \"" + part.prefix()
                        + "...\", wanted a TinyLLaVA model for the layout of folders");
            left.removeAll(own);
            parts.put(part, own.stream().map(t -> t.named(t.name().substring(part.prefix().length()))).toList());
        }
        if (!left.isEmpty())
            throw WeightFileException.of(origin, left.getFirst().name(), "a name of none of the three folders",
                    "language_model., vision_tower. or connector. before it");
        for (Map.Entry<WeightFiles.Part, List<NewTensor>> part : parts.entrySet()) {
            Files.createDirectories(folder.resolve(part.getKey().folder()));
            format.writeSingle(folder.resolve(part.getKey().folder()), part.getValue(), threads);
        }
    }

    /// Writes `config.json`, in the layout of folders also the nested ones.
    ///
    /// @param type of the weights; null: what the configuration says stays
    void writeConfig(String where, ObjectNode root, StoredType type, Path folder) {
        ObjectNode config = root.deepCopy();
        if (type != null) setType(config, type, true);
        writeJson(folder.resolve("config.json"), config);
        if (layout != Layout.FOLDERS) return;
        String[] keys = {"text_config", "vision_config"};
        for (int i = 0; i < keys.length; i++) {
            if (!config.path(keys[i]).isObject())
                throw new WeightFileException(where + ": found no " + keys[i] + ", wanted one for the layout of folders");
            writeJson(folder.resolve(WeightFiles.Part.values()[i].folder()).resolve("config.json"), config.get(keys[i]));
        }
    }

    // transformers takes the dtype a model is loaded in from here.
    private static void setType(ObjectNode config, StoredType type, boolean always) {
        String name = switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            default -> "bfloat16";
        };
        String key = config.has("dtype") ? "dtype" : "torch_dtype";
        if (always || config.has(key)) config.put(key, name);
        config.properties().forEach(e -> {
            if (e.getValue() instanceof ObjectNode child) setType(child, type, false);
        });
    }

    static void writeJson(Path file, JsonNode node) { writeBytes(file, JsonText.pretty(node).getBytes(StandardCharsets.UTF_8)); }

    static void writeBytes(Path file, byte[] bytes) {
        AtomicFile.write(file, channel -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) channel.write(buffer);
        });
    }
}
