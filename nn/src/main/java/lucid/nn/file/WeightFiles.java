package lucid.nn.file;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import lucid.nn.disk.JsonText;

/// All weights of a checkpoint folder under one set of names: one file, or the shards that an index names (safetensors first, then PyTorch), or
/// TinyLLaVA's three folders, whose files leave out the outer prefix.
public final class WeightFiles implements AutoCloseable {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";
    public static final String TORCH_SINGLE = "pytorch_model.bin";
    public static final String TORCH_INDEX = "pytorch_model.bin.index.json";
    /// Files of which one makes a folder a checkpoint: the first that is there is read, as in transformers.
    public static final List<String> NAMES = List.of(SINGLE, INDEX, TORCH_SINGLE, TORCH_INDEX);

    /// A folder of the layout that TinyLLaVA's pretraining writes (`training_recipe/base.py`), and what its names lack.
    public enum Part {
        LANGUAGE_MODEL("language_model", "language_model."), VISION_TOWER("vision_tower", "vision_tower._vision_tower."),
                CONNECTOR("connector", "connector.");

        private final String folder;
        private final String prefix;

        Part(String folder, String prefix) {
            this.folder = folder;
            this.prefix = prefix;
        }

        /// Its name inside the checkpoint.
        public String folder() { return folder; }

        /// What stands before a name of the folder's file in the whole model.
        public String prefix() { return prefix; }
    }

    private final Path source;
    private final boolean checksums;
    private final List<WeightFile> files = new ArrayList<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    private WeightFiles(Path source, boolean checksums) {
        this.source = source;
        this.checksums = checksums;
    }

    /// Opens a folder, or one file. Of the zip form of `.bin`, which has checksums, all bytes are read once.
    ///
    /// @throws WeightFileException if something is damaged, missing or there twice
    public static WeightFiles open(Path path) { return open(path, true); }

    /// The same for names, types and shapes: checksums of weights are not compared.
    public static WeightFiles headers(Path path) { return open(path, false); }

    private static WeightFiles open(Path path, boolean checksums) {
        WeightFiles out = new WeightFiles(path, checksums);
        boolean done = false;
        try {
            if (!Files.isDirectory(path)) out.addAll("", out.opened(path));
            else if (!out.addFolder(path, "")) out.addParts(path);
            done = true;
            return out;
        } finally {
            if (!done) out.close();
        }
    }

    /// Whether weights lie in the folder, in any layout; looks at names only.
    public static boolean isCheckpoint(Path folder) {
        return chosen(folder).isPresent() || Arrays.stream(Part.values()).allMatch(part -> chosen(folder.resolve(part.folder())).isPresent());
    }

    /// The file of a folder that is read, one of [#NAMES]; looks at names only.
    public static Optional<String> chosen(Path folder) { return NAMES.stream().filter(name -> Files.exists(folder.resolve(name))).findFirst(); }

    private WeightFile opened(Path path) {
        WeightFile file = WeightFile.open(path, checksums);
        files.add(file);
        return file;
    }

    /// False if there is no weight file in the folder.
    private boolean addFolder(Path folder, String prefix) {
        String chosen = chosen(folder).orElse(null);
        if (chosen == null) return false;
        // Two models saved into one folder leave this behind, and the one that was saved last need not be the one that is read.
        for (String other : NAMES) {
            if (!other.equals(chosen) && Files.exists(folder.resolve(other)))
                notes.add(folder.resolve(other) + ": not read, as " + chosen + " lies beside it and goes first, as in transformers");
        }
        if (chosen.equals(INDEX) || chosen.equals(TORCH_INDEX)) addShards(folder, folder.resolve(chosen), prefix);
        else addAll(prefix, opened(folder.resolve(chosen)));
        return true;
    }

    private void addParts(Path folder) {
        for (Part part : Part.values()) {
            Path inner = folder.resolve(part.folder());
            if (!Files.isDirectory(inner) || !addFolder(inner, part.prefix())) {
                throw WeightFileException.of(folder, "found neither " + SINGLE + " nor " + INDEX + " nor " + TORCH_SINGLE + " nor " + TORCH_INDEX
                        + ", and no weights in " + part.folder() + "/; wanted a checkpoint folder in a published layout");
            }
        }
    }

