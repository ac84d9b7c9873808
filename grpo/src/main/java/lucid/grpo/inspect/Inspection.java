package lucid.grpo.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import lucid.grpo.console.Json;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;

/// A run, a step, a group, a completion or a token of it, as JSON; [InspectionText] shows the same to people. From what is said of a completion its
/// advantage, and every token's ratio, KL and loss, can be computed again; `RUN-FOLDER.md` has every key.
public final class Inspection {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RunReader run;

    /// @param notices is told in words what is left out because it is not there
    public Inspection(Path root, Consumer<String> notices) { run = new RunReader(root, notices); }

    /// Recipe, stages, results and which steps can be looked into.
    public ObjectNode run() {
        JsonNode recipe = run.config().path("recipe");
        ObjectNode o = JSON.createObjectNode().put("run", run.root().toString()).put("recipe", recipe.path("name").asText())
                .put("seed", recipe.path("seed").asLong());
        if (run.config().has("replay_of")) o.set("replay_of", run.config().get("replay_of"));
        run.summary().ifPresentOrElse(s -> o.put("complete", true).set("summary", s), () -> o.put("complete", false));
        Map<String, List<JsonNode>> stages = new LinkedHashMap<>();
        for (JsonNode line : run.metrics()) stages.computeIfAbsent(line.path("stage").asText(), _ -> new ArrayList<>()).add(line);
        ArrayNode list = o.putArray("stages");
        stages.forEach((name, lines) -> {
            ObjectNode s = list.addObject().put("stage", name).put("steps", lines.size()).put("first_step", lines.getFirst().path("step").asLong())
                    .put("last_step", lines.getLast().path("step").asLong()).put("hash", lines.getLast().path("hash").asText());
            for (String metric : List.of("loss", "reward", "rewards/accuracy_reward/mean", "rewards/well_formed", "kl", "entropy",
                    "frac_reward_zero_std")) {
                if (lines.getFirst().has(metric) && lines.getLast().has(metric))
                    s.putObject(metric).put("first", lines.getFirst().get(metric).asDouble()).put("last", lines.getLast().get(metric).asDouble());
            }
        });
        ArrayNode steps = o.putArray("rollout_steps");
        run.rolloutSteps().forEach(steps::add);
        return o;
    }

    /// The groups of a step: question, rewards and their spread.
    public ObjectNode step(long step) {
        ObjectNode o = JSON.createObjectNode().put("step", step);
        line(step).ifPresent(m -> o.set("metrics", m));
        stage(step).ifPresent(s -> o.set("stage", s));
        ArrayNode groups = o.putArray("groups");
        byPrompt(step).forEach((prompt, all) -> {
            JsonNode first = all.getFirst();
            ObjectNode g = groups.addObject().put("prompt", prompt).put("kind", first.path("kind").asText()).put("clip", first.path("clip").asText())
                    .put("question", first.path("question").asText()).put("solution", first.path("solution").asText()).put("completions", all.size())
                    .put("right", all.stream().filter(c -> c.path("accuracy").asDouble() > 0).count())
                    .put("well_formed", all.stream().filter(c -> c.path("format").asDouble() > 0).count()).setAll(spread(step, all));
            g.put("dead", Advantages.std(rewards(all)) < 1e-8);
        });
        return o;
    }

    /// A group's completions.
    public ObjectNode prompt(long step, int prompt) {
        ObjectNode o = JSON.createObjectNode().put("step", step).put("prompt", prompt);
        List<JsonNode> all = group(step, prompt);
        stage(step).ifPresent(s -> o.set("stage", s));
        for (String field : List.of("kind", "clip", "question", "solution")) o.set(field, all.getFirst().get(field));
        o.setAll(spread(step, all));
        double[] normals = normals(step, prompt, all.size());
        ArrayNode list = o.putArray("completions");
        for (JsonNode c : all) {
            ObjectNode copy = c.deepCopy();
            list.add(withNormal(copy.remove(List.of("step", "prompt", "kind", "clip", "question", "solution")), normals));
        }
        return o;
    }

    /// One completion with its tokens.
    public ObjectNode completion(long step, int prompt, int completion) {
        ObjectNode o = completionNode(step, prompt, completion).deepCopy();
        o.set("stage", stageOf(step));
        List<JsonNode> all = group(step, prompt);
        withNormal(o, normals(step, prompt, all.size())).set("rewards", JSON.valueToTree(rewards(all)));
        o.setAll(spread(step, all));
        List<TokenRow> rows = tokens(step, prompt, completion);
        int updates = rows.isEmpty() ? 0 : rows.getFirst().updates().size();
        update(o, IntStream.range(0, updates).mapToObj(u -> total(rows, u)).toList());
        ArrayNode list = o.putArray("tokens");
        for (TokenRow row : rows) list.add(json(row));
        return o;
    }

    /// One token, with the stage whose constants its numbers come from.
    public ObjectNode token(long step, int prompt, int completion, int token) {
        return json(row(step, prompt, completion, token)).set("stage", stageOf(step));
    }

    /// One token of a completion.
    ///
    /// @throws IllegalArgumentException if the completion has no such token
    TokenRow row(long step, int prompt, int completion, int token) {
        List<TokenRow> rows = tokens(step, prompt, completion);
        if (token >= rows.size() || token < 0)
            throw new IllegalArgumentException("completion " + completion + " has no token " + token + "; wanted 0 .. " + (rows.size() - 1));
        return rows.get(token);
    }

