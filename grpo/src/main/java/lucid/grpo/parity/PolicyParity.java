package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.policy.Kl;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.reward.Reward;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;
import lucid.kernels.Device;

/// Runs the tables of rewards, KL estimators, advantages and losses against the formulas of `lucid.grpo.policy`, losses against the device's kernel as well.
public final class PolicyParity {
    private static final double EXACT = 1e-12;

    private PolicyParity() {}

    /// Whether a table is one of these, by its content.
    public static boolean recognises(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        return table.has("estimators") && table.has("ref_logp") || first.has("completion") && first.has("reward") && first.has("solution")
                || first.has("kl_clamp") && first.has("rewards") || first.has("scale_rewards") || table.has("batches") && first.has("config")
                || first.has("index") && first.has("returns") || first.has("entropies");
    }

    /// Compares every row of a table that [#recognises].
    public static List<Row> run(JsonNode table, Device device) {
        JsonNode first = table.path("cases").path(0);
        if (table.has("estimators")) return estimators(table);
        if (first.has("completion")) return rewards(table);
        if (first.has("kl_clamp")) return published(table, device);
        if (first.has("scale_rewards")) return advantages(table);
        if (first.has("returns")) return verlAdvantages(table);
        if (first.has("entropies")) return all(table, "a filter by entropy: not in Lucid");
        if (first.has("loss_name")) return all(table, "a loss of verl, with dual clip or another aggregation: not in Lucid");
        return losses(table, device);
    }

    private static List<Row> rewards(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        TinyLlavaVideoR1Reward rule = TinyLlavaVideoR1Reward.published();
        int i = 0;
        for (JsonNode c : table.get("cases")) {
            String name = "case " + i++ + " (" + c.path("cat").asText("exact match") + ")";
            if (c.path("math_verify").asDouble(0) != 0) {
                rows.add(Row.unsupported(name, "decided by the symbolic check, which option letters never reach (spec 4.2)"));
                continue;
            }
            if (!c.has("cat")) {
                rows.add(Row.unsupported(name, "a reward of another system than TinyLLaVA-Video-R1"));
                continue;
            }
            Reward.Score s = rule.score(c.get("completion").asText(), c.get("solution").asText());
            rows.add(Row.compare(name + " accuracy", s.accuracy(), c.get("accuracy").asDouble(), 0, 0));
            rows.add(Row.compare(name + " format", s.format(), c.get("format").asDouble(), EXACT, 0));
            rows.add(Row.compare(name + " reward", s.total(), c.get("reward").asDouble(), EXACT, 0));
        }
        return rows;
    }

