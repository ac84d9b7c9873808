package lucid.grpo.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import lucid.grpo.run.Disk;
import lucid.grpo.run.RunReader;
import lucid.nn.disk.IoReason;

/// Collects a run folder into `report.html`.
public final class Report {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RunReader run;
    private final Function<String, List<String>> frames;
    private final Consumer<String> notices;

    /// @param frames a clip's path, as the rollouts name it, to its frames as data URIs
    Report(RunReader run, Function<String, List<String>> frames, Consumer<String> notices) {
        this.run = run;
        this.frames = frames;
        this.notices = notices;
    }

    /// The report of a run whose clips lie where it found them, or in another folder.
    ///
    /// @param data    see [RunClips]; null: where config.json says
    /// @param notices is told in words what is left out because it is not there
    public static Report of(Path run, Path data, Consumer<String> notices) {
        RunReader reader = new RunReader(run, notices);
        return new Report(reader, new RunClips(reader, data, notices)::frames, notices);
    }

    /// Writes `report.html` into the run folder and returns its path.
    public Path write() {
        ObjectNode data = JSON.createObjectNode();
        JsonNode settings = run.config();
        data.put("title", "Lucid: " + settings.path("recipe").path("name").asText("run") + ", seed " + settings.path("recipe").path("seed").asText());
        data.put("description", settings.path("recipe").path("description").asText(""));
        data.set("config", settings);
        ArrayNode rewarded = rewarded(settings);
        data.set("rewarded", rewarded);
        data.put("reasoned_answers", reasonedAnswers(settings.path("recipe").path("evaluation").path("sampling")));
        JsonNode summary = run.summary().orElse(null);
        if (summary != null) leaveOutUnmeasured(summary, settings.path("recipe").path("data").path("kind").asText().equals("drift"));
        data.set("summary", summary);
        data.set("controls", summary == null ? JSON.createArrayNode() : summary.path("controls"));
        data.set("metrics", JSON.createArrayNode().addAll(run.metrics()));
        data.set("held_out", heldOut());
        data.set("samples", samples(rewarded));
        data.set("ablations", run.ablations().orElse(null));
        Path file = run.root().resolve("report.html");
        try {
            Disk.text(file, Page.of("report/report", List.of("report/page", "report/report"), data.get("title").asText(), data));
        } catch (IOException e) {
            throw new UncheckedIOException("report of " + run.root() + ": " + IoReason.named(e), e);
        }
        return file;
    }

    // Names of the stages that learn from rewards: a recipe may call them what it likes, only their kind is fixed.
    private static ArrayNode rewarded(JsonNode settings) {
        ArrayNode names = JSON.createArrayNode();
        for (JsonNode stage : settings.path("recipe").path("stages"))
            if (stage.path("kind").asText().equals("grpo")) names.add(stage.path("name").asText());
        return names;
    }

    // Summaries of older versions have a 0 for evidence that nobody looked for: a letter alone names nothing, and only of Drift's clips it is known
    // what is in them.
    private static void leaveOutUnmeasured(JsonNode summary, boolean known) {
        for (JsonNode stage : summary.path("stages"))
            if (!known || stage.path("name").asText().equals("base")) ((ObjectNode) stage).remove("evidence");
        if (!known) for (JsonNode control : summary.path("controls")) ((ObjectNode) control).remove("evidence");
    }

    // How held-out answers that reason were drawn, in words; what is switched off is not named.
    private static String reasonedAnswers(JsonNode sampling) {
        if (!sampling.isObject()) return "greedy";
        StringBuilder words = new StringBuilder("sampled (temperature " + number(sampling.path("temperature")));
        if (sampling.path("top_k").asInt() > 0) words.append(", top-k ").append(sampling.path("top_k").asInt());
        if (sampling.path("top_p").asDouble(1) < 1) words.append(", top-p ").append(number(sampling.path("top_p")));
        if (sampling.path("min_p").asDouble() > 0) words.append(", min-p ").append(number(sampling.path("min_p")));
        return words.append(')').toString();
    }