    private static ObjectNode json(TokenRow row) {
        ObjectNode o = Json.tree(row);
        o.remove("updates");
        return update(measured(o), row.updates().stream().map(u -> measured(Json.tree(u))).toList());
    }

    // What a completion's loss and KL are: its part in the step's loss, and the mean over its tokens.
    private static ObjectNode total(List<TokenRow> rows, int update) {
        return measured(JSON.createObjectNode().put("loss", rows.stream().mapToDouble(r -> r.weight() * r.updates().get(update).loss()).sum())
                .put("kl", rows.stream().mapToDouble(r -> r.updates().get(update).kl()).average().orElse(Double.NaN)));
    }

    // What the last update saw stands beside the other numbers; a list of all follows where there are several.
    private static ObjectNode update(ObjectNode o, List<ObjectNode> updates) {
        if (!updates.isEmpty()) o.setAll(updates.getLast());
        if (updates.size() > 1) o.putArray("updates").addAll(updates);
        return o;
    }

    // What was not measured has no key, as in the ledger.
    private static ObjectNode measured(ObjectNode o) {
        o.properties().removeIf(e -> e.getValue().isDouble() && Double.isNaN(e.getValue().asDouble()));
        return o;
    }

    private static double[] rewards(List<JsonNode> group) { return group.stream().mapToDouble(c -> c.path("reward").asDouble()).toArray(); }

    // The deviation is the one that divides: of the group, or of all rewards of the step.
    private ObjectNode spread(long step, List<JsonNode> group) {
        boolean batch = stage(step).map(s -> s.at("/advantage/std_of").asText()).orElse("").equals(Stage.AdvantageSpec.BATCH);
        return JSON.createObjectNode().put("reward_mean", Arrays.stream(rewards(group)).average().orElse(0))
                .put("reward_std", Advantages.std(rewards(batch ? run.rollouts(step) : group)));
    }

    // The n of the advantages' noise, drawn again; none where there is no noise, or where the step is not known.
    private double[] normals(long step, int prompt, int completions) {
        if (stage(step).map(s -> s.path("advantage").path("noise").asDouble()).orElse(0.0) == 0) return new double[0];
        JsonNode recipe = run.config().path("recipe");
        List<String> rewarded = new ArrayList<>();
        for (JsonNode s : recipe.path("stages")) if (s.path("kind").asText().equals("grpo")) rewarded.add(s.path("name").asText());
        long seed = Recipe.drawSeed(recipe.path("seed").asLong(), rewarded, metricsOf(step).path("stage").asText());
        return Advantages.normals(completions, seed, metricsOf(step).path("stage_step").asInt() - 1, prompt);
    }

    private static ObjectNode withNormal(ObjectNode completion, double[] normals) {
        int i = completion.path("completion").asInt();
        return i < normals.length ? completion.put("normal", normals[i]) : completion;
    }

    /// The token rows of one completion.
    public List<TokenRow> tokens(long step, int prompt, int completion) {
        JsonNode c = completionNode(step, prompt, completion);
        List<JsonNode> rollouts = run.rollouts(step);
        JsonNode columns = run.ledger(step, rollouts).get(rollouts.indexOf(c));
        PolicyLoss loss = TokenRow.loss(stageOf(step).get("loss"));
        List<TokenRow> rows = new ArrayList<>();
        for (int t = 0; t < columns.path("ids").size(); t++) rows.add(TokenRow.of(columns, t, c.path("advantage").asDouble(), loss));
        return rows;
    }

    /// The line of a step in metrics.jsonl.
    JsonNode metricsOf(long step) {
        return line(step).orElseThrow(() -> new RunException(run.root() + ": metrics.jsonl has no line for step " + step
                + ", so its stage is not known"));
    }

    /// The recipe of the GRPO stage that a step belongs to.
    JsonNode stageOf(long step) {
        String name = metricsOf(step).path("stage").asText();
        return stage(step).orElseThrow(() -> new RunException(run.root() + ": config.json has no GRPO stage '" + name + "'"));
    }

    private Optional<JsonNode> line(long step) { return run.metrics().stream().filter(m -> m.path("step").asLong() == step).findFirst(); }

    private Optional<JsonNode> stage(long step) {
        return line(step).flatMap(m -> run.config().path("recipe").path("stages").valueStream()
                .filter(s -> s.path("name").equals(m.path("stage")) && s.has("loss")).findFirst());
    }

    private Map<Integer, List<JsonNode>> byPrompt(long step) {
        Map<Integer, List<JsonNode>> groups = new LinkedHashMap<>();
        for (JsonNode c : run.rollouts(step)) groups.computeIfAbsent(c.path("prompt").asInt(), _ -> new ArrayList<>()).add(c);
        return groups;
    }

    private List<JsonNode> group(long step, int prompt) {
        Map<Integer, List<JsonNode>> groups = byPrompt(step);
        List<JsonNode> all = groups.get(prompt);
        if (all == null) throw new RunException("step " + step + " has no prompt " + prompt + "; wanted 0 .. " + (groups.size() - 1));
        return all;
    }

    private JsonNode completionNode(long step, int prompt, int completion) {
        List<JsonNode> all = group(step, prompt);
        return all.stream().filter(c -> c.path("completion").asInt() == completion).findFirst()
                .orElseThrow(() -> new RunException("prompt " + prompt + " of step " + step + " has no completion " + completion + "; wanted 0 .. "
                        + (all.size() - 1)));
    }
}
