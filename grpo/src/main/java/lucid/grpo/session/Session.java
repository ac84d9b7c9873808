package lucid.grpo.session;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import lucid.grpo.console.Console;
import lucid.grpo.console.Interruption;
import lucid.grpo.data.DriftClips;
import lucid.grpo.data.DriftData;
import lucid.grpo.data.QuestionData;
import lucid.grpo.data.TrainingData;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeException;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunFolder;
import lucid.grpo.train.Policy;
import lucid.grpo.train.Trainer;
import lucid.kernels.Device;
import lucid.nn.config.GenerationConfig;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.disk.IoReason;
import lucid.nn.generate.processor.LogitsProcessor;
import lucid.nn.model.TinyLlavaVideo;
import lucid.tokenizer.BpeTrainer;
import lucid.tokenizer.Tokenizer;
import lucid.video.Progress;
import lucid.video.VideoException;
import lucid.video.data.ClipCache;
import lucid.video.drift.Drift;
import lucid.video.drift.DriftPlan;

/// Everything that a run needs, opened in the right order and closed together.
public final class Session implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CACHE = "cache";
    private static final String END = "<|endoftext|>";

    private final Recipe recipe;
    private final Path dataFolder;
    private final TrainingData data;
    private final Tokenizer tokenizer;
    private final Policy policy;
    private final Console console;
    private final Path model;
    private final Path heldOut;

    private Session(Recipe recipe, Path dataFolder, TrainingData data, Tokenizer tokenizer, Policy policy, Path model, Path heldOut,
            Console console) {
        this.recipe = recipe;
        this.dataFolder = dataFolder;
        this.data = data;
        this.tokenizer = tokenizer;
        this.policy = policy;
        this.model = model;
        this.heldOut = heldOut;
        this.console = console;
    }

    /// @param dataRoot where Drift data sets and the cache of decoded clips are kept, or the folder of the Drift data set itself, or that of a
    /// question file's clips
    /// @param model    a model's or run's folder to start from; null: from nothing, with the recipe's own model and tokenizer
    /// @param heldOut  a question file to evaluate on; null: what the data brings
    public static Session open(Recipe recipe, Device device, int threads, Path dataRoot, Path model, Path heldOut, Console console) {
        return open(recipe, device, threads, dataRoot, model, heldOut, _ -> {}, console);
    }

    /// @param known hears of the data before any weight is read, and may refuse them
    public static Session open(Recipe recipe, Device device, int threads, Path dataRoot, Path model, Path heldOut, Consumer<TrainingData> known,
            Console console) {
        if (model == null && (recipe.model() == null || recipe.tokenizer() == null)) {
            throw new RecipeException(recipe.origin() + " has no model of its own; name one with --model DIR");
        }
        if (recipe.lora() != null) checkLora(recipe, model);
        Recipe.DataSpec d = recipe.data();
        return switch (d.kind()) {
            case "drift" -> {
                DriftPlan plan = new DriftPlan(d.dataSeed(), d.clips(), d.heldOut());
                check(recipe, model, plan.training(plan.scenes()).size());
                // Before any clip is made.
                Tokenizer tokenizer = model == null ? tokenizer(recipe, plan) : ModelFolder.tokenizer(model);
                Drift drift = drift(dataRoot, plan, threads, console);
                DriftClips clips;
                try (Bars bars = new Bars(console)) {
                    clips = DriftClips.load(drift, new ClipCache(drift.root().resolveSibling(CACHE), console::line), d.frames(), d.image(),
                            threads, bars);
                }
                TrainingData data = new DriftData(plan, d.clipsPerStep(), clips, tokenizer);
                known.accept(data);
                yield new Session(recipe, drift.root(), data, tokenizer, policy(recipe, device, model, tokenizer, console), model, heldOut, console);
            }
            case "nextqa" -> {
                Tokenizer tokenizer = ModelFolder.tokenizer(model);
                QuestionSources sources = QuestionSources.of(recipe, dataRoot, heldOut);
                QuestionData.Sources read = sources.read();
                check(recipe, model, read.questions().size());
                TrainingData data;
                try (Bars bars = new Bars(console)) {
                    data = new QuestionData(dataRoot, new ClipCache(dataRoot.resolve(CACHE), console::line), d.frames(), d.image(), tokenizer, read,
                            threads, bars);
                } catch (VideoException e) {
                    throw sources.naming(e);
                }
                known.accept(data);
                yield new Session(recipe, dataRoot, data, tokenizer, policy(recipe, device, model, tokenizer, console), model, heldOut, console);
            }
            default -> throw new IllegalStateException("data.kind " + d.kind() + " is none of those that RecipeCheck lets pass");
        };
    }

    // Only the data say how many questions they have, and only the model what it sees; before any clip is made, read or decoded.
    private static void check(Recipe recipe, Path model, int questions) {
        ModelCheck.image(recipe, model);
        for (Stage stage : recipe.stages()) {
            if (stage instanceof Stage.Grpo g && g.prompts() > questions) {
                throw recipe.fault("stage " + g.name() + ", prompts", g.prompts(), "at most " + questions + ": the data have no more questions");
            }
        }
    }

    // Before any clip is made or weight is read.
    private static void checkLora(Recipe recipe, Path model) {
        recipe.lora().spec();
        if (model == null) throw new RecipeException(recipe.origin() + " trains an adapter; name the model that it is for with --model DIR");
        for (Stage stage : recipe.stages()) {
            if (!stage.trainable().equals(List.of(Stage.Part.LANGUAGE_MODEL))) {
                throw new RecipeException(recipe.origin() + ", stage " + stage.name() + ": trainable has " + stage.trainable()
                        + "; with lora only adapters of the language model are trained, wanted [\"language_model\"]");
            }
        }
    }

    /// The Drift data set of a plan: made now, or found.
    ///
    /// @param data the folder that data sets are kept in, or this one's own
    public static Drift drift(Path data, DriftPlan plan, int threads, Console console) {
        String name = "drift-" + plan.seed() + "-" + plan.trainClips() + "-" + plan.heldOut();
        Path whole = data.toAbsolutePath().normalize();
        Path folder = whole.endsWith(name) ? whole : data.resolve(name);
        try (Bars bars = new Bars(console); Interruption _ = Interruption.ofThread(console, "stopping; the clips that were made so far are removed, "
                + "and the same command begins anew")) {
            return Drift.generate(folder, plan, threads, bars);
        } catch (IOException e) {
            throw new UncheckedIOException("could not make the clips in " + folder + " (" + IoReason.named(e)
                    + "); wanted a folder that can be written", e);
        }
    }

    private static Tokenizer tokenizer(Recipe recipe, DriftPlan plan) {
        Tokenizer trained = new BpeTrainer(recipe.tokenizer().vocabulary(), recipe.tokenizer().minFrequency(), List.of(END))
                .train(DriftData.corpus(plan, recipe.tokenizer().texts())).tokenizer();
        int rows = recipe.model().path("text_config").path("vocab_size").asInt();
        if (trained.vocabSize() != rows) {
            throw new RecipeException(recipe.origin() + ": the tokenizer has " + trained.vocabSize()
                    + " tokens, model.text_config.vocab_size is " + rows
                    + "; wanted the same number (set both, or train on more texts)");
        }
        return trained;
    }

    private static Policy policy(Recipe recipe, Device device, Path model, Tokenizer tokenizer, Console console) {
        if (model != null)
            tellWhatIsNotFollowed(GenerationConfig.read(ModelFolder.base(ModelFolder.resolve(model)), Set.of(tokenizer.eosId())), console);
        if (recipe.lora() != null) return ModelFolder.adapted(device, model, recipe.lora().spec(), recipe.seed());
        if (model != null) return ModelFolder.policy(device, model);
        TinyLlavaConfig config = TinyLlavaConfig.parse(recipe.origin() + ", model", recipe.model());
        return new Policy(TinyLlavaVideo.random(device, config, recipe.seed(),
                recipe.initialization().ofDepth(config.text().layers(), config.vision().layers())));
    }

    // The recipe says how its answers are drawn. What the model's makers want besides would be no part of the probabilities that are trained.
    private static void tellWhatIsNotFollowed(GenerationConfig config, Console console) {
        List<String> fields = Stream.concat(config.processors().stream().map(LogitsProcessor::field),
                config.stops().stream().map(s -> "stop string '" + s + "'")).toList();
        if (!fields.isEmpty())
            console.line("(" + GenerationConfig.FILE + ": " + String.join(", ", fields)
                    + ": not followed by training and held-out questions, though by generate, chat and eval --benchmark)");
        if (!config.without().isEmpty())
            console.line("(" + GenerationConfig.FILE + ": " + String.join(", ", config.without()) + ": not in Lucid, without effect)");
    }

    public Recipe recipe() { return recipe; }

    public TrainingData data() { return data; }

    /// The model's own, or the one that the recipe trained for a new model.
    public Tokenizer tokenizer() { return tokenizer; }

    /// What is trained; closed with the session.
    public Policy policy() { return policy; }

    /// Refuses held-out questions that the model has no positions for; see [ModelCheck].
    ///
    /// @param questions at most; 0: all
    public void checkHeldOut(TrainingData.Mode mode, int questions) { check().heldOut(data, mode, questions); }

    private ModelCheck check() { return new ModelCheck(recipe, policy.model().config()); }

    /// Opens a run folder for this session's recipe. Nothing is made if the model has no positions for what the run would ask it.
    public RunFolder folder(Path out, boolean resume) {
        check().run(data);
        String words = ModelFolder.toJson(tokenizer);
        ObjectNode config = config(out, words);
        ClipList clips = new ClipList(out);
        boolean begun = RunFolder.begun(out);
        if (begun) clips.check(data.clipHashes());
        else if (!resume && RunFolder.isRun(out)) console.line(out + " holds a run that has made no step: it is begun anew");
        RunFolder folder = RunFolder.open(out, config, resume);
        boolean first = folder.latest().isEmpty();
        Path saved = out.resolve("tokenizer.json");
        // Weights that were saved belong to the tokenizer that lies beside them: one that was lost is put back.
        if (first || !Files.exists(saved)) Disk.text(saved, words);
        if (first) clips.write(data.clipHashes());
        return folder;
    }

    /// Opens a folder for steps of a run that are done again. It is no run that could be resumed: its config says whose steps it holds.
    ///
    /// @param run is only read; refused if it began with other data, another model, tokenizer or arithmetic than this session has
    public RunFolder replay(Path run, Path out) {
        ObjectNode config = config(out, ModelFolder.toJson(tokenizer));
        new ClipList(run).check(data.clipHashes());
        RunFolder.checkStart(run, config);
        return RunFolder.open(out, config.put("replay_of", run.toAbsolutePath().normalize().toString()), false);
    }

    /// What a run's config says of its beginning, known before its data are read or made.
    ///
    /// @param model a model's or run's folder to start from; null: from nothing
    public static ObjectNode beginning(Recipe recipe, Path model) {
        ObjectNode config = JSON.createObjectNode();
        try {
            config.set("recipe", JSON.readTree(RecipeReader.write(recipe)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // The chain of hashes begins with the recipe; which model the run starts from (and an adapter stands beside) is part of its identity too.
        config.put("base_fingerprint", model == null ? null : ModelFingerprint.of(ModelFolder.resolve(model)));
        return model == null ? config : config.put("tokenizer_sha256", ModelFingerprint.of(ModelFolder.tokenizer(model)));
    }

    // Beside that, what the run is applied to.
    private ObjectNode config(Path out, String words) {
        ObjectNode config = beginning(recipe, model).put("arithmetic", policy.device().arithmetic()).put("data_sha256", data.contentHash());
        if (!data.heldOutHash().isEmpty()) config.put("held_out_sha256", data.heldOutHash());
        config.put("tokenizer_sha256", ModelFingerprint.ofTokenizer(words));
        // A run of before these counted drew its completions to another end.
        boolean draws = recipe.stages().stream().anyMatch(Stage.Grpo.class::isInstance);
        if (draws && policy.endTokens().stream().anyMatch(id -> id != tokenizer.eosId()))
            config.set("end_tokens", JSON.valueToTree(new TreeSet<>(policy.endTokens())));
        // A run of before a second stage drew numbers of its own drew the first one's again.
        if (recipe.stages().stream().filter(Stage.Grpo.class::isInstance).count() > 1) config.put("draws", "by stage");
        place(config, "data_folder", dataFolder, out);
        if (heldOut != null) place(config, "held_out_file", heldOut, out);
        return config;
    }

    private static void place(ObjectNode config, String field, Path path, Path out) {
        Path place = path.toAbsolutePath().normalize();
        Path run = out.toAbsolutePath().normalize();
        config.put(field, place.toString());
        // Data that are moved together with the run are found from there; on Windows there is no way from one drive to another.
        if (place.getRoot().equals(run.getRoot())) config.put(field + "_relative", run.relativize(place).toString().replace('\\', '/'));
    }

    /// The recipe's training in a folder of [#folder] or [#replay].
    public Trainer trainer(RunFolder folder) { return new Trainer(recipe, data, tokenizer, policy, folder, console); }

    @Override public void close() { policy.close(); }

    /// Shows the progress of long data work.
    private static final class Bars implements Progress, AutoCloseable {
        private final Console console;
        private Console.Bar bar;
        private String what = "";

        Bars(Console console) { this.console = console; }

        @Override public synchronized void at(String name, int done, int total) {
            if (!name.equals(what)) {
                close();
                // Work that is over at its first report needs no bar, and has no rate.
                if (done == total) return;
                what = name;
                bar = console.bar(name, total).from(done);
            }
            bar.update(done);
        }

        @Override public void close() {
            if (bar != null) bar.close();
            bar = null;
        }
    }
}