    private static String number(JsonNode n) { return n.decimalValue().stripTrailingZeros().toPlainString(); }

    private ArrayNode samples(ArrayNode rewarded) {
        ArrayNode samples = JSON.createArrayNode();
        for (long step : SampledSteps.of(run, wholeSteps(rewarded))) {
            List<JsonNode> rollouts = run.rollouts(step);
            List<JsonNode> tokens = run.ledger(step, rollouts);
            int prompt = mostTelling(rollouts);
            ObjectNode sample = samples.addObject();
            ArrayNode completions = sample.putArray("completions");
            for (int i = 0; i < rollouts.size(); i++) {
                JsonNode r = rollouts.get(i);
                if (r.path("prompt").asInt() != prompt) continue;
                sample.set("step", r.get("step"));
                sample.set("question", r.get("question"));
                sample.set("answer", r.get("solution"));
                if (!sample.has("frames")) sample.set("frames", JSON.valueToTree(frames.apply(r.path("clip").asText())));
                ObjectNode c = ((ObjectNode) tokens.get(i)).deepCopy();
                for (String key : List.of("accuracy", "format", "reward", "advantage")) c.set(key, r.get(key));
                completions.add(c);
            }
        }
        return samples;
    }

    // Steps of which both files are there; it is said if any step that learned from rewards lacks one.
    private List<Long> wholeSteps(ArrayNode rewarded) {
        Set<Long> whole = new TreeSet<>(run.rolloutSteps());
        SortedSet<Long> wanted = new TreeSet<>(whole);
        wanted.addAll(run.ledgerSteps());
        whole.retainAll(Set.copyOf(run.ledgerSteps()));
        Set<String> stages = new HashSet<>();
        rewarded.forEach(name -> stages.add(name.asText()));
        for (JsonNode m : run.metrics()) if (stages.contains(m.path("stage").asText())) wanted.add(m.path("step").asLong());
        int all = wanted.size();
        wanted.removeAll(whole);
        if (!wanted.isEmpty()) {
            notices.accept(run.root() + ": rollouts or ledger of " + wanted.size() + " of " + all + " steps are not there (the first is step "
                    + wanted.first() + "): the report leaves these steps out");
        }
        return List.copyOf(whole);
    }

    // The prompt whose completions differ most in reward: where the group teaches something.
    private static int mostTelling(List<JsonNode> rollouts) {
        int best = 0;
        double widest = -1;
        for (JsonNode r : rollouts) {
            int prompt = r.path("prompt").asInt();
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (JsonNode other : rollouts) {
                if (other.path("prompt").asInt() != prompt) continue;
                low = Math.min(low, other.path("reward").asDouble());
                high = Math.max(high, other.path("reward").asDouble());
            }
            if (high - low > widest) {
                widest = high - low;
                best = prompt;
            }
        }
        return best;
    }

    // answers/NNNNNN.json hold the same few held-out questions at different times; here they are turned round: per question, all its answers.
    private ArrayNode heldOut() {
        ArrayNode all = JSON.createArrayNode();
        for (JsonNode moment : run.answers()) {
            int i = 0;
            for (JsonNode a : moment.path("answers")) {
                ObjectNode entry;
                if (i < all.size()) {
                    entry = (ObjectNode) all.get(i);
                } else {
                    entry = all.addObject();
                    entry.set("question", a.get("question"));
                    entry.set("answer", a.get("solution"));
                    entry.set("frames", JSON.valueToTree(frames.apply(a.path("clip").asText())));
                    entry.putArray("answers");
                }
                ((ArrayNode) entry.get("answers")).addObject().put("when", moment.path("when").asText()).put("text", a.path("text").asText())
                        .put("correct", a.path("correct").asBoolean());
                i++;
            }
        }
        return all;
    }
}
