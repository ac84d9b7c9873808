package lucid.grpo.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunException;

/// Collects a run folder into `report.html`.
public final class Report {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path run;
    private final Function<String, List<String>> frames;

    /// @param frames a clip's path, as the rollouts name it, to its frames as data URIs
    public Report(Path run, Function<String, List<String>> frames) {
        this.run = run;
        this.frames = frames;
    }

    /// The report of a run whose clips lie where it found them, or in another folder.
    ///
    /// @param data null: the folder that config.json names
    public static Report of(Path run, Path data) {
        return new Report(run, clip -> {
            Path root = data != null ? data : dataFolder(run);
            return FrameImages.of(root, clip);
        });
    }

    private static Path dataFolder(Path run) {
        try {
            return Path.of(JSON.readTree(Files.readString(run.resolve("config.json"))).path("data_folder").asText());
        } catch (IOException e) {
            throw new UncheckedIOException("report of " + run + ": " + e.getMessage(), e);
        }
    }

    /// Writes `report.html` into the run folder and returns its path.
    public Path write() {
        Path config = run.resolve("config.json");
        if (!Files.isRegularFile(config)) throw new RunException(run + " is not a run folder: it has no config.json");
        try {
            ObjectNode data = JSON.createObjectNode();
            JsonNode settings = JSON.readTree(Files.readString(config));
            data.put("title", "Lucid: " + settings.path("recipe").path("name").asText("run") + ", seed " + settings.path("recipe").path("seed").asText());
            data.put("description", settings.path("recipe").path("description").asText(""));
            data.set("config", settings);
            data.set("rewarded", rewarded(settings));
            JsonNode summary = RunFiles.optional(run.resolve("summary.json"));
            data.set("summary", summary);
            data.set("controls", summary == null ? JSON.createArrayNode() : summary.path("controls"));
            data.set("metrics", lines(run.resolve("metrics.jsonl")));
            data.set("held_out", heldOut());
            data.set("samples", samples());
            data.set("ablations", RunFiles.optional(run.resolve("ablations.json")));
            Path file = run.resolve("report.html");
            Disk.text(file, Page.of("report/report", data.get("title").asText(), data));
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("report of " + run + ": " + e.getMessage(), e);
        }
    }

    // Names of the stages that learn from rewards: a recipe may call them what it likes, only their kind is fixed.
    private static ArrayNode rewarded(JsonNode settings) {
        ArrayNode names = JSON.createArrayNode();
        for (JsonNode stage : settings.path("recipe").path("stages")) if (stage.path("kind").asText().equals("grpo")) names.add(stage.path("name").asText());
        return names;
    }

    private static ArrayNode lines(Path file) throws IOException {
        ArrayNode all = JSON.createArrayNode();
        try (Stream<JsonNode> lines = RunFiles.lines(file)) {
            lines.forEach(all::add);
        }
        return all;
    }

    private ArrayNode samples() throws IOException {
        ArrayNode samples = JSON.createArrayNode();
        for (Path ledger : SampledSteps.of(RunFiles.list(run.resolve("ledger")))) {
            ArrayNode tokens = lines(ledger);
            ArrayNode rollouts = lines(run.resolve("rollouts").resolve(ledger.getFileName().toString().replace(".gz", "")));
            int prompt = mostTelling(rollouts);
            ObjectNode sample = samples.addObject();
            ArrayNode completions = sample.putArray("completions");
            for (int i = 0; i < rollouts.size(); i++) {
                JsonNode r = rollouts.get(i);
                if (r.get("prompt").asInt() != prompt) continue;
                sample.set("step", r.get("step"));
                sample.set("question", r.get("question"));
                sample.set("answer", r.get("solution"));
                if (!sample.has("frames")) sample.set("frames", JSON.valueToTree(frames.apply(r.get("clip").asText())));
                ObjectNode c = ((ObjectNode) tokens.get(i)).deepCopy();
                for (String key : List.of("accuracy", "format", "reward", "advantage")) c.set(key, r.get(key));
                completions.add(c);
            }
        }
        return samples;
    }

    // The prompt whose completions differ most in reward: where the group teaches something.
    private static int mostTelling(ArrayNode rollouts) {
        int best = 0;
        double widest = -1;
        for (JsonNode r : rollouts) {
            int prompt = r.get("prompt").asInt();
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (JsonNode other : rollouts) {
                if (other.get("prompt").asInt() != prompt) continue;
                low = Math.min(low, other.get("reward").asDouble());
                high = Math.max(high, other.get("reward").asDouble());
            }
            if (high - low > widest) {
                widest = high - low;
                best = prompt;
            }
        }
        return best;
    }

    // answers/NNNNNN.json hold the same few held-out questions at different times; here they are turned round: per question, all its answers.
    private ArrayNode heldOut() throws IOException {
        ArrayNode all = JSON.createArrayNode();
        for (Path file : RunFiles.list(run.resolve("answers"))) {
            JsonNode moment = JSON.readTree(Files.readString(file));
            int i = 0;
            for (JsonNode a : moment.get("answers")) {
                ObjectNode entry;
                if (i < all.size()) {
                    entry = (ObjectNode) all.get(i);
                } else {
                    entry = all.addObject();
                    entry.set("question", a.get("question"));
                    entry.set("answer", a.get("solution"));
                    entry.set("frames", JSON.valueToTree(frames.apply(a.get("clip").asText())));
                    entry.putArray("answers");
                }
                ((ArrayNode) entry.get("answers")).addObject().put("when", moment.get("when").asText()).put("text", a.get("text").asText())
                        .put("correct", a.get("correct").asBoolean());
                i++;
            }
        }
        return all;
    }
}