    private static List<Row> estimators(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode e : table.get("estimators")) {
            String name = e.get("estimator").asText();
            Kl kl = name.startsWith("tinyllava") ? Kl.TINY_LLAVA_VIDEO_R1 : name.startsWith("video_r1") ? Kl.VIDEO_R1 : name.startsWith("trl") ? Kl.PLAIN : null;
            if (kl == null) {
                rows.add(Row.unsupported(name, "Lucid has the k3 estimator in three clampings; this is another one"));
                continue;
            }
            double[] logp = Tables.numbers(table.get("logp"));
            double[] ref = Tables.numbers(table.get("ref_logp"));
            double[] value = new double[logp.length];
            double[] gradient = new double[logp.length];
            for (int i = 0; i < logp.length; i++) {
                value[i] = kl.value(logp[i], ref[i]);
                gradient[i] = kl.gradient(logp[i], ref[i]);
            }
            rows.add(Row.compare(name + " value", value, Tables.numbers(e.get("value")), 1e-12, 1e-11));
            rows.add(Row.compare(name + " gradient", gradient, Tables.numbers(e.get("grad")), 1e-12, 1e-11));
        }
        return rows;
    }

    private static List<Row> published(JsonNode table, Device device) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            int group = c.get("group").asInt();
            double[] rewards = Tables.numbers(c.get("rewards"));
            double[] noise = Tables.numbers(c.get("noise"));
            Advantages rule = new Advantages(c.get("advantage_eps").asDouble(), c.get("noise_scale").asDouble(), true);
            double[] a = new double[rewards.length];
            for (int g = 0; g < rewards.length; g += group) {
                System.arraycopy(rule.of(slice(rewards, g, group), slice(noise, g, group)), 0, a, g, group);
            }
            rows.add(Row.compare(c.get("name").asText() + " advantages", a, Tables.numbers(c.get("advantages")), 1e-9, 1e-9));
            Kl kl = c.get("kl_clamp").asText().equals("output100") ? Kl.TINY_LLAVA_VIDEO_R1 : Kl.VIDEO_R1;
            PolicyLoss loss = new PolicyLoss(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, c.get("beta").asDouble(), kl);
            rows.addAll(LossCase.of(c.get("name").asText(), loss, Aggregation.SEQUENCE_MEAN, 1, c, c.get("logps")).rows(c.get("loss").asDouble(), c.get("grad"), device));
        }
        return rows;
    }

    private static List<Row> advantages(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            String name = c.get("name").asText();
            String scale = c.get("scale_rewards").asText();
            boolean plain = c.get("rewards").size() == 1 && c.get("reward_weights").isNull() && c.get("multi_objective_aggregation").asText().equals("sum_then_normalize")
                    && !c.get("rewards").toString().contains("null") && !scale.equals("batch");
            if (!plain || !c.path("exact").isArray()) {
                rows.add(Row.unsupported(name, "several rewards, missing rewards or a scale over the batch: not in Lucid"));
                continue;
            }
            double[] rewards = Tables.numbers(c.get("rewards").get(0));
            int group = c.get("num_generations").asInt();
            Advantages rule = new Advantages(1e-4, 0, scale.equals("group") || scale.equals("true"));
            double[] a = new double[rewards.length];
            for (int g = 0; g < rewards.length; g += group) System.arraycopy(rule.of(slice(rewards, g, group), new double[group]), 0, a, g, group);
            rows.add(Row.compare(name + " advantages", a, Tables.numbers(c.get("exact")), 1e-5, 1e-5));
        }
        return rows;
    }

    // Of verl's estimators Lucid's is "grpo". A group of one keeps its raw score there; Lucid centres it to 0.
    private static List<Row> verlAdvantages(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            String name = c.get("name").asText();
            double[] rewards = Tables.numbers(c.path("rewards"));
            Map<String, List<Integer>> groups = new LinkedHashMap<>();
            for (int i = 0; i < c.get("index").size(); i++) groups.computeIfAbsent(c.get("index").get(i).asText(), _ -> new ArrayList<>()).add(i);
            if (!name.startsWith("grpo/") || rewards.length != c.get("index").size() || groups.values().stream().anyMatch(g -> g.size() < 2)) {
                rows.add(Row.unsupported(name, "an advantage estimator of verl that Lucid does not have"));
                continue;
            }
            Advantages rule = new Advantages(c.get("epsilon").asDouble(), 0, c.get("norm_adv_by_std").asBoolean());
            double[] a = new double[rewards.length];
            for (List<Integer> g : groups.values()) {
                double[] of = rule.of(g.stream().mapToDouble(i -> rewards[i]).toArray(), new double[g.size()]);
                for (int k = 0; k < of.length; k++) a[g.get(k)] = of[k];
            }
            double[] mask = Tables.numbers(c.get("mask"));
            int width = mask.length / a.length;
            double[] tokens = new double[mask.length];
            for (int i = 0; i < tokens.length; i++) tokens[i] = mask[i] * a[i / width];
            // verl computes in float32: eight digits of numbers of size 1, divided by a spread that may be small.
            rows.add(Row.compare(name + " advantages", tokens, Tables.numbers(c.get("advantages")), 1e-6 + 10 * c.path("f32_error").asDouble(), 1e-6, a.length, width));
        }
        return rows;
    }

    private static List<Row> all(JsonNode table, String why) {
        List<Row> rows = new ArrayList<>();
        int i = 0;
        for (JsonNode c : table.get("cases")) rows.add(Row.unsupported(c.path("name").asText("case " + i++), why));
        return rows;
    }

    private static final Set<String> KNOWN = Set.of("loss_type", "importance_sampling_level", "beta", "epsilon", "epsilon_high", "gradient_accumulation_steps",
            "steps_per_generation", "old");

    private static List<Row> losses(JsonNode table, Device device) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            JsonNode config = c.get("config");
            Set<String> other = new TreeSet<>();
            config.fieldNames().forEachRemaining(k -> { if (!KNOWN.contains(k)) other.add(k); });
            // TRL's bnpo divides by the tokens of the batch: Lucid's token mean.
            Aggregation aggregation = switch (config.get("loss_type").asText()) {
                case "grpo" -> Aggregation.SEQUENCE_MEAN;
                case "bnpo" -> Aggregation.TOKEN_MEAN;
                default -> null;
            };
            if (aggregation == null || !config.get("importance_sampling_level").asText().equals("token") || !other.isEmpty()) {
                rows.add(Row.unsupported(c.get("name").asText(), "a loss variant that Lucid does not have: " + config));
                continue;
            }
            JsonNode batch = table.get("batches").get(c.get("batch").asText());
            double epsilon = config.path("epsilon").asDouble(0.2);
            PolicyLoss loss = new PolicyLoss(epsilon, config.path("epsilon_high").asDouble(epsilon), config.path("beta").asDouble(0), Kl.PLAIN);
            JsonNode old = batch.get(config.path("old").asText("given").equals("none") ? "logps" : "old_logps");
            rows.addAll(LossCase.of(c.get("name").asText(), loss, aggregation, config.path("gradient_accumulation_steps").asInt(1), batch, old)
                    .rows(c.get("loss").asDouble(), c.get("grad"), device));
        }
        return rows;
    }

    private static double[] slice(double[] x, int from, int length) { return java.util.Arrays.copyOfRange(x, from, from + length); }
}
