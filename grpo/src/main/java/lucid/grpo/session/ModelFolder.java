package lucid.grpo.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.run.Checksums;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunFolder;
import lucid.grpo.run.RunState;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.nn.config.ConfigException;
import lucid.nn.config.GenerationConfig;
import lucid.nn.disk.IoReason;
import lucid.nn.file.WeightFiles;
import lucid.nn.hub.Hub;
import lucid.nn.hub.HubException;
import lucid.nn.hub.RepoId;
import lucid.nn.hub.Selection;
import lucid.nn.lora.LoraAdapter;
import lucid.nn.lora.LoraFile;
import lucid.nn.lora.LoraSpec;
import lucid.nn.model.Checkpoint;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.model.WeightOrder;
import lucid.tokenizer.Tokenizer;
import lucid.tokenizer.format.TokenizerFiles;
import lucid.tokenizer.format.TokenizerJson;

/// A model with its tokenizer in a folder: a checkpoint, or a run folder (then its newest checkpoint).
/// `ORG/NAME[@REVISION]`, where no such folder is, names a model on the Hugging Face hub.
public final class ModelFolder {
    // One answer for the life of the process, so that weights and tokenizer are of one commit.
    private static final Map<String, Path> FROM_HUB = new ConcurrentHashMap<>();

    // All that is read of a tokenizer.
    private static final List<String> TOKENIZER_FILES = List.of("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json");

    private ModelFolder() {}

    /// The folder that holds weights, in any layout that is read (see [WeightFiles]): itself, the newest checkpoint of a run, or the place in the
    /// cache of a model on the hub, which is downloaded if need be.
    public static Path resolve(Path model) {
        // As a path it would be the current folder.
        if (model.toString().isEmpty())
            throw new RunException("found an empty name of a model; wanted a model's folder, a run's, or ORG/NAME of the hub");
        Path folder = Files.isDirectory(model) ? model : FROM_HUB.computeIfAbsent(name(model), ModelFolder::fromHub);
        if (!Files.isDirectory(folder))
            throw new RunException(folder + (Files.exists(folder) ? ": found a file" : ": no such folder") + "; wanted a model's folder or a run's");
        if (WeightFiles.isCheckpoint(folder) || LoraFile.isAdapter(folder)) return folder;
        var checkpoints = RunFolder.checkpoints(folder);
        if (checkpoints.isEmpty()) {
            throw new RunException(folder + " holds no weights (" + String.join(", ", WeightFiles.NAMES)
                    + ", or the folders language_model, vision_tower, connector) and no run's checkpoints" + inside(folder));
        }
        return checkpoints.getLast();
    }

