package lucid.grpo.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import lucid.grpo.policy.Advantages;
import lucid.kernels.contract.LogProb;

/// The numbers of a step, under TRL's names where TRL has them.
final class GrpoMetrics {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GrpoMetrics() {}

    /// @param t      of the first update after the rollout
    /// @param ratios of every update: in the first all are 1, so only later ones can be clipped
    static ObjectNode of(List<Group> groups, TokenColumns t, Updater.Result update, LogProb.ClippedLoss ratio, List<float[]> ratios) {
        List<Group.Completion> all = groups.stream().flatMap(g -> g.completions().stream()).toList();
        ObjectNode m = JSON.createObjectNode();
        double loss = 0;
        for (int i = 0; i < t.loss().length; i++) loss += (double) t.weight()[i] * t.loss()[i];
        m.put("loss", loss).put("grad_norm", update.gradNorm()).put("learning_rate", update.learningRate());
        m.put("reward", mean(all.stream().mapToDouble(c -> c.score().total()).toArray()));
        m.put("reward_std", mean(groups.stream().mapToDouble(g -> Advantages.std(g.rewards())).toArray()));
        m.put("frac_reward_zero_std", mean(groups.stream().mapToDouble(g -> Advantages.std(g.rewards()) < 1e-8 ? 1 : 0).toArray()));
        m.put("rewards/accuracy_reward/mean", mean(all.stream().mapToDouble(c -> c.score().accuracy()).toArray()));
        m.put("rewards/format_reward/mean", mean(all.stream().mapToDouble(c -> c.score().format()).toArray()));
        m.put("rewards/well_formed", mean(all.stream().mapToDouble(c -> c.score().wellFormed() ? 1 : 0).toArray()));
        byKind(groups).forEach((kind, accuracy) -> m.put("rewards/accuracy/" + kind, accuracy));
        double[] lengths = all.stream().mapToDouble(c -> c.ids().length).toArray();
        m.put("completions/mean_length", mean(lengths));
        m.put("completions/min_length", java.util.Arrays.stream(lengths).min().orElse(0)).put("completions/max_length", java.util.Arrays.stream(lengths).max().orElse(0));
        m.put("completions/clipped_ratio", mean(all.stream().mapToDouble(c -> c.finished() ? 0 : 1).toArray()));
        m.put("kl", mean(t.kl())).put("entropy", mean(t.entropy()));
        clips(m, groups, ratios, ratio);
        m.put("num_tokens", t.loss().length).put("ratio_exactly_one", java.util.stream.IntStream.range(0, t.ratio().length).filter(i -> t.ratio()[i] == 1f).count());
        return m;
    }

    private static Map<String, Double> byKind(List<Group> groups) {
        Map<String, double[]> sums = new TreeMap<>();
        for (Group g : groups) {
            double[] s = sums.computeIfAbsent(g.prompt().kind(), _ -> new double[2]);
            for (Group.Completion c : g.completions()) {
                s[0] += c.score().accuracy();
                s[1]++;
            }
        }
        Map<String, Double> accuracies = new TreeMap<>();
        sums.forEach((kind, s) -> accuracies.put(kind, s[0] / s[1]));
        return accuracies;
    }

    private static void clips(ObjectNode m, List<Group> groups, List<float[]> ratios, LogProb.ClippedLoss ratio) {
        int low = 0;
        int high = 0;
        int seen = 0;
        for (float[] now : ratios) {
            int at = 0;
            for (Group g : groups) {
                for (Group.Completion c : g.completions()) {
                    for (int i = 0; i < c.ids().length; i++, at++, seen++) {
                        if (now[at] < 1 - ratio.epsilonLow() && c.advantage() < 0) low++;
                        if (now[at] > 1 + ratio.epsilonHigh() && c.advantage() > 0) high++;
                    }
                }
            }
        }
        m.put("clip_ratio/low_mean", (double) low / Math.max(1, seen)).put("clip_ratio/high_mean", (double) high / Math.max(1, seen))
                .put("clip_ratio/region_mean", (double) (low + high) / Math.max(1, seen));
    }

    private static double mean(double[] x) {
        double s = 0;
        for (double v : x) s += v;
        return x.length == 0 ? 0 : s / x.length;
    }

    private static double mean(float[] x) {
        double s = 0;
        for (float v : x) s += v;
        return x.length == 0 ? 0 : s / x.length;
    }
}
