package lucid.nn.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lucid.nn.file.AtomicFile;
import lucid.nn.file.SafetensorsWriter;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;

/// Reads a checkpoint in any layout that [WeightFiles] knows and writes it as safetensors in another, all of it or nothing: the new folder appears when it is complete.
/// Tensors are streamed in pieces of a megabyte from the mapped file.
public final class CheckpointConversion {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// What the new folder looks like.
    public enum Layout {
        /// `model.safetensors`.
        SINGLE,
        /// `model-00001-of-0000N.safetensors` and an index.
        SHARDED,
        /// `language_model/`, `vision_tower/`, `connector/`, each with a `model.safetensors` of names without the outer prefix.
        FOLDERS
    }

    /// @param type          of floating tensors: F32, F16 or BF16; null: each as it is
    /// @param maxShardBytes for [Layout#SHARDED]
    public record Options(StoredType type, Layout layout, long maxShardBytes) {
        /// The size that transformers uses.
        public static final long SHARD = 5_000_000_000L;

        public Options {
            if (type != null && type != StoredType.F32 && type != StoredType.F16 && type != StoredType.BF16) throw new IllegalArgumentException("convert: found type " + type + ", wanted F32, F16 or BF16");
            if (maxShardBytes < 1) throw new IllegalArgumentException("convert: found shards of " + maxShardBytes + " bytes, wanted at least 1");
        }
    }

    /// Told after every piece.
    @FunctionalInterface
    public interface Progress {
        void wrote(long bytes, long total, String tensor);
    }

    /// @param copied  other files that came along unchanged or, `config.json`, with the new type
    /// @param leftOut what lay in the old folder and is not in the new one: other forms of the weights, folders
    public record Summary(int tensors, long parameters, long bytes, List<String> copied, List<String> leftOut) {}

    private final Path from;
    private final Path to;
    private final Options options;
    private final Progress progress;
    private long total;
    private long done;

    private CheckpointConversion(Path from, Path to, Options options, Progress progress) {
        this.from = from;
        this.to = to;
        this.options = options;
        this.progress = progress;
    }

    /// Converts a folder or file into a new folder.
    ///
    /// @throws WeightFileException if the source is damaged, or cannot have the wanted layout or type
    public static Summary convert(Path from, Path to, Options options, Progress progress) { return new CheckpointConversion(from, to, options, progress).run(); }

    private Summary run() {
        if (Files.exists(to)) throw new IllegalArgumentException("convert: " + to + " is there already, wanted a folder to be made");
        Path target = to.toAbsolutePath().normalize();
        Path aside = target.resolveSibling("." + target.getFileName() + ".tmp" + ProcessHandle.current().pid());
        boolean complete = false;
        try (WeightFiles files = WeightFiles.open(from)) {
            List<StoredTensor> tensors = List.copyOf(files.tensors().values());
            total = tensors.stream().mapToLong(t -> t.elements() * ElementConversion.target(t, options.type).bytes()).sum();
            Files.createDirectories(aside);
            requireRoom(aside);
            writeWeights(aside, tensors);
            List<String> copied = new ArrayList<>();
            List<String> leftOut = new ArrayList<>();
            if (Files.isDirectory(from)) copyOthers(aside, copied, leftOut);
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            complete = true;
            return new Summary(tensors.size(), tensors.stream().mapToLong(StoredTensor::elements).sum(), total, copied, leftOut);
        } catch (IOException e) {
            throw new UncheckedIOException("convert: " + to + " cannot be written (" + e.getClass().getSimpleName() + ": " + e.getMessage() + ")", e);
        } finally {
            if (!complete) deleteAside(aside);
        }
    }

    private void requireRoom(Path folder) throws IOException {
        long room = Files.getFileStore(folder).getUsableSpace();
        if (room < total) throw new IllegalArgumentException("convert: " + to + " needs " + total + " bytes, found " + room + " free on its disk");
    }

