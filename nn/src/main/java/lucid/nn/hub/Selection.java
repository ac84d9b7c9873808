package lucid.nn.hub;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import lucid.nn.file.WeightFiles;

/// Which files of a repository are wanted.
public enum Selection {
    /// What a model needs: configuration, tokenizer, weights; of several forms of the weights the one that is read, see [WeightFiles#NAMES].
    MODEL,
    /// Everything.
    ALL;

    private static final Set<String> PARTS = Set.of("", "language_model/", "vision_tower/", "connector/");
    private static final Pattern SMALL = Pattern.compile(".*\\.(json|tiktoken|jinja)|merges\\.txt");
    // One file or shards, whose names are in the index and may be of any kind; but with a further dot it is a variant (model.fp16.safetensors) that
    // nobody reads.
    private static final Pattern SAFETENSORS = Pattern.compile("model(\\.safetensors)?[^.]*\\.safetensors");
    private static final Pattern TORCH = Pattern.compile("pytorch_model[^.]*\\.bin");
    /// Files of an adapter's matrices, of which the first that is there is read.
    static final List<String> ADAPTERS = List.of("adapter_model.safetensors", "adapter_model.bin");
    // Left by trainers; may be large and is read by nobody.
    private static final Set<String> LEFT_BY_TRAINING = Set.of("trainer_state.json", "all_results.json", "train_results.json", "eval_results.json");

    /// The wanted ones, small files first: where the weights were downloaded in this order, the rest is there.
    List<String> of(List<String> files) {
        if (this == ALL) return files;
        Set<String> all = Set.copyOf(files);
        List<String> small = files.stream().filter(f -> inPart(f) && SMALL.matcher(name(f)).matches() && !LEFT_BY_TRAINING.contains(name(f)))
                .sorted().toList();
        List<String> weights = files.stream().filter(f -> inPart(f) && isWeight(f, all)).sorted().toList();
        // The index of weights that are not taken would claim shards that are not there.
        List<String> sound = small.stream().filter(f -> !WeightFiles.NAMES.contains(name(f)) || name(f).equals(chosen(folder(f), all))).toList();
        return Stream.concat(sound.stream(), weights.stream()).toList();
    }

    // A model's files and an adapter's may lie side by side: neither stands for the other.
    private static boolean isWeight(String file, Set<String> all) {
        boolean model = switch (chosen(folder(file), all)) {
            case WeightFiles.INDEX -> SAFETENSORS.matcher(name(file)).matches();
            case WeightFiles.TORCH_INDEX -> TORCH.matcher(name(file)).matches();
            case String single -> name(file).equals(single);
        };
        Optional<String> adapter = ADAPTERS.stream().filter(name -> all.contains(folder(file) + name)).findFirst();
        return model || adapter.filter(name(file)::equals).isPresent();
    }

    // Empty: there is none.
    private static String chosen(String folder, Set<String> all) {
        return WeightFiles.NAMES.stream().filter(name -> all.contains(folder + name)).findFirst().orElse("");
    }

    private static boolean inPart(String file) { return PARTS.contains(folder(file)); }

    private static String folder(String file) { return file.substring(0, file.lastIndexOf('/') + 1); }

    private static String name(String file) { return file.substring(file.lastIndexOf('/') + 1); }
}
