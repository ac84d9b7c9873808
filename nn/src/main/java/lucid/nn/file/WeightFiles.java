package lucid.nn.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// All weights of a checkpoint folder under one set of names: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
public final class WeightFiles implements AutoCloseable {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";

    private final Path source;
    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private WeightFiles(Path source) { this.source = source; }

    /// Opens a folder, or one safetensors file.
    public static WeightFiles open(Path path) {
        WeightFiles out = new WeightFiles(path);
        boolean done = false;
        try {
            if (!Files.isDirectory(path)) out.addAll(SafetensorsFile.open(path));
            else if (Files.exists(path.resolve(INDEX))) out.addShards(path);
            else if (Files.exists(path.resolve(SINGLE))) out.addAll(SafetensorsFile.open(path.resolve(SINGLE)));
            else throw WeightFileException.of(path, "found neither " + SINGLE + " nor " + INDEX + "; wanted a checkpoint folder in the published layout");
            done = true;
            return out;
        } finally {
            if (!done) out.close();
        }
    }

    private void addAll(SafetensorsFile file) {
        files.add(file);
        tensors.putAll(file.tensors());
    }

    private void addShards(Path folder) {
        Path index = folder.resolve(INDEX);
        Map<String, String> map = weightMap(index);
        Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
        for (String name : new TreeSet<>(map.values())) {
            if (!Path.of(name).getFileName().toString().equals(name)) {
                throw WeightFileException.of(index, "found shard \"" + name + "\", wanted a plain file name in the same folder");
            }
            if (!Files.exists(folder.resolve(name))) throw WeightFileException.of(index, "names the shard " + name + ", which is not there");
            SafetensorsFile shard = SafetensorsFile.open(folder.resolve(name));
            files.add(shard);
            shards.put(name, shard);
        }
        map.forEach((tensor, shard) -> tensors.put(tensor, shards.get(shard).tensor(tensor)));
        shards.forEach((name, shard) -> shard.tensors().keySet().forEach(t -> {
            if (!name.equals(map.get(t))) throw WeightFileException.of(index, "shard " + name + " holds tensor \"" + t + "\", which the index places in " + map.get(t));
        }));
    }

    private static Map<String, String> weightMap(Path index) {
        try {
            JsonNode map = new ObjectMapper().readTree(Files.readAllBytes(index)).path("weight_map");
            if (!map.isObject() || map.isEmpty()) throw WeightFileException.of(index, "found no \"weight_map\" with tensors in it");
            Map<String, String> out = new LinkedHashMap<>();
            map.properties().forEach(e -> out.put(e.getKey(), e.getValue().asText()));
            return out;
        } catch (IOException e) {
            throw new WeightFileException(index + ": cannot be read as JSON: " + e.getMessage(), e);
        }
    }

    /// The folder or file that was opened.
    public Path source() { return source; }

    public Map<String, StoredTensor> tensors() { return Collections.unmodifiableMap(tensors); }

    public boolean has(String name) { return tensors.containsKey(name); }

    /// The tensor of that name.
    public StoredTensor tensor(String name) {
        StoredTensor t = tensors.get(name);
        if (t == null) throw WeightFileException.of(source, "no tensor \"" + name + "\"; it has " + tensors.size() + " tensors");
        return t;
    }

    @Override public void close() { files.forEach(SafetensorsFile::close); }
}