    private void writeWeights(Path folder, List<StoredTensor> tensors) throws IOException {
        if (options.layout != Layout.FOLDERS) {
            SafetensorsWriter writer = writer();
            tensors.forEach(t -> add(writer, t.name(), t));
            if (options.layout == Layout.SINGLE) writer.write(folder.resolve(WeightFiles.SINGLE));
            else writer.writeShards(folder, options.maxShardBytes);
            return;
        }
        List<StoredTensor> left = new ArrayList<>(tensors);
        for (WeightFiles.Part part : WeightFiles.Part.values()) {
            List<StoredTensor> own = left.stream().filter(t -> t.name().startsWith(part.prefix())).toList();
            if (own.isEmpty()) throw WeightFileException.of(from, "found no tensor \"" + part.prefix() + "...\", wanted a TinyLLaVA model for the layout of folders");
            left.removeAll(own);
            SafetensorsWriter writer = writer();
            own.forEach(t -> add(writer, t.name().substring(part.prefix().length()), t));
            Files.createDirectories(folder.resolve(part.folder()));
            writer.write(folder.resolve(part.folder()).resolve(WeightFiles.SINGLE));
        }
        if (!left.isEmpty()) throw WeightFileException.of(from, left.getFirst().name(), "a name of none of the three folders", "language_model., vision_tower. or connector. before it");
    }

    private static SafetensorsWriter writer() { return new SafetensorsWriter().metadata("format", "pt"); }

    private void add(SafetensorsWriter writer, String name, StoredTensor t) {
        StoredType type = ElementConversion.target(t, options.type);
        SafetensorsWriter.Source source = ElementConversion.source(t, type);
        writer.add(name, type, t.shape(), (at, count, chunk) -> {
            source.read(at, count, chunk);
            done += (long) count * type.bytes();
            progress.wrote(done, total, t.name());
        });
    }

    private void copyOthers(Path folder, List<String> copied, List<String> leftOut) throws IOException {
        List<String> parts = Stream.of(WeightFiles.Part.values()).map(WeightFiles.Part::folder).toList();
        List<Path> others;
        try (Stream<Path> list = Files.list(from)) {
            others = list.sorted().toList();
        }
        for (Path file : others) {
            String name = file.getFileName().toString();
            if (name.equals("config.json")) writeConfig(file, folder);
            else if (Files.isRegularFile(file) && !isWeights(name)) Files.copy(file, folder.resolve(name));
            else {
                if (parts.stream().noneMatch(name::equals)) leftOut.add(name);
                continue;
            }
            copied.add(name);
        }
        if (options.layout == Layout.FOLDERS && !copied.contains("config.json")) throw WeightFileException.of(from, "found no config.json, wanted one with text_config and vision_config for the layout of folders");
    }

    private static boolean isWeights(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".index.json") || name.startsWith("pytorch_model") && name.endsWith(".bin");
    }

    private void writeConfig(Path file, Path folder) throws IOException {
        JsonNode root = JSON.readTree(Files.readAllBytes(file));
        if (root == null || !root.isObject()) throw WeightFileException.of(file, "found no JSON object");
        if (options.type != null) setType((ObjectNode) root, true);
        writeJson(folder.resolve("config.json"), root);
        if (options.layout != Layout.FOLDERS) return;
        String[] keys = {"text_config", "vision_config"};
        for (int i = 0; i < keys.length; i++) {
            if (!root.path(keys[i]).isObject()) throw WeightFileException.of(file, "found no " + keys[i] + ", wanted one for the layout of folders");
            writeJson(folder.resolve(WeightFiles.Part.values()[i].folder()).resolve("config.json"), root.get(keys[i]));
        }
    }

    // transformers takes the dtype a model is loaded in from here.
    private void setType(ObjectNode config, boolean always) {
        String name = switch (options.type) {
            case F32 -> "float32";
            case F16 -> "float16";
            default -> "bfloat16";
        };
        String key = config.has("dtype") ? "dtype" : "torch_dtype";
        if (always || config.has(key)) config.put(key, name);
        config.properties().forEach(e -> {
            if (e.getValue() instanceof ObjectNode child) setType(child, false);
        });
    }

    private static void writeJson(Path file, JsonNode node) {
        byte[] text = (node.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, channel -> {
            ByteBuffer buffer = ByteBuffer.wrap(text);
            while (buffer.hasRemaining()) channel.write(buffer);
        });
    }

    private static void deleteAside(Path folder) {
        if (!Files.exists(folder)) return;
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override public FileVisitResult postVisitDirectory(Path dir, IOException e) throws IOException {
                    Files.delete(dir);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("convert: the unfinished folder " + folder + " cannot be deleted; delete it by hand", e);
        }
    }
}
