package lucid.nn.hub;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Which files of a repository are wanted.
public enum Selection {
    /// What a model needs: configuration, tokenizer, weights; of several forms of the weights the safetensors.
    MODEL,
    /// Everything.
    ALL;

    private static final Set<String> PARTS = Set.of("", "language_model/", "vision_tower/", "connector/");
    private static final Pattern SMALL = Pattern.compile(".*\\.(json|tiktoken|jinja)|merges\\.txt");
    private static final Pattern SAFETENSORS = Pattern.compile("(model|adapter_model).*\\.safetensors");
    private static final Pattern TORCH = Pattern.compile("(pytorch_model|adapter_model).*\\.bin");
    // Left by trainers; may be large and is read by nobody.
    private static final Set<String> LEFT_BY_TRAINING = Set.of("trainer_state.json", "all_results.json", "train_results.json", "eval_results.json");

    /// The wanted ones, small files first: where the weights are complete, so is the rest.
    List<String> of(List<String> files) {
        if (this == ALL) return files;
        List<String> small = files.stream().filter(f -> inPart(f) && SMALL.matcher(name(f)).matches() && !LEFT_BY_TRAINING.contains(name(f))).sorted().toList();
        List<String> weights = files.stream().filter(f -> inPart(f) && isWeight(f, files)).sorted().toList();
        // The index of weights that are not taken would claim shards that are not there.
        List<String> sound = small.stream().filter(f -> !f.endsWith(".bin.index.json") || weights.stream().anyMatch(w -> w.endsWith(".bin") && folder(w).equals(folder(f)))).toList();
        return Stream.concat(sound.stream(), weights.stream()).toList();
    }

    private static boolean isWeight(String file, List<String> all) {
        if (SAFETENSORS.matcher(name(file)).matches()) return true;
        return TORCH.matcher(name(file)).matches() && all.stream().noneMatch(f -> folder(f).equals(folder(file)) && SAFETENSORS.matcher(name(f)).matches());
    }

    private static boolean inPart(String file) { return PARTS.contains(folder(file)); }

    private static String folder(String file) { return file.substring(0, file.lastIndexOf('/') + 1); }

    private static String name(String file) { return file.substring(file.lastIndexOf('/') + 1); }
}
