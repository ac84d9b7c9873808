package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.policy.Kl;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.reward.Reward;
import lucid.grpo.reward.TinyLlavaVideoR1Reward;

/// Runs the tables of rewards, KL estimators, advantages and losses against this package's formulas.
public final class PolicyParity {
    private static final double EXACT = 1e-12;

    private PolicyParity() {}

    /// Whether a table is one of these, by its content.
    public static boolean recognises(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        return table.has("estimators") && table.has("ref_logp") || first.has("completion") && first.has("reward") && first.has("solution")
                || first.has("kl_clamp") && first.has("rewards") || first.has("scale_rewards") || table.has("batches") && first.has("config");
    }

    /// Compares every row of a table that [#recognises].
    public static List<Row> run(JsonNode table) {
        JsonNode first = table.path("cases").path(0);
        if (table.has("estimators")) return estimators(table);
        if (first.has("completion")) return rewards(table);
        if (first.has("kl_clamp")) return published(table);
        if (first.has("scale_rewards")) return advantages(table);
        return losses(table);
    }

    private static List<Row> rewards(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        TinyLlavaVideoR1Reward rule = TinyLlavaVideoR1Reward.published();
        int i = 0;
        for (JsonNode c : table.get("cases")) {
            String name = "case " + i++ + " (" + c.path("cat").asText("exact match") + ")";
            if (c.path("math_verify").asDouble(0) != 0) {
                rows.add(new Row(name, Row.Status.UNSUPPORTED, "decided by the symbolic check, which option letters never reach (spec 4.2)"));
                continue;
            }
            if (!c.has("cat")) {
                rows.add(new Row(name, Row.Status.UNSUPPORTED, "a reward of another system than TinyLLaVA-Video-R1"));
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
                rows.add(new Row(name, Row.Status.UNSUPPORTED, "Lucid has the k3 estimator in three clampings; this is another one"));
                continue;
            }
            for (int i = 0; i < table.get("logp").size(); i++) {
                double l = table.get("logp").get(i).asDouble();
                double r = table.get("ref_logp").get(i).asDouble();
                rows.add(Row.compare(name + " value " + i, kl.value(l, r), number(e.get("value").get(i)), 1e-12, 1e-11));
                rows.add(Row.compare(name + " gradient " + i, kl.gradient(l, r), number(e.get("grad").get(i)), 1e-12, 1e-11));
            }
        }
        return rows;
    }

