package lucid.nn.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import lucid.nn.config.ConfigException;
import lucid.nn.config.ConfigFile;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.PreprocessorConfig;
import lucid.nn.disk.IoReason;
import lucid.nn.file.StoredTensor;
import lucid.nn.file.StoredType;
import lucid.nn.file.WeightFileException;
import lucid.nn.file.WeightFiles;
import lucid.nn.lora.LoraFile;
import lucid.nn.model.Qwen2;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.weights.Declaration;

/// What a checkpoint folder holds, against what its `config.json` demands.
///
/// @param layout     in words
/// @param parts      of the model, in the order of the data's way
/// @param bytes      of all tensors
/// @param missing    names that the configuration demands and no file has
/// @param unexpected names that no layer asks for
/// @param unused     names that may be there and are not used (a stored copy of a tied head, tables that are computed, the text half of a SigLIP
/// model)
/// @param mismatched tensors of another shape than demanded
/// @param notes      what is odd and does no harm, see [WeightFiles#notes]
/// @param refusals   why it would be refused although all weights are there, a reason each
public record CheckpointInfo(Path folder, ModelOutline outline, String layout, List<Part> parts, long bytes, List<String> missing,
        List<String> unexpected,
                             List<String> unused, List<Mismatch> mismatched, List<String> notes, List<String> refusals) {
    /// @param parameters numbers that the configuration demands
    /// @param tensors    that are there
    /// @param stored     their numbers by type
    public record Part(String name, long parameters, int tensors, Map<StoredType, Long> stored, long bytes) {}

    /// A tensor whose shape is not the one that the configuration demands, dimensions outermost first.
    public record Mismatch(String name, long[] found, long[] wanted) {
        @Override public String toString() { return name + ": found " + Arrays.toString(found) + ", wanted " + Arrays.toString(wanted); }
    }

    /// True if the weights are those that the configuration demands.
    public boolean isComplete() { return missing.isEmpty() && unexpected.isEmpty() && mismatched.isEmpty(); }

    /// True if the model can be loaded and, if it is one that answers, asked.
    public boolean isSound() { return isComplete() && refusals.isEmpty(); }

    /// Numbers that the configuration demands.
    public long parameters() { return outline.count(); }

    /// The widest type that tensors of the model are stored in; null without any.
    public StoredType widest() {
        return parts.stream().flatMap(p -> p.stored.keySet().stream()).max((a, b) -> Integer.compare(a.bytes(), b.bytes())).orElse(null);
    }

    /// Looks into a folder in any published layout. A folder with a configuration alone is described too: everything is missing then.
    /// Only headers are read, however large the files are: this is for plans, and whoever loads the weights then finds what is damaged.
    ///
    /// @throws WeightFileException if a file is damaged
    public static CheckpointInfo read(Path folder) { return read(folder, false, null); }

    /// The same for a verdict: whatever would be found on loading is, see [WeightFiles#open].
    ///
    /// @param adapter that is to stand beside it; null: none
    public static CheckpointInfo examine(Path folder, LoraFile adapter) { return read(folder, true, adapter); }

    private static CheckpointInfo read(Path folder, boolean verdict, LoraFile adapter) {
        ConfigFile config = ConfigFile.read(folder);
        if (!WeightFiles.isCheckpoint(folder)) return of(folder, ModelOutline.of(config), "no weights", Map.of(), List.of(), verdict, adapter);
        try (WeightFiles files = verdict ? WeightFiles.open(folder) : WeightFiles.headers(folder)) {
            return of(folder, ModelOutline.of(config, files::has), layout(folder), files.tensors(), List.copyOf(files.notes()), verdict, adapter);
        }
    }

    private static CheckpointInfo of(Path folder, ModelOutline outline, String layout, Map<String, StoredTensor> tensors, List<String> notes,
            boolean verdict, LoraFile adapter) {
        List<String> missing = new ArrayList<>();
        List<Mismatch> mismatched = new ArrayList<>();
        Set<String> wanted = new HashSet<>();
        for (Declaration d : outline.parameters()) {
            wanted.add(d.name());
            StoredTensor t = tensors.get(d.name());
            if (t == null) missing.add(d.name());
            else if (!Arrays.equals(t.shape(), d.longShape())) mismatched.add(new Mismatch(d.name(), t.shape(), d.longShape()));
        }
        TreeSet<String> left = new TreeSet<>(tensors.keySet());
        left.removeAll(wanted);
        List<String> unused = left.stream().filter(outline.architecture()::mayIgnore).toList();
        unused.forEach(left::remove);
        List<Part> parts = new ArrayList<>();
        parts(outline).forEach((name, belongs) -> parts.add(part(name, outline, tensors, n -> wanted.contains(n) && belongs.test(n))));
        long bytes = tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
        List<Runnable> checks = new ArrayList<>();
        tensors.values().stream().filter(t -> wanted.contains(t.name())).forEach(t -> checks.add(t::requireFloating));
        if (verdict) checks.add(() -> requireTied(outline, tensors));
        addFiles(checks, folder, outline);
        if (adapter != null) checks.add(() -> outline.requireFits(adapter));
        return new CheckpointInfo(folder, outline, layout, List.copyOf(parts), bytes, List.copyOf(missing), List.copyOf(left), unused,
                List.copyOf(mismatched), notes,
                checks.stream().map(CheckpointInfo::refusal).filter(Objects::nonNull).toList());
    }

    private static void requireTied(ModelOutline outline, Map<String, StoredTensor> tensors) {
        switch (outline.architecture()) {
            case ModelOutline.Video(var c) -> Qwen2.requireTied(TinyLlavaVideo.DECODER, c.text(), tensors);
            case ModelOutline.Text(var c) -> Qwen2.requireTied("", c, tensors);
            case ModelOutline.Vision _ -> {}
        }
    }

    private static void addFiles(List<Runnable> checks, Path folder, ModelOutline outline) {
        switch (outline.architecture()) {
            case ModelOutline.Video(var c) -> checks.add(() -> TinyLlavaVideo.requirePreprocessing(folder, c));
            case ModelOutline.Vision(var c) -> checks.add(() -> PreprocessorConfig.require(folder, c));
            case ModelOutline.Text _ -> {}
        }
        if (!(outline.architecture() instanceof ModelOutline.Vision)) checks.add(() -> GenerationConfig.read(folder, Set.of()));
    }

    private static String refusal(Runnable check) {
        try {
            check.run();
            return null;
        } catch (ConfigException | WeightFileException | UncheckedIOException e) {
            return e.getMessage();
        }
    }

    private static Map<String, Predicate<String>> parts(ModelOutline outline) {
        Map<String, Predicate<String>> out = new LinkedHashMap<>();
        switch (outline.architecture()) {
            case ModelOutline.Video _ -> {
                out.put("vision tower", n -> n.startsWith(TinyLlavaVideo.VISION));
                out.put("connector", n -> n.startsWith(TinyLlavaVideo.CONNECTOR));
                out.put("language model", n -> n.startsWith(TinyLlavaVideo.DECODER));
            }
            case ModelOutline.Text _ -> out.put("language model", _ -> true);
            case ModelOutline.Vision _ -> out.put("vision tower", _ -> true);
        }
        return out;
    }

    private static Part part(String name, ModelOutline outline, Map<String, StoredTensor> tensors, Predicate<String> belongs) {
        Map<StoredType, Long> types = new EnumMap<>(StoredType.class);
        int count = 0;
        long bytes = 0;
        for (StoredTensor t : tensors.values()) {
            if (!belongs.test(t.name())) continue;
            count++;
            bytes += t.data().byteSize();
            types.merge(t.type(), t.elements(), Long::sum);
        }
        return new Part(name, outline.count(belongs), count, types, bytes);
    }

    private static String layout(Path folder) {
        String own = files(folder);
        if (own != null) return own;
        return "TinyLLaVA's three folders (" + Stream.of(WeightFiles.Part.values()).map(p -> p.folder() + ": " + files(folder.resolve(p.folder())))
                .reduce((a, b) -> a + "; " + b).orElse("") + ")";
    }

    private static String files(Path folder) {
        return switch (WeightFiles.chosen(folder).orElse("")) {
            case WeightFiles.SINGLE -> "one safetensors file";
            case WeightFiles.INDEX -> shards(folder, "model-", ".safetensors") + " safetensors shards with an index";
            case WeightFiles.TORCH_SINGLE -> "one PyTorch file";
            case WeightFiles.TORCH_INDEX -> shards(folder, "pytorch_model-", ".bin") + " PyTorch shards with an index";
            default -> null;
        };
    }

    private static long shards(Path folder, String start, String end) {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).filter(n -> n.startsWith(start) && n.endsWith(end)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be listed (" + IoReason.of(e) + ")", e);
        }
    }
}
