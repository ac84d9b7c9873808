package lucid.nn.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.nn.config.ConfigFile;
import lucid.nn.file.NewTensor;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.file.WeightFormat;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.PackedFile;

/// Reads a checkpoint in any layout that [WeightFiles] knows and writes it in another, all of it or nothing: the new folder appears when it is
/// complete. Tensors are streamed in pieces of a megabyte from the mapped file.
public final class CheckpointConversion {
    /// What the new folder looks like.
    public enum Layout {
        /// `model.safetensors` or `pytorch_model.bin`.
        SINGLE,
        /// `model-00001-of-0000N.safetensors` or `pytorch_model-00001-of-0000N.bin`, and an index.
        SHARDED,
        /// `language_model/`, `vision_tower/`, `connector/`, each with one file of names without the outer prefix.
        FOLDERS
    }

    /// @param type          of floating tensors: F32, F16 or BF16; null: each as it is
    /// @param maxShardBytes for [Layout#SHARDED]
    /// @param adapter       a low-rank adapter to merge into the decoder's weights, or to take out of them again; null: none
    /// @param companions    files from elsewhere that the model needs beside its weights; the source's own of the same name goes first
    /// @param unwanted      names in the source that are no part of the model
    public record Options(StoredType type, WeightFormat format, Layout layout, long maxShardBytes, Adapter adapter, List<Path> companions,
            Set<String> unwanted) {
        /// The size that transformers uses.
        public static final long SHARD = 5_000_000_000L;

        public Options {
            if (type != null && type != StoredType.F32 && type != StoredType.F16 && type != StoredType.BF16)
                throw new IllegalArgumentException("type of the converted weights: found " + type + ", wanted F32, F16 or BF16");
            if (maxShardBytes < 1) throw new IllegalArgumentException("shards: found " + maxShardBytes + " bytes, wanted at least 1");
            companions = List.copyOf(companions);
            unwanted = Set.copyOf(unwanted);
        }

        /// The weights as they are, as safetensors.
        public Options(StoredType type, Layout layout, long maxShardBytes) {
            this(type, WeightFormat.SAFETENSORS, layout, maxShardBytes, null, List.of(), Set.of());
        }
    }

    /// @param merges whether `scale · B·A` is added to the weights or subtracted; back and forth is exact only up to the rounding of the weights'
    /// type
    public record Adapter(LoraFile file, boolean merges) {}

    /// Told after every piece.
    @FunctionalInterface
    public interface Progress {
        /// @param bytes  of weights that are written so far
        /// @param tensor the one that the last piece belongs to
        void wrote(long bytes, long total, String tensor);
    }

    /// @param copied  other files that came along unchanged or, `config.json`, with the new type; companions at the end
    /// @param leftOut what lay in the old folder and is not in the new one: other forms of the weights, folders, the unwanted; files of TinyLLaVA's
    /// parts as PART/NAME
    public record Summary(int tensors, long parameters, long bytes, List<String> copied, List<String> leftOut) {}

    private static final List<String> PARTS = Stream.of(WeightFiles.Part.values()).map(WeightFiles.Part::folder).toList();

    private final Path from;
    private final Path to;
    private final Options options;
    private final Progress progress;
    private final CheckpointWriter writer;
    private long total;
    private long done;

    private CheckpointConversion(Path from, Path to, Options options, Progress progress) {
        this.from = from;
        this.to = to;
        this.options = options;
        this.progress = progress;
        this.writer = new CheckpointWriter(from, options.format, options.layout, options.maxShardBytes, 1);
    }

    /// Converts a folder or file into a new folder.
    ///
    /// @throws WeightFileException if the source is damaged, or cannot have the wanted layout or type
    public static Summary convert(Path from, Path to, Options options, Progress progress) {
        return new CheckpointConversion(from, to, options, progress).run();
    }

    private Summary run() {
        if (Files.exists(to)) throw new IllegalArgumentException(to + " is there already, wanted a folder to be made");
        try (WeightFiles files = WeightFiles.open(from)) {
            if (to.toAbsolutePath().normalize().startsWith(from.toAbsolutePath().normalize()))
                throw new IllegalArgumentException(to + " lies in " + from + ", which is converted; wanted a folder elsewhere");
            List<StoredTensor> tensors = List.copyOf(files.tensors().values());
            if (options.adapter != null) check(options.adapter.file, files);
            ConfigFile config = config();
            total = tensors.stream().mapToLong(t -> t.elements() * ElementConversion.target(t, options.type).bytes()).sum();
            return NewFolder.make("convert", to, total, aside -> {
                writer.writeWeights(aside, tensors.stream().map(this::entry).toList());
                List<String> copied = new ArrayList<>();
                List<String> leftOut = new ArrayList<>();
                if (Files.isDirectory(from))
                    copyOthers(config, tensors.stream().map(StoredTensor::file).collect(Collectors.toSet()), aside, copied, leftOut);
                copyCompanions(aside, copied);
                return new Summary(tensors.size(), tensors.stream().mapToLong(StoredTensor::elements).sum(), total, copied, leftOut);
            });
        }
    }

