package lucid.grpo.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import lucid.grpo.console.Json;
import lucid.grpo.recipe.RecipeException;
import lucid.grpo.recipe.RecipeReader;
import lucid.kernels.Device;
import lucid.nn.disk.AtomicFile;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;

/// A run's folder. Metrics are appended line by line; everything else is written whole. A checkpoint remembers how long the appended files were, so
/// that a resumed run cuts off what a killed one wrote after it and goes on as if nothing had happened.
///
/// ```
/// config.json            the recipe and what it was applied to; a run that has made a step with another config is refused
/// metrics.jsonl          one line a step, metric names as in TRL where they exist
/// events.out.tfevents.lucid   the same for TensorBoard
/// rollouts/step-000001.jsonl  one line a completion: text, rewards, advantage
/// ledger/step-000001.jsonl.gz one line a completion: per-token columns
/// answers/000050.json    a few held-out questions, answered at that time
/// tokenizer.json
/// checkpoints/05-grpo-000050/   weights, optimiser, state.json; the stage's number, name and step, and -done where it is finished
/// reference/             the model as it was at the start, if the first stage needs it for its KL
/// summary.json, report.html
/// ```
public final class RunFolder implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    // What a run started from. Runs that were begun before it was written down are resumed without it.
    private static final List<String> START = List.of("base_fingerprint", "tokenizer_sha256", "held_out_sha256");
    // Where the data and the held-out questions lie. Which they are, their hashes say: they may be moved.
    private static final List<String> PLACES = List.of("data_folder", "data_folder_relative", "held_out_file", "held_out_file_relative");
    // What a run writes beside its config before its first step; of that step it may have begun what lies in BY_STEP.
    private static final List<String> MADE_AT_THE_START = List.of("clips.sha256", "tokenizer.json", "reference");
    // What a replay takes from the run itself, and what no weight depends on.
    private static final List<String> NOT_START = List.of("recipe", "held_out_sha256");
    // A step draws its kinds of examples, and adds up their gradients, in the order in which the recipe names them.
    private static final Set<String> ORDERED = Set.of("mix");
    // Where a run's beginning is named again, by the field of its config.
    private static final SequencedMap<String, String> BEGAN = new LinkedHashMap<>();
    private static final String ARITHMETIC = "arithmetic";
    // What is written a file a step, or a few.
    private static final List<String> BY_STEP = List.of("rollouts", "ledger", "answers");
    private static final Claim CLAIM = new Claim("run (no config.json)", "a run's", "config");
    private static final int SHOWN_DIFFERENCES = 20;
    // Second channels to a file that this process has locked: closing one would give up the lock (POSIX), and so would the collector.
    private static final Queue<FileChannel> OPEN = new ConcurrentLinkedQueue<>();

    static {
        BEGAN.put("recipe", "its recipe (the field recipe of %s; --recipe takes it as a file of its own)");
        BEGAN.put("data_sha256", "its data (--data)");
        BEGAN.put("held_out_sha256", "its held-out questions (--eval-questions)");
        BEGAN.put("base_fingerprint", "the model that it began from (--model, or none if it began from nothing)");
        BEGAN.put("tokenizer_sha256", "that model's or that recipe's tokenizer");
        BEGAN.put(ARITHMETIC, "its arithmetic (--device, --matmul, --patch-embedding, --kernels)");
    }

    private final Path root;
    private final FileChannel lockFile;
    private final OutputStream metrics;
    private final TensorBoardEvents events;

    private RunFolder(Path root, FileChannel lockFile) {
        this.root = root;
        this.lockFile = lockFile;
        try {
            metrics = Files.newOutputStream(root.resolve(AppendedFiles.METRICS), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            try {
                events = new TensorBoardEvents(root.resolve(AppendedFiles.EVENTS));
            } catch (RuntimeException e) {
                metrics.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not open " + root.resolve(AppendedFiles.METRICS) + ": " + IoReason.of(e), e);
        }
    }

    /// Refuses a folder that holds something else than a run: what lies there would be cut or overwritten. To be asked before anything is made for
    /// the run.
    ///
    /// @param data where the run's clips are kept; may lie inside the folder
    /// @throws RunException naming some of what is there
    public static void check(Path root, Path data) {
        if (Files.exists(root) && !Files.isDirectory(root))
            throw new RunException(root + ": found a file; wanted a new or empty folder, or a run's; use another --out");
        if (!Files.isDirectory(root)) return;
        Path file = root.resolve("config.json");
        if (Files.exists(file)) {
            if (!CLAIM.read(file).has("recipe"))
                throw new RunException(file + " is no run's: it has no field recipe; nothing was changed. Wanted a new or empty folder, or a run's; "
                        + "use another --out");
            return;
        }
        Path clips = data.toAbsolutePath().normalize();
        CLAIM.requireEmpty(root, p -> !clips.startsWith(p.toAbsolutePath().normalize()));
    }

    /// The same, and refuses a run that has made a step with another config, or that is not to be resumed, as far as that is known before its
    /// data are read or made; the rest [#open] compares.
    ///
    /// @param known fields of the wanted run's config
    public static void check(Path root, Path data, Supplier<ObjectNode> known, boolean resume) {
        check(root, data);
        if (!Files.exists(root.resolve("config.json")) || !begun(root)) return;
        try {
            ObjectNode there = complete(CLAIM.read(root.resolve("config.json")));
            ObjectNode wanted = there.deepCopy();
            wanted.remove("replay_of");
            wanted.setAll(known.get());
            requireSame(root, there, wanted, resume);
        } catch (IOException e) {
            throw new RunException("run folder " + root + ": " + IoReason.named(e));
        }
    }

    private static void requireSame(Path root, ObjectNode there, ObjectNode wanted, boolean resume) {
        refuse(root, there, wanted, "Use another --out for a new run, or go on with ");
        if (!resume) throw new RunException(root + " holds a run already. Add --resume to continue it, or use another --out");
    }

    /// Begins a run, or takes one up again. A run that has made no step is begun anew, with whatever config.
    ///
    /// @param resume whether a run that is there may be continued; its config must be the same
    /// @throws RunException when the folder holds another run, or one that resume was not asked for, or is in use
    public static RunFolder open(Path root, JsonNode config, boolean resume) {
        try {
            Disk.folders(root);
            FileChannel lock = lock(root);
            boolean open = false;
            try {
                config(root, config, resume);
                sweep(root);
                AppendedFiles.cut(root, latest(root));
                dropOlder(root);
                RunFolder folder = new RunFolder(root, lock);
                // Where the appended files were made just now: a checkpoint forces what is in them, not their names.
                AtomicFile.force(root);
                open = true;
                return folder;
            } finally {
                if (!open) lock.close();
            }
        } catch (IOException e) {
            throw new RunException("run folder " + root + ": " + IoReason.named(e)
                    + "; wanted a folder that can be written");
        }
    }

    private static void config(Path root, JsonNode config, boolean resume) throws IOException {
        Path file = root.resolve("config.json");
        if (!Files.exists(file)) {
            write(file, config);
            return;
        }
        ObjectNode there = CLAIM.read(file);
        if (!begun(root)) {
            // A start that failed leaves nothing to go on from: it binds nobody to its recipe.
            for (List<String> made : List.of(MADE_AT_THE_START, BY_STEP)) for (String name : made) Disk.deleteTree(root.resolve(name));
            write(file, config);
            return;
        }
        requireSame(root, complete(there), config.deepCopy(), resume);
        ObjectNode now = there.deepCopy().remove(PLACES);
        for (String place : PLACES) if (config.has(place)) now.set(place, config.get(place));
        if (!now.equals(there)) write(file, now);
    }

    /// Refuses data, a model, a tokenizer or a device's arithmetic that are not those which the run in a folder began with: its steps could not be
    /// done again. The recipe is not compared, nor are held-out questions.
    public static void checkStart(Path root, JsonNode config) {
        refuse(root, CLAIM.read(root.resolve("config.json")).without(NOT_START), config.<ObjectNode>deepCopy().without(NOT_START), "Use ");
    }

    /// Names a device's arithmetic in a config, or in settings, that do not say it: those from before it was written down mean the exact one.
    public static void nameArithmetic(ObjectNode config) {
        if (!config.has(ARITHMETIC)) config.put(ARITHMETIC, Device.EXACT);
    }

    // Changes both.
    private static void refuse(Path root, ObjectNode there, ObjectNode wanted, String advice) {
        nameArithmetic(there);
        nameArithmetic(wanted);
        wanted.remove(START.stream().filter(field -> !there.has(field)).toList());
        List<String> differences = Differences.of(there.remove(PLACES), wanted.remove(PLACES), ORDERED);
        if (differences.isEmpty()) return;
        String began = BEGAN.entrySet().stream().filter(e -> !Objects.equals(there.get(e.getKey()), wanted.get(e.getKey())))
                .map(e -> String.format(e.getValue(), root.resolve("config.json")))
                .collect(Collectors.joining(", "));
        throw new RunException(root + " holds a run with another config; nothing was changed. Differences (there -> wanted):"
                + Differences.lines(differences, SHOWN_DIFFERENCES) + "\n"
                + (there.has("replay_of") ? "Use another --out: what holds replayed steps cannot be continued"
                        : advice + (began.isEmpty() ? "the config that it began with" : "what this one began with: " + began)));
    }

    private static void write(Path file, JsonNode config) { Disk.text(file, JsonText.pretty(config)); }

    // A recipe from before a key was there means by that what a recipe of today means that names it.
    private static ObjectNode complete(ObjectNode config) throws IOException {
        ObjectNode all = config.deepCopy();
        if (!all.has("recipe")) return all;
        try {
            return all.set("recipe", JSON.readTree(RecipeReader.write(RecipeReader.parse("config.json", all.get("recipe").toString()))));
        } catch (RecipeException _) {
            // One that cannot be used: the differences show where.
            return all;
        }
    }

    /// Claims a folder for this process until the channel is closed.
    public static FileChannel lock(Path root) throws IOException {
        FileChannel channel = FileChannel.open(root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            OPEN.add(channel);
            throw new RunException(root + " is open already in this process; close it first");
        }
        if (lock == null) {
            channel.close();
            throw new RunException(root + " is in use by another process; wait for it or use another --out");
        }
        return channel;
    }

    // What a killed run left: files that were being written, checkpoints that were being written or deleted (their state goes first).
    private static void sweep(Path root) throws IOException {
        Disk.sweep(root);
        for (String folder : BY_STEP) Disk.sweep(root.resolve(folder));
        Path checkpoints = root.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) return;
        for (Path left : Disk.list(checkpoints, RunFolder::isLeft)) Disk.deleteTree(left);
    }

    private static boolean isLeft(Path checkpoint) {
        String name = checkpoint.getFileName().toString();
        return Disk.beingWritten(name).filter(RunState::isFolderName).isPresent()
                || RunState.isFolderName(name) && !Files.exists(checkpoint.resolve(RunState.FILE));
    }

    // What is left of a checkpoint whose state is gone is swept away.
    private static void drop(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve(RunState.FILE));
        Disk.deleteTree(checkpoint);
    }

    // Of each stage the newest checkpoint stays. By their names: a state that cannot be read keeps nothing from being saved.
    private static void dropOlder(Path root) throws IOException {
        List<Path> all = checkpoints(root);
        for (int i = 1; i < all.size(); i++) {
            String older = all.get(i - 1).getFileName().toString();
            String stage = older.substring(0, older.indexOf('-') + 1);
            if (!stage.isEmpty() && all.get(i).getFileName().toString().startsWith(stage) && !older.endsWith(RunState.DONE)) drop(all.get(i - 1));
        }
    }

    public Path root() { return root; }

    /// Appends one line of metrics, to the text and to TensorBoard (numbers only).
    public void metrics(long step, ObjectNode line) {
        try {
            metrics.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
            metrics.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + root.resolve(AppendedFiles.METRICS) + ": " + IoReason.of(e)
                    + "; the last checkpoint is intact", e);
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        line.properties().forEach(e -> {
            if (e.getValue().isNumber() && !e.getKey().equals("step")) numbers.put(e.getKey(), e.getValue().asDouble());
        });
        events.scalars(step, numbers);
    }

    /// Saves a checkpoint and drops older ones but the last of each stage.
    public Path checkpoint(RunState state, Disk.Writer tensors) {
        Path folder = root.resolve("checkpoints").resolve(state.folderName());
        try {
            Disk.folders(folder.getParent());
            // What the checkpoint counts on must not get lost after it.
            AtomicFile.force(root.resolve(AppendedFiles.METRICS));
            AtomicFile.force(root.resolve(AppendedFiles.EVENTS));
            RunState full = state.withLengths(Files.size(root.resolve(AppendedFiles.METRICS)), Files.size(root.resolve(AppendedFiles.EVENTS)));
            Disk.deleteTree(folder);
            Disk.folder(folder, temp -> {
                tensors.write(temp);
                Files.writeString(temp.resolve(RunState.FILE), JSON.writer(JsonText.LINES).writeValueAsString(full));
                Checksums.write(temp);
            });
            dropOlder(root);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException("could not save checkpoint " + folder + ": " + IoReason.named(e) + "; the checkpoint before it is intact",
                    e);
        }
    }

    /// Where the run stands: its newest complete checkpoint, if there is one.
    public Optional<Path> latest() { return latest(root); }

    /// True of a folder that holds a run, if only one that has made no step yet: it has metrics or a checkpoint.
    public static boolean isRun(Path folder) { return Files.exists(folder.resolve("metrics.jsonl")) || latest(folder).isPresent(); }

    /// Whether the run in a folder has made a step: where it has not, another may be begun there.
    public static boolean begun(Path root) {
        try {
            Path metrics = root.resolve(AppendedFiles.METRICS);
            return Files.exists(metrics) && Files.size(metrics) > 0 || latest(root).isPresent() || Files.exists(root.resolve("summary.json"));
        } catch (IOException e) {
            throw new RunException("run folder " + root + ": " + IoReason.of(e));
        }
    }

    /// The newest complete checkpoint of the run in a folder; none if there is no run.
    public static Optional<Path> latest(Path root) {
        List<Path> all = checkpoints(root);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /// All complete checkpoints, oldest first.
    public static List<Path> checkpoints(Path root) {
        Path folder = root.resolve("checkpoints");
        if (!Files.isDirectory(folder)) return List.of();
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(p -> RunState.isFolderName(p.getFileName().toString()) && Files.exists(p.resolve(RunState.FILE))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + folder + ": " + IoReason.of(e), e);
        }
    }

    /// Where the newest finished stage of a phase left the weights of another run, for `--base`.
    ///
    /// @throws RunException no run is there, or it has finished none
    public static Path finished(Path run, String phase) {
        if (!Files.isDirectory(run))
            throw new RunException(run + (Files.exists(run) ? ": found a file" : ": no such folder") + "; wanted a run's folder");
        return checkpoints(run).stream().filter(c -> {
            RunState s = state(c);
            return s.stageComplete() && !s.results().isEmpty() && s.results().getLast().path("name").asText().equals(phase);
        }).reduce((_, last) -> last).orElseThrow(() -> new RunException(run + " has no finished '" + phase + "' stage to start from"));
    }

    /// The state in a checkpoint's folder.
    ///
    /// @throws RunException it is not what was written
    public static RunState state(Path checkpoint) {
        Path file = checkpoint.resolve(RunState.FILE);
        try {
            Checksums.checkState(checkpoint);
            return JSON.readValue(Files.readString(file), RunState.class);
        } catch (JsonProcessingException e) {
            throw new RunException(file + " is not a checkpoint's state: " + Json.fault(e));
        } catch (IOException e) {
            throw new RunException(file + " could not be read: " + IoReason.of(e));
        }
    }

    @Override public void close() {
        try (lockFile; events; metrics) {
            // All three are closed, whichever fails.
        } catch (IOException e) {
            throw new UncheckedIOException("could not close run folder " + root + ": " + IoReason.of(e), e);
        }
    }
}
