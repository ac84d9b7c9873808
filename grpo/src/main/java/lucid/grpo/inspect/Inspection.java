package lucid.grpo.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.run.RunException;
import lucid.grpo.run.RunReader;

/// A run, a step, a group, a completion or a token of it, as JSON; [InspectionText] shows the same to people.
public final class Inspection {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RunReader run;

    /// @param notices is told in words what is left out because it is not there
    public Inspection(Path root, Consumer<String> notices) { run = new RunReader(root, notices); }

    /// Recipe, stages, results and which steps can be looked into.
    public ObjectNode run() {
        JsonNode recipe = run.config().path("recipe");
        ObjectNode o = JSON.createObjectNode().put("run", run.root().toString()).put("recipe", recipe.path("name").asText()).put("seed", recipe.path("seed").asLong());
        run.summary().ifPresentOrElse(s -> o.put("complete", true).set("summary", s), () -> o.put("complete", false));
        Map<String, List<JsonNode>> stages = new LinkedHashMap<>();
        for (JsonNode line : run.metrics()) stages.computeIfAbsent(line.path("stage").asText(), _ -> new ArrayList<>()).add(line);
        ArrayNode list = o.putArray("stages");
        stages.forEach((name, lines) -> {
            ObjectNode s = list.addObject().put("stage", name).put("steps", lines.size()).put("first_step", lines.getFirst().path("step").asLong())
                    .put("last_step", lines.getLast().path("step").asLong()).put("hash", lines.getLast().path("hash").asText());
            for (String metric : List.of("loss", "reward", "rewards/accuracy_reward/mean", "rewards/well_formed", "kl", "entropy", "frac_reward_zero_std")) {
                if (lines.getLast().has(metric)) s.putObject(metric).put("first", lines.getFirst().path(metric).asDouble()).put("last", lines.getLast().path(metric).asDouble());
            }
        });
        ArrayNode steps = o.putArray("rollout_steps");
        run.rolloutSteps().forEach(steps::add);
        return o;
    }

    /// The groups of a step: question, rewards and their spread.
    public ObjectNode step(long step) {
        ObjectNode o = JSON.createObjectNode().put("step", step);
        run.metrics().stream().filter(m -> m.path("step").asLong() == step).findFirst().ifPresent(m -> o.set("metrics", m));
        ArrayNode groups = o.putArray("groups");
        byPrompt(step).forEach((prompt, all) -> {
            double[] rewards = all.stream().mapToDouble(c -> c.path("reward").asDouble()).toArray();
            JsonNode first = all.getFirst();
            double std = Advantages.std(rewards);
            groups.addObject().put("prompt", prompt).put("kind", first.path("kind").asText()).put("clip", first.path("clip").asText())
                    .put("question", first.path("question").asText()).put("solution", first.path("solution").asText()).put("completions", all.size())
                    .put("right", all.stream().filter(c -> c.path("accuracy").asDouble() > 0).count())
                    .put("well_formed", all.stream().filter(c -> c.path("format").asDouble() > 0).count())
                    .put("reward_mean", java.util.Arrays.stream(rewards).average().orElse(0)).put("reward_std", std).put("dead", std < 1e-8);
        });
        return o;
    }

    /// A group's completions.
    public ObjectNode prompt(long step, int prompt) {
        ObjectNode o = JSON.createObjectNode().put("step", step).put("prompt", prompt);
        List<JsonNode> all = group(step, prompt);
        for (String field : List.of("kind", "clip", "question", "solution")) o.set(field, all.getFirst().get(field));
        ArrayNode list = o.putArray("completions");
        for (JsonNode c : all) {
            ObjectNode copy = c.deepCopy();
            list.add(copy.remove(List.of("step", "prompt", "kind", "clip", "question", "solution")));
        }
        return o;
    }

    /// One completion with its tokens.
    public ObjectNode completion(long step, int prompt, int completion) {
        ObjectNode o = completionNode(step, prompt, completion).deepCopy();
        ArrayNode list = o.putArray("tokens");
        for (TokenRow row : tokens(step, prompt, completion)) list.add(json(row));
        return o;
    }

    // What the last update saw stands beside the token's own numbers; a list of all follows where there are several.
    private static ObjectNode json(TokenRow row) {
        ObjectNode o = JSON.valueToTree(row);
        JsonNode updates = o.remove("updates");
        o.setAll((ObjectNode) updates.get(updates.size() - 1));
        if (updates.size() > 1) o.set("updates", updates);
        return o;
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
        return run.metrics().stream().filter(m -> m.path("step").asLong() == step).findFirst()
                .orElseThrow(() -> new RunException(run.root() + ": metrics.jsonl has no line for step " + step + ", so its stage is not known"));
    }

    /// The recipe of the GRPO stage that a step belongs to.
    JsonNode stageOf(long step) {
        String stage = metricsOf(step).path("stage").asText();
        for (JsonNode s : run.config().path("recipe").path("stages")) {
            if (s.path("name").asText().equals(stage) && s.has("loss")) return s;
        }
        throw new RunException(run.root() + ": config.json has no GRPO stage '" + stage + "'");
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
                .orElseThrow(() -> new RunException("prompt " + prompt + " of step " + step + " has no completion " + completion + "; wanted 0 .. " + (all.size() - 1)));
    }
}