    private static List<Row> published(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            int group = c.get("group").asInt();
            double[] rewards = doubles(c.get("rewards"));
            double[] noise = doubles(c.get("noise"));
            Advantages rule = new Advantages(c.get("advantage_eps").asDouble(), c.get("noise_scale").asDouble(), true);
            double[] a = new double[rewards.length];
            for (int g = 0; g < rewards.length; g += group) {
                System.arraycopy(rule.of(slice(rewards, g, group), slice(noise, g, group)), 0, a, g, group);
            }
            for (int i = 0; i < a.length; i++) rows.add(Row.compare(c.get("name").asText() + " advantage " + i, a[i], c.get("advantages").get(i).asDouble(), 1e-9, 1e-9));
            Kl kl = c.get("kl_clamp").asText().equals("output100") ? Kl.TINY_LLAVA_VIDEO_R1 : Kl.VIDEO_R1;
            PolicyLoss loss = new PolicyLoss(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, c.get("beta").asDouble(), kl);
            rows.addAll(lossRows(c.get("name").asText(), loss, c.get("logps"), c.get("logps"), c.get("ref_logps"), c.get("mask"), doubles(c.get("advantages")), 1,
                    c.get("loss").asDouble(), c.get("grad")));
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
                rows.add(new Row(name, Row.Status.UNSUPPORTED, "several rewards, missing rewards or a scale over the batch: not in Lucid"));
                continue;
            }
            double[] rewards = doubles(c.get("rewards").get(0));
            int group = c.get("num_generations").asInt();
            Advantages rule = new Advantages(1e-4, 0, scale.equals("group") || scale.equals("true"));
            for (int g = 0; g < rewards.length; g += group) {
                double[] a = rule.of(slice(rewards, g, group), new double[group]);
                for (int i = 0; i < group; i++) rows.add(Row.compare(name + " advantage " + (g + i), a[i], c.get("exact").get(g + i).asDouble(), 1e-5, 1e-5));
            }
        }
        return rows;
    }

    private static final Set<String> KNOWN = Set.of("loss_type", "importance_sampling_level", "beta", "epsilon", "epsilon_high", "gradient_accumulation_steps",
            "steps_per_generation", "old");

    private static List<Row> losses(JsonNode table) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode c : table.get("cases")) {
            JsonNode config = c.get("config");
            Set<String> other = new TreeSet<>();
            config.fieldNames().forEachRemaining(k -> { if (!KNOWN.contains(k)) other.add(k); });
            if (!config.get("loss_type").asText().equals("grpo") || !config.get("importance_sampling_level").asText().equals("token") || !other.isEmpty()) {
                rows.add(new Row(c.get("name").asText(), Row.Status.UNSUPPORTED, "a loss variant that Lucid does not have: " + config));
                continue;
            }
            JsonNode batch = table.get("batches").get(c.get("batch").asText());
            double epsilon = config.path("epsilon").asDouble(0.2);
            PolicyLoss loss = new PolicyLoss(epsilon, config.path("epsilon_high").asDouble(epsilon), config.path("beta").asDouble(0), Kl.PLAIN);
            JsonNode old = batch.get(config.path("old").asText("given").equals("none") ? "logps" : "old_logps");
            rows.addAll(lossRows(c.get("name").asText(), loss, batch.get("logps"), old, batch.get("ref_logps"), batch.get("mask"), doubles(batch.get("advantages")),
                    config.path("gradient_accumulation_steps").asInt(1), c.get("loss").asDouble(), c.get("grad")));
        }
        return rows;
    }

    // Tolerance of the table's README: 1e-5 of the largest gradient of the case for loss and gradient.
    private static List<Row> lossRows(String name, PolicyLoss loss, JsonNode logps, JsonNode old, JsonNode ref, JsonNode mask, double[] advantages, int accumulation,
                                      double wantedLoss, JsonNode wantedGradient) {
        int[] lengths = new int[mask.size()];
        for (int i = 0; i < lengths.length; i++) for (JsonNode m : mask.get(i)) lengths[i] += m.asInt();
        double[] weights = Aggregation.SEQUENCE_MEAN.weights(lengths);
        double largest = 0;
        for (JsonNode row : wantedGradient) for (JsonNode g : row) largest = Math.max(largest, Math.abs(number(g)));
        List<Row> rows = new ArrayList<>();
        double total = 0;
        for (int i = 0; i < lengths.length; i++) {
            for (int t = 0; t < mask.get(i).size(); t++) {
                double gradient = 0;
                if (mask.get(i).get(t).asInt() != 0) {
                    double w = weights[i] / accumulation;
                    PolicyLoss.Term term = loss.token(logps.get(i).get(t).asDouble(), old.get(i).get(t).asDouble(), ref.get(i).get(t).asDouble(), advantages[i], w);
                    total += w * term.loss();
                    gradient = term.coefficient();
                }
                rows.add(Row.compare(name + " gradient [" + i + "," + t + "]", gradient, number(wantedGradient.get(i).get(t)), 1e-5 * largest, 1e-6));
            }
        }
        rows.add(Row.compare(name + " loss", total, wantedLoss, 1e-5 * Math.max(largest, 1e-9), 1e-7));
        return rows;
    }

    private static double number(JsonNode n) { return n.isNull() ? Double.NaN : n.asDouble(); }

    private static double[] doubles(JsonNode array) {
        double[] x = new double[array.size()];
        for (int i = 0; i < x.length; i++) x[i] = number(array.get(i));
        return x;
    }

    private static double[] slice(double[] x, int from, int length) { return java.util.Arrays.copyOfRange(x, from, from + length); }
}
