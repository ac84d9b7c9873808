package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
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
import lucid.kernels.contract.LogProb.Surrogate;

/// Runs the tables of rewards, KL estimators, advantages and losses against the formulas of `lucid.grpo.policy`, losses against the device's kernel
/// as well.
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
        for (JsonNode c : table.required("cases")) {
            String name = "case " + i++ + " (" + c.path("cat").asText("exact match") + ")";
            if (c.path("math_verify").asDouble(0) != 0) {
                rows.add(Row.unsupported(name, "decided by the symbolic check, which option letters never reach (spec 4.2)"));
                continue;
            }
            if (!c.has("cat")) {
                rows.add(Row.unsupported(name, "a reward of another system than TinyLLaVA-Video-R1"));
                continue;
            }
            Reward.Score s = rule.score(c.required("completion").asText(), c.required("solution").asText());
            rows.add(Row.compare(name + " accuracy", s.accuracy(), c.required("accuracy").asDouble(), 0, 0));
            rows.add(Row.compare(name + " format", s.format(), c.required("format").asDouble(), EXACT, 0));
            rows.add(Row.compare(name + " reward", s.total(), c.required("reward").asDouble(), EXACT, 0));
        }
        return rows;
    }

    private static List<Row> estimators(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode e : table.required("estimators")) {
            String name = e.required("estimator").asText();
            Kl kl = name.startsWith("tinyllava") ? Kl.TINY_LLAVA_VIDEO_R1 : name.startsWith("video_r1") ? Kl.VIDEO_R1 : name.startsWith("trl")
                    ? Kl.PLAIN : null;
            if (kl == null) {
                rows.add(Row.unsupported(name, "Lucid has the k3 estimator in three clampings; this is another one"));
                continue;
            }
            double[] logp = Tables.numbers(table.required("logp"));
            double[] ref = Tables.numbers(table.required("ref_logp"));
            double[] value = new double[logp.length];
            double[] gradient = new double[logp.length];
            for (int i = 0; i < logp.length; i++) {
                value[i] = kl.value(logp[i], ref[i]);
                gradient[i] = kl.gradient(logp[i], ref[i]);
            }
            rows.add(Row.compare(name + " value", value, Tables.numbers(e.required("value")), 1e-12, 1e-11));
            rows.add(Row.compare(name + " gradient", gradient, Tables.numbers(e.required("grad")), 1e-12, 1e-11));
        }
        return rows;
    }

    private static List<Row> published(JsonNode table, Device device) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.required("cases")) {
            int group = c.required("group").asInt();
            double[] rewards = Tables.numbers(c.required("rewards"));
            double[] noise = Tables.numbers(c.required("noise"));
            Advantages rule = new Advantages(c.required("advantage_eps").asDouble(), c.required("noise_scale").asDouble(), true);
            double[] a = new double[rewards.length];
            for (int g = 0; g < rewards.length; g += group) {
                System.arraycopy(rule.of(slice(rewards, g, group), slice(noise, g, group)), 0, a, g, group);
            }
            rows.add(Row.compare(c.required("name").asText() + " advantages", a, Tables.numbers(c.required("advantages")), 1e-9, 1e-9));
            Kl kl = c.required("kl_clamp").asText().equals("output100") ? Kl.TINY_LLAVA_VIDEO_R1 : Kl.VIDEO_R1;
            PolicyLoss loss = new PolicyLoss(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, c.required("beta").asDouble(), kl);
            double[] weights = Aggregation.SEQUENCE_MEAN.weights(LossCase.lengths(c), 1);
            rows.addAll(LossCase.of(c.required("name").asText(), loss, weights, c, c.required("logps"))
                    .rows(c.required("loss").asDouble(), c.required("grad"), device));
        }
        return rows;
    }

    private static List<Row> advantages(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.required("cases")) {
            String name = c.required("name").asText();
            String scale = c.required("scale_rewards").asText();
            boolean plain = c.required("rewards").size() == 1 && c.required("reward_weights").isNull() && c.required("multi_objective_aggregation")
                    .asText().equals("sum_then_normalize")
                    && !c.required("rewards").toString().contains("null");
            if (!plain || !c.path("exact").isArray()) {
                rows.add(Row.unsupported(name, "several rewards or missing ones: not in Lucid"));
                continue;
            }
            double[] rewards = Tables.numbers(c.required("rewards").required(0));
            int group = c.required("num_generations").asInt();
            Advantages rule = new Advantages(1e-4, 0, !scale.equals("none") && !scale.equals("false"), scale.equals("batch"));
            List<double[]> groups = new ArrayList<>();
            for (int g = 0; g < rewards.length; g += group) groups.add(slice(rewards, g, group));
            double[] a = rule.ofStep(groups, 0, 0).stream().flatMapToDouble(Arrays::stream).toArray();
            rows.add(Row.compare(name + " advantages", a, Tables.numbers(c.required("exact")), 1e-5, 1e-5));
        }
        return rows;
    }

    // Of verl's estimators Lucid's is "grpo". A group of one keeps its raw score there; Lucid centres it to 0.
    private static List<Row> verlAdvantages(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.required("cases")) {
            String name = c.required("name").asText();
            double[] rewards = Tables.numbers(c.path("rewards"));
            Map<String, List<Integer>> groups = new LinkedHashMap<>();
            for (int i = 0; i < c.required("index").size(); i++)
                groups.computeIfAbsent(c.required("index").get(i).asText(), _ -> new ArrayList<>()).add(i);
            if (!name.startsWith("grpo/") || rewards.length != c.required("index").size() || groups.values().stream().anyMatch(g -> g.size() < 2)) {
                rows.add(Row.unsupported(name, "an advantage estimator of verl that Lucid does not have"));
                continue;
            }
            Advantages rule = new Advantages(c.required("epsilon").asDouble(), 0, c.required("norm_adv_by_std").asBoolean());
            double[] a = new double[rewards.length];
            for (List<Integer> g : groups.values()) {
                double[] of = rule.of(g.stream().mapToDouble(i -> rewards[i]).toArray(), new double[g.size()]);
                for (int k = 0; k < of.length; k++) a[g.get(k)] = of[k];
            }
            double[] mask = Tables.numbers(c.required("mask"));
            int width = mask.length / a.length;
            double[] tokens = new double[mask.length];
            for (int i = 0; i < tokens.length; i++) tokens[i] = mask[i] * a[i / width];
            // verl computes in float32: eight digits of numbers of size 1, divided by a spread that may be small.
            rows.add(Row.compare(name + " advantages", tokens, Tables.numbers(c.required("advantages")), 1e-6 + 10 * c.path("f32_error").asDouble(),
                    1e-6, a.length, width));
        }
        return rows;
    }

    private static List<Row> all(JsonNode table, String why) {
        List<Row> rows = new ArrayList<>();
        int i = 0;
        for (JsonNode c : table.required("cases")) rows.add(Row.unsupported(c.path("name").asText("case " + i++), why));
        return rows;
    }

    private static final Set<String> KNOWN = Set.of("loss_type", "importance_sampling_level", "beta", "epsilon", "epsilon_high",
            "gradient_accumulation_steps", "steps_per_generation", "old", "delta", "use_bias_correction_kl", "max_completion_length");

    private static List<Row> losses(JsonNode table, Device device) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.required("cases")) {
            Set<String> other = new TreeSet<>();
            c.required("config").fieldNames().forEachRemaining(k -> { if (!KNOWN.contains(k)) other.add(k); });
            // A case names what differs from the table's defaults.
            ObjectNode config = table.path("defaults").isObject() ? table.get("defaults").deepCopy() : JsonNodeFactory.instance.objectNode();
            config.setAll((ObjectNode) c.required("config"));
            JsonNode batch = table.required("batches").required(c.required("batch").asText());
            double[] weights = weights(config, batch);
            PolicyLoss loss = loss(config);
            if (weights == null || loss.klTimesRatio() && loss.sequence() || !other.isEmpty()) {
                rows.add(Row.unsupported(c.required("name").asText(), "a loss variant that Lucid does not have: " + c.required("config")));
                continue;
            }
            JsonNode old = batch.required(config.path("old").asText("given").equals("none") ? "logps" : "old_logps");
            rows.addAll(LossCase.of(c.required("name").asText(), loss, weights, batch, old)
                    .rows(c.required("loss").asDouble(), c.required("grad"), device));
        }
        return rows;
    }

    // TRL's upper bound of CISPO's factor is that of the ratio itself, and below it has none.
    private static PolicyLoss loss(JsonNode config) {
        double epsilon = config.path("epsilon").asDouble(0.2);
        double high = config.path("epsilon_high").asDouble(epsilon);
        boolean cispo = config.required("loss_type").asText().equals("cispo");
        return new PolicyLoss(cispo ? Double.POSITIVE_INFINITY : epsilon, cispo ? high - 1 : high, config.path("beta").asDouble(0), Kl.PLAIN,
                cispo ? Surrogate.CISPO : Surrogate.CLIP, config.path("delta").asDouble(Double.POSITIVE_INFINITY),
                config.path("use_bias_correction_kl").asBoolean(), config.required("importance_sampling_level").asText().equals("sequence"));
    }

    // Of a token of each sequence; null for a kind of loss that Lucid does not have. bnpo divides by the tokens of the batch, dapo and cispo by those
    // of all batches of a generation: both are Lucid's token mean, whose batch is the step.
    private static double[] weights(JsonNode config, JsonNode batch) {
        int[] lengths = LossCase.lengths(batch);
        int accumulation = config.path("gradient_accumulation_steps").asInt(1);
        int longest = config.path("max_completion_length").asInt();
        double[] weights = switch (config.required("loss_type").asText()) {
            case "grpo" -> Aggregation.SEQUENCE_MEAN.weights(lengths, longest);
            case "bnpo", "dapo", "cispo" -> Aggregation.TOKEN_MEAN.weights(lengths, longest);
            case "dr_grpo" -> Aggregation.FIXED_LENGTH_MEAN.weights(lengths, longest);
            default -> null;
        };
        boolean ofGeneration = Set.of("dapo", "cispo").contains(config.required("loss_type").asText());
        double all = ofGeneration ? batch.required("num_items_in_batch").asDouble() / config.path("steps_per_generation").asInt(1)
                / Arrays.stream(lengths).sum() : 1;
        for (int i = 0; weights != null && i < weights.length; i++) weights[i] /= accumulation * all;
        return weights;
    }

    private static double[] slice(double[] x, int from, int length) { return java.util.Arrays.copyOfRange(x, from, from + length); }
}