    // Many keep a model in a folder beside other things; a case of parity is one.
    private static String inside(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isDirectory).filter(WeightFiles::isCheckpoint).sorted().findFirst()
                    .map(model -> "; " + model + " does, name that").orElse("");
        } catch (IOException e) {
            throw new RunException(folder + " could not be listed: " + IoReason.of(e));
        }
    }

    /// The folder of the model itself: of an adapter the one that it names, which may be on the hub like every other model.
    ///
    /// @param place as [#resolve] gives it
    public static Path base(Path place) { return LoraFile.baseOf(place, ModelFolder::named); }

    private static Path named(String name) {
        try {
            return resolve(Path.of(name));
        } catch (HubException | RunException e) {
            throw new ConfigException(e.getMessage(), e);
        }
    }

    /// Opens a model where it lies, to ask it; an adapter stands beside the model that it names.
    ///
    /// @param place  as [#resolve] gives it
    /// @param console hears why a packed file is left aside
    public static Checkpoint open(Device device, Path place, WeightOrder order, Console console) {
        Checkpoint checkpoint = Checkpoint.open(device, base(place), LoraFile.isAdapter(place) ? place : null, order);
        checkpoint.note().ifPresent(console::line);
        return checkpoint;
    }

    // A path has swallowed the second slash of hf://, and may have turned the others.
    private static String name(Path model) { return model.toString().replace('\\', '/').replaceFirst("^hf:/+", "hf://"); }

    private static Path fromHub(String name) {
        try (HubConsole console = new HubConsole(Console.standard())) {
            return Hub.ofEnvironment(console).resolve(name);
        }
    }

    /// Downloads a model's files into the hub's cache, or finds them there.
    public static Path download(RepoId repo, Selection selection) {
        try (HubConsole console = new HubConsole(Console.standard())) {
            return Hub.ofEnvironment(console).download(repo, selection);
        }
    }

    /// Loads the weights, to train them.
    ///
    /// @throws RunException an adapter: it is trained with a recipe that has lora, or merged first
    public static Policy policy(Device device, Path folder) {
        Path place = resolve(folder);
        if (LoraFile.isAdapter(place))
            throw new RunException(place + " is a LoRA adapter; wanted a whole model, or a recipe with lora (lucid convert --merge-adapter makes "
                    + "one of adapter and model)");
        Policy policy = new Policy(TinyLlavaVideo.load(device, place));
        policy.endTokens(GenerationConfig.endTokens(place));
        return policy;
    }

    /// A model, mapped where it lies, with an adapter beside it to be trained: a new one, or the one that the folder holds.
    public static Policy adapted(Device device, Path folder, LoraSpec spec, long seed) {
        Path place = resolve(folder);
        Path base = base(place);
        LoraAdapter lora = base.equals(place) ? LoraAdapter.fresh(device, spec, seed) : LoraAdapter.of(device, LoraFile.read(place));
        if (!LoraAdapter.same(lora.spec(), spec))
            throw new RunException(place + ": the adapter there has " + lora.spec() + ", the recipe wants " + spec);
        Checkpoint checkpoint = Checkpoint.open(device, base);
        TinyLlavaVideo model = checkpoint.video().orElse(null);
        if (model == null) {
            checkpoint.close();
            throw new RunException(base + " is a text model, which sees no clips; wanted a TinyLLaVA-Video model");
        }
        Policy policy = Policy.adapted(model, lora, base.toAbsolutePath().normalize().toString(), checkpoint::close);
        policy.endTokens(GenerationConfig.endTokens(base));
        return policy;
    }

    /// Loads the tokenizer that lies beside the weights (or at the top of the run folder).
    public static Tokenizer tokenizer(Path folder) { return tokenizer(folder, null); }

    /// The same, or the one that `other` (a folder or file) holds.
    public static Tokenizer tokenizer(Path folder, Path other) {
        Path file = other != null ? other : tokenizerPlace(resolve(folder)).orElseThrow(() -> new RunException(resolve(folder)
                + ": no tokenizer there; wanted tokenizer.json, or vocab.json with merges.txt (copy them there; generate, chat and eval --benchmark "
                        + "take them from elsewhere with --tokenizer DIR)"));
        try {
            return TokenizerFiles.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException("tokenizer of " + folder + ": " + IoReason.named(e), e);
        }
    }

    /// The tokenizer's files that a run keeps once for all its checkpoints; none where the checkpoint has its own, or is no run's.
    public static List<Path> runTokenizer(Path checkpoint) {
        Path run = runOf(checkpoint);
        if (run == null || holdsTokenizer(checkpoint)) return List.of();
        return TOKENIZER_FILES.stream().map(run::resolve).filter(Files::isRegularFile).toList();
    }

    /// Names of a run's checkpoint that say where the run stood: they mean nothing away from the run. None where the folder is no run's.
    public static Set<String> runState(Path checkpoint) {
        return runOf(checkpoint) == null ? Set.of() : Set.of(RunState.FILE, Trainer.UNEVALUATED, Checksums.NAME);
    }

    /// The folder whose tokenizer belongs to a model: its own, its run's, or that of the model under an adapter.
    ///
    /// @param weights as [#resolve] gives it
    public static Optional<Path> tokenizerPlace(Path weights) {
        return Stream.of(weights, runOf(weights), base(weights)).filter(place -> place != null && holdsTokenizer(place)).findFirst();
    }

    /// Refuses a tokenizer that has tokens for which a model has no rows.
    ///
    /// @param rows of the model's table
    public static void requireFits(Tokenizer words, Path model, int rows) {
        if (words.vocabSize() > rows)
            throw new RunException(model + ": the tokenizer has " + words.vocabSize() + " tokens, but the model's vocab_size is " + rows
                + "; wanted the tokenizer that the model was trained with (name it with --tokenizer DIR)");
    }

    private static boolean holdsTokenizer(Path place) {
        return Files.exists(place.resolve("tokenizer.json")) || Files.exists(place.resolve("vocab.json"))
                && Files.exists(place.resolve("merges.txt"));
    }

    /// The run that a model is of: the run's folder itself was named, or a checkpoint in it.
    public static Optional<Path> run(Path model) {
        return Optional.ofNullable(runOf(resolve(model))).filter(run -> Files.isRegularFile(run.resolve("config.json")));
    }

    // Null: the folder is no checkpoint of a run.
    private static Path runOf(Path checkpoint) {
        Path checkpoints = checkpoint.toAbsolutePath().normalize().getParent();
        return checkpoints != null && checkpoints.endsWith("checkpoints") ? checkpoints.getParent() : null;
    }

    /// A tokenizer as its `tokenizer.json` has it.
    static String toJson(Tokenizer tokenizer) {
        try {
            return new String(TokenizerJson.toBytes(tokenizer), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