    private NewTensor entry(StoredTensor t) {
        StoredType type = ElementConversion.target(t, options.type);
        LoraFile.Module module = options.adapter == null ? null : options.adapter.file.of(t.name());
        int sign = module != null && options.adapter.merges ? 1 : -1;
        NewTensor.Source source = module == null ? ElementConversion.source(t, type)
                : ElementConversion.source(t, options.adapter.file.merged(module, t::value, sign), type);
        return new NewTensor(t.name(), type, t.shape(), (at, count, chunk) -> {
            source.read(at, count, chunk);
            done += (long) count * type.bytes();
            progress.wrote(done, total, t.name());
        });
    }

    // Everything that the adapter changes must be there, in its shape: half a merge would be worse than none.
    private static void check(LoraFile adapter, WeightFiles files) {
        List<String> homeless = adapter.notIn(files.tensors().keySet());
        if (!homeless.isEmpty())
            throw new WeightFileException("merge: " + files.source() + " has no weight of layer \"" + homeless.getFirst() + "\" (and "
                    + (homeless.size() - 1) + " others), which the adapter changes; wanted the model it was made for");
        for (StoredTensor t : files.tensors().values()) {
            LoraFile.Module m = adapter.of(t.name());
            if (m == null) continue;
            t.requireShape("of the adapter", m.out(), m.in());
            if (!t.isFloating()) throw WeightFileException.of(t.file(), t.name(), t.type().toString(), "a floating type to merge an adapter into");
        }
    }

    // Read before the first weight is written: a damaged one is found at once. Null: there is none.
    private ConfigFile config() {
        Path file = from.resolve("config.json");
        if (Files.exists(file)) return ConfigFile.read(file);
        if (options.layout == Layout.FOLDERS)
            throw WeightFileException.of(from, "found no config.json, wanted one with text_config and vision_config for the layout of folders");
        return null;
    }

    private void copyOthers(ConfigFile config, Set<Path> converted, Path folder, List<String> copied, List<String> leftOut) throws IOException {
        // Weights at the top go before those of the parts, see WeightFiles.
        boolean inParts = WeightFiles.NAMES.stream().noneMatch(name -> Files.exists(from.resolve(name)));
        for (Path file : list(from)) {
            String name = file.getFileName().toString();
            if (inParts && PARTS.contains(name)) {
                copyBeside(name, folder, copied, leftOut);
                continue;
            }
            if (name.equals("config.json")) {
                writer.writeConfig(config.where(), config.json(), options.type, folder);
            } else if (Files.isRegularFile(file) && !isWeights(name) && !options.unwanted.contains(name)) Files.copy(file, folder.resolve(name));
            else {
                // An index of weights means nothing to those who do not have them.
                if (!converted.contains(file) && !name.endsWith(".index.json")) leftOut.add(name);
                continue;
            }
            copied.add(name);
        }
    }

    // A part's own files have a place in the same layout only: at the top, where the whole model's lie, they would mean something else. Its
    // config.json is made of the model's.
    private void copyBeside(String part, Path folder, List<String> copied, List<String> leftOut) throws IOException {
        for (Path file : list(from.resolve(part))) {
            String name = file.getFileName().toString();
            if (isWeights(name) || name.equals("config.json")) continue;
            boolean kept = options.layout == Layout.FOLDERS && Files.isRegularFile(file);
            if (kept) Files.copy(file, folder.resolve(part).resolve(name));
            (kept ? copied : leftOut).add(part + "/" + name);
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.sorted().toList();
        }
    }

    private void copyCompanions(Path folder, List<String> copied) throws IOException {
        for (Path file : options.companions) {
            String name = file.getFileName().toString();
            if (copied.contains(name)) continue;
            Files.copy(file, folder.resolve(name));
            copied.add(name);
        }
    }

    static boolean isWeights(String name) {
        return name.endsWith(".safetensors") || name.equals(PackedFile.NAME) || name.endsWith(".index.json") || name.startsWith("pytorch_model")
                && name.endsWith(".bin");
    }
}