    private void addAll(String prefix, WeightFile file) { file.tensors().values().forEach(t -> add(prefix, t)); }

    private void add(String prefix, StoredTensor t) {
        StoredTensor named = prefix.isEmpty() ? t : new StoredTensor(t.file(), prefix + t.name(), t.type(), t.shape(), t.data());
        if (tensors.putIfAbsent(named.name(), named) != null)
            throw WeightFileException.of(t.file(), "tensor \"" + named.name() + "\" is in another file of the folder too");
    }

    private void addShards(Path folder, Path index, String prefix) {
        JsonNode root = root(index);
        Map<String, String> map = weightMap(index, root);
        Map<String, WeightFile> shards = new LinkedHashMap<>();
        for (String name : new TreeSet<>(map.values())) {
            if (!isPlain(name)) throw WeightFileException.of(index, "found shard \"" + name + "\", wanted a plain file name in the same folder");
            if (!Files.exists(folder.resolve(name))) throw WeightFileException.of(index, "names the shard " + name + ", which is not there");
            shards.put(name, opened(folder.resolve(name)));
        }
        long bytes = 0;
        for (Map.Entry<String, String> e : map.entrySet()) {
            StoredTensor t = shards.get(e.getValue()).tensor(e.getKey());
            add(prefix, t);
            bytes += t.data().byteSize();
        }
        noteTotal(index, root.path("metadata").get("total_size"), bytes);
        shards.forEach((name, shard) -> shard.tensors().keySet().forEach(t -> {
            if (!name.equals(map.get(t)))
                throw WeightFileException.of(index, "shard " + name + " holds tensor \"" + t + "\", which the index places in " + map.get(t));
        }));
    }

    // No reason to refuse: transformers reads it and uses it for nothing, and sound checkpoints disagree, because tools that change type, drop a tied
    // head or take out a part leave the old sum behind, and some write the files' sizes. What is there is known from the shards' headers and the
    // configuration, tensor by tensor.
    private void noteTotal(Path index, JsonNode total, long bytes) {
        boolean same = total == null || (total.isIntegralNumber() ? total.canConvertToLong() && total.longValue() == bytes : total.isNumber()
                && total.doubleValue() == bytes);
        if (!same) notes.add(index + ": metadata.total_size: found " + total + ", wanted " + bytes + ", the bytes of its tensors");
    }

    // Checked as text first, because what leads to another folder differs between systems.
    private static boolean isPlain(String name) {
        try {
            Path.of(name);
        } catch (InvalidPathException _) {
            return false;
        }
        return !name.isEmpty() && !name.equals(".") && !name.equals("..") && name.chars()
                .noneMatch(c -> c < ' ' || c == '/' || c == '\\' || c == ':');
    }

    private static JsonNode root(Path index) {
        try {
            return JsonText.read(index);
        } catch (IOException e) {
            throw new WeightFileException(index + ": " + JsonText.reason(e), e);
        }
    }

    private static Map<String, String> weightMap(Path index, JsonNode root) {
        JsonNode map = root == null ? null : root.get("weight_map");
        if (map == null || !map.isObject() || map.isEmpty()) throw WeightFileException.of(index, "found no \"weight_map\" with tensors in it");
        Map<String, String> out = new LinkedHashMap<>();
        map.properties().forEach(e -> {
            if (!e.getValue().isTextual()) throw WeightFileException.of(index, e.getKey(), e.getValue().toString(), "the name of a shard");
            out.put(e.getKey(), e.getValue().asText());
        });
        return out;
    }

    /// The folder or file that was opened.
    public Path source() { return source; }

    /// All tensors by their names in the whole model, whichever file they lie in; mapped, not read.
    public Map<String, StoredTensor> tensors() { return Collections.unmodifiableMap(tensors); }

    /// What is odd and harmless, a line each: weights that are there in another form and not read, an index that gives another size than its tensors
    /// have.
    public List<String> notes() { return Collections.unmodifiableList(notes); }

    public boolean has(String name) { return tensors.containsKey(name); }

    /// The tensor of that name.
    public StoredTensor tensor(String name) {
        StoredTensor t = tensors.get(name);
        if (t == null) throw WeightFileException.of(source, "no tensor \"" + name + "\"; it has " + tensors.size() + " tensors");
        return t;
    }

    @Override public void close() { files.forEach(WeightFile::close); }
}
