package lucid.grpo.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import lucid.grpo.console.Json;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.nn.disk.IoReason;
import lucid.nn.disk.JsonText;

/// The files of a run folder as JSON (see `RUN-FOLDER.md`), of a finished run or of one that is being written. A damaged file is refused with its
/// name and line.
public final class RunReader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path root;
    private final Consumer<String> notices;
    private List<JsonNode> metrics;

    /// @param notices is told in words what is left out
    public RunReader(Path root, Consumer<String> notices) {
        this.root = root;
        this.notices = notices;
        if (!Files.isRegularFile(root.resolve("config.json")))
            throw new RunException(root + (Files.isDirectory(root) ? " is not a run folder: it has no config.json"
                    : (Files.exists(root) ? ": found a file" : ": no such folder") + "; wanted a run's folder"));
    }

    public Path root() { return root; }

    /// Recipe, data and starting point of the run (`config.json`).
    public JsonNode config() {
        Path file = root.resolve("config.json");
        JsonNode config = object(file, read(file));
        JsonNode recipe = field(file, "", config, "recipe", JsonNodeType.OBJECT);
        field(file, "recipe.", recipe, "name", JsonNodeType.STRING);
        field(file, "recipe.", recipe, "seed", JsonNodeType.NUMBER);
        objects(file, "recipe.", recipe, "stages");
        return config;
    }

    /// Where the run's data may lie: where they did when it was trained, and where they lie from there if run and data were moved together. [RunData]
    /// says which it is.
    List<Path> dataPlaces() { return places("data_folder"); }

    /// The same of the file of held-out questions; none if the run was measured by none, or by those that its data bring.
    public List<Path> heldOutPlaces() { return places("held_out_file"); }

    private List<Path> places(String field) {
        JsonNode config = config();
        if (!config.has(field)) return List.of();
        Path recorded = Path.of(config.get(field).asText());
        String relative = field + "_relative";
        return config.has(relative) ? Stream.of(recorded, root.toAbsolutePath().resolve(config.get(relative).asText()).normalize()).distinct()
                .toList() : List.of(recorded);
    }

    /// As the run began with it.
    public Recipe recipe() { return RecipeReader.parse(root.resolve("config.json") + ", recipe", config().path("recipe").toString()); }

    /// Absent until the run is complete.
    public Optional<JsonNode> summary() {
        Path file = root.resolve("summary.json");
        Optional<JsonNode> summary = optional("summary.json").map(s -> object(file, s));
        summary.ifPresent(s -> {
            field(file, "", s, "final_hash", JsonNodeType.STRING);
            field(file, "", s, "seconds", JsonNodeType.NUMBER);
            int n = 0;
            for (JsonNode stage : objects(file, "", s, "stages")) {
                String place = "stages[" + n++ + "].";
                field(file, place, stage, "name", JsonNodeType.STRING);
                for (String measured : List.of("accuracy", "format", "mean_length", "questions"))
                    field(file, place, stage, measured, JsonNodeType.NUMBER);
            }
            if (s.has("controls")) objects(file, "", s, "controls");
        });
        return summary;
    }

    /// The table of `demo --ablate`.
    public Optional<JsonNode> ablations() { return optional("ablations.json"); }

    private Optional<JsonNode> optional(String name) {
        Path file = root.resolve(name);
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /// One object a step. The last line of a run that is being written, or was killed, may be half a line; it is left out, with a notice.
    public List<JsonNode> metrics() {
        if (metrics == null) metrics = readMetrics();
        return metrics;
    }

    private List<JsonNode> readMetrics() {
        Path file = root.resolve("metrics.jsonl");
        if (!Files.isRegularFile(file)) {
            notices.accept(file + ": no such file: what the run's steps measured is left out");
            return List.of();
        }
        String text = text(file);
        int end = text.lastIndexOf('\n') + 1;
        List<JsonNode> all = lines(file, text.substring(0, end));
        String last = text.substring(end);
        if (last.isEmpty()) return all;
        try {
            all.add(object(file, all.size() + 1, last));
        } catch (RunException _) {
            notices.accept(file + ", line " + (all.size() + 1) + ": half a line, left out (the run is writing it, or was stopped while it did)");
        }
        return all;
    }

    /// Steps whose completions are on disk, ascending.
    public List<Long> rolloutSteps() { return steps("rollouts"); }

    /// Steps whose per-token columns are on disk, ascending.
    public List<Long> ledgerSteps() { return steps("ledger"); }

    private List<Long> steps(String folder) {
        return list(root.resolve(folder)).stream().map(p -> p.getFileName().toString()).filter(n -> n.matches("step-\\d+\\.jsonl(\\.gz)?"))
                .map(n -> Long.valueOf(n.replaceAll("\\D", ""))).sorted().toList();
    }

    /// One object a completion, in (prompt, completion) order.
    public List<JsonNode> rollouts(long step) {
        Path file = file("rollouts", step);
        return lines(file, text(file));
    }

    /// The same completions' per-token columns.
    public List<JsonNode> ledger(long step) {
        Path file = file("ledger", step);
        return lines(file, text(file));
    }

    /// The same, one for each of the step's completions.
    ///
    /// @throws RunException they do not belong together
    public List<JsonNode> ledger(long step, List<JsonNode> rollouts) {
        List<JsonNode> all = ledger(step);
        if (all.size() != rollouts.size())
            throw new RunException(root + ": step " + step + " has " + rollouts.size() + " completions but " + all.size()
                    + " ledger lines; wanted one for each");
        for (int i = 0; i < all.size(); i++) {
            for (String key : List.of("prompt", "completion")) {
                if (all.get(i).path(key).asInt() != rollouts.get(i).path(key).asInt())
                    throw new RunException(root + ": the ledger of step " + step + " is in another order than its completions");
            }
        }
        return all;
    }

    /// The columns of a step's first completion; the rest of the file is not read.
    public Optional<JsonNode> firstOfLedger(long step) {
        Path file = file("ledger", step);
        try (BufferedReader in = new BufferedReader(new InputStreamReader(open(file), StandardCharsets.UTF_8))) {
            return Optional.ofNullable(in.readLine()).map(line -> object(file, 1, line));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /// The watched held-out questions with their answers at different times, in order.
    public List<JsonNode> answers() { return list(root.resolve("answers")).stream().map(RunReader::read).toList(); }

    private Path file(String folder, long step) {
        Path file = root.resolve(folder).resolve(String.format(Locale.ROOT, "step-%06d.jsonl%s", step, folder.equals("ledger") ? ".gz" : ""));
        if (Files.isRegularFile(file)) return file;
        throw new RunException(new RunSteps(this).missing(step, folder, file, steps(folder)));
    }

    // By name, without those that are being written.
    private static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) return List.of();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> !f.getFileName().toString().startsWith(".")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("could not list " + folder + ": " + IoReason.of(e), e);
        }
    }

    private static JsonNode read(Path file) {
        try {
            return JsonText.read(file);
        } catch (IOException e) {
            throw new RunException(file + ": " + JsonText.reason(e));
        }
    }

    private static JsonNode object(Path file, JsonNode found) {
        if (found.isObject()) return found;
        throw new RunException(file + ": found " + kind(found) + ", wanted a JSON object");
    }

    // Of the fields that no version of Lucid left out.
    private static JsonNode field(Path file, String place, JsonNode of, String name, JsonNodeType wanted) {
        JsonNode found = of.path(name);
        if (found.getNodeType() == wanted) return found;
        throw new RunException(file + ", " + place + name + ": found " + kind(found) + ", wanted one " + wanted.name().toLowerCase(Locale.ROOT));
    }

    private static JsonNode objects(Path file, String place, JsonNode of, String name) {
        JsonNode all = field(file, place, of, name, JsonNodeType.ARRAY);
        for (int i = 0; i < all.size(); i++) {
            if (!all.get(i).isObject())
                throw new RunException(file + ", " + place + name + "[" + i + "]: found " + kind(all.get(i)) + ", wanted one object");
        }
        return all;
    }

    private static String kind(JsonNode found) { return found.isMissingNode() ? "nothing" : found.getNodeType().name().toLowerCase(Locale.ROOT); }

    private static InputStream open(Path file) throws IOException {
        InputStream raw = Files.newInputStream(file);
        return file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
    }

    private static String text(Path file) {
        try (InputStream in = open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static RunException unreadable(Path file, IOException e) { return new RunException(file + ": could not be read: " + IoReason.of(e)); }

    private static List<JsonNode> lines(Path file, String text) {
        List<JsonNode> all = new ArrayList<>();
        text.lines().forEach(line -> all.add(object(file, all.size() + 1, line)));
        return all;
    }

    private static JsonNode object(Path file, int number, String line) {
        try {
            JsonNode node = JSON.readTree(line);
            if (node.isObject()) return node;
            throw new RunException(file + ", line " + number + ": found " + (line.isBlank() ? "an empty line" : kind(node))
                    + ", wanted one JSON object");
        } catch (JsonProcessingException e) {
            throw new RunException(file + ", line " + number + ": " + Json.fault(e));
        }
    }
}
