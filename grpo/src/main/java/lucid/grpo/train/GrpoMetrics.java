package lucid.grpo.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import lucid.grpo.policy.Advantages;
import lucid.grpo.policy.PolicyLoss;
import lucid.kernels.contract.LogProb.Surrogate;

/// The numbers of a step. A name of TRL's stands for what it is in TRL 1.16; with several updates per rollout for what TRL writes with
/// `logging_steps` equal to their number: means over the updates, but norm and learning rate of the last. `RUN-FOLDER.md` has every key.
final class GrpoMetrics {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GrpoMetrics() {}

    /// @param last of the updates after the rollout
    /// @param loss decides what the shares of clipped tokens are shares of
    static ObjectNode of(List<Group> groups, TokenColumns t, Updater.Result last, PolicyLoss loss) {
        List<Group.Completion> all = groups.stream().flatMap(g -> g.completions().stream()).toList();
        List<TokenColumns.Update> updates = t.updates();
        ObjectNode m = JSON.createObjectNode();
        m.put("loss", mean(updates, u -> loss(u, t.weight()))).put("grad_norm", last.gradNorm()).put("learning_rate", last.learningRate());
        double[] rewards = all.stream().mapToDouble(c -> c.score().total()).toArray();
        double[] stds = groups.stream().mapToDouble(g -> Advantages.std(g.rewards())).toArray();
        m.put("reward", mean(rewards)).put("reward_std", Advantages.std(rewards)).put("reward_group_std", mean(stds));
        m.put("frac_reward_zero_std", mean(Arrays.stream(stds).map(std -> std < 1e-8 ? 1 : 0).toArray()));
        part(m, "accuracy_reward", all.stream().mapToDouble(c -> c.score().accuracy()).toArray());
        part(m, "format_reward", all.stream().mapToDouble(c -> c.score().format()).toArray());
        m.put("rewards/well_formed", mean(all.stream().mapToDouble(c -> c.score().wellFormed() ? 1 : 0).toArray()));
        byKind(groups).forEach((kind, accuracy) -> m.put("rewards/accuracy/" + kind, accuracy));
        lengths(m, "length", all);
        lengths(m, "terminated_length", all.stream().filter(Group.Completion::finished).toList());
        m.put("completions/clipped_ratio", mean(all.stream().mapToDouble(c -> c.finished() ? 0 : 1).toArray()));
        if (t.reference() != null) m.put("kl", mean(updates, u -> mean(u.kl(), t.weight())));
        m.put("entropy", mean(updates, u -> mean(u.entropy(), t.weight())));
        clips(m, all, t, loss);
        m.put("completions/tokens", t.weight().length).put("ratio_exactly_one", exactlyOne(updates.getFirst()));
        return m;
    }

    /// Tokens of an update whose ratio is 1 to the bit.
    static long exactlyOne(TokenColumns.Update u) { return IntStream.range(0, u.ratio().length).filter(i -> u.ratio()[i] == 1f).count(); }

    // What the loss leaves out (`mask_truncated`: weight 0) is in none of them.
    private static void clips(ObjectNode m, List<Group.Completion> all, TokenColumns t, PolicyLoss loss) {
        List<TokenColumns.Update> updates = t.updates();
        if (loss.surrogate() == Surrogate.CISPO) {
            m.put("cispo_clip_ratio", mean(updates, u -> heldAbove(all, t, u, loss)));
            return;
        }
        double low = mean(updates, u -> share(all, t, u, PolicyLoss.Clip.LOW, loss));
        double high = mean(updates, u -> share(all, t, u, PolicyLoss.Clip.HIGH, loss));
        m.put("clip_ratio/low_mean", low).put("clip_ratio/low_min", mean(updates, u -> shares(all, t, u, PolicyLoss.Clip.LOW).min().orElse(0)));
        m.put("clip_ratio/high_mean", high).put("clip_ratio/high_max", mean(updates, u -> shares(all, t, u, PolicyLoss.Clip.HIGH).max().orElse(0)))
                .put("clip_ratio/region_mean", low + high);
        if (Double.isFinite(loss.delta())) m.put("clip_ratio/delta_mean", mean(updates, u -> share(all, t, u, PolicyLoss.Clip.DELTA, loss)));
    }

    private static void part(ObjectNode m, String name, double[] rewards) {
        m.put("rewards/" + name + "/mean", mean(rewards)).put("rewards/" + name + "/std", Advantages.std(rewards));
    }

    private static void lengths(ObjectNode m, String name, List<Group.Completion> some) {
        IntSummaryStatistics lengths = some.stream().mapToInt(c -> c.ids().length).summaryStatistics();
        boolean none = some.isEmpty();
        m.put("completions/mean_" + name, lengths.getAverage()).put("completions/min_" + name, none ? 0.0 : lengths.getMin())
                .put("completions/max_" + name, none ? 0.0 : lengths.getMax());
    }

    /// The weighted sum of an update's token terms.
    static double loss(TokenColumns.Update u, float[] weights) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) sum += (double) weights[i] * u.loss()[i];
        return sum;
    }

    // Of the tokens; of the completions where a completion has one ratio, those that are left out among them.
    private static double share(List<Group.Completion> all, TokenColumns t, TokenColumns.Update u, PolicyLoss.Clip side, PolicyLoss loss) {
        if (loss.sequence()) return shares(all, t, u, side).sum() / Math.max(1, all.size());
        return (double) IntStream.range(0, u.clip().length).filter(i -> t.weight()[i] != 0 && u.clip()[i] == side).count()
                / Math.max(1, learned(t.weight()));
    }

    // Of every completion that has tokens to learn from.
    private static DoubleStream shares(List<Group.Completion> all, TokenColumns t, TokenColumns.Update u, PolicyLoss.Clip side) {
        DoubleStream.Builder shares = DoubleStream.builder();
        int from = 0;
        for (Group.Completion c : all) {
            int to = from + c.ids().length;
            if (to > from && t.weight()[from] != 0)
                shares.add((double) Arrays.stream(u.clip(), from, to).filter(x -> x == side).count() / (to - from));
            from = to;
        }
        return shares.build();
    }

    // Where CISPO's factor is held above and the advantage is positive: what TRL counts.
    private static double heldAbove(List<Group.Completion> all, TokenColumns t, TokenColumns.Update u, PolicyLoss loss) {
        double sum = 0;
        int from = 0;
        for (Group.Completion c : all) {
            int to = from + c.ids().length;
            long held = to == from || t.weight()[from] == 0 || !(c.advantage() > 0) ? 0
                    : Arrays.stream(u.clip(), from, to).filter(x -> x == PolicyLoss.Clip.HIGH).count();
            sum += loss.sequence() ? (double) held / Math.max(1, to - from) : held;
            from = to;
        }
        return sum / Math.max(1, loss.sequence() ? all.size() : learned(t.weight()));
    }

    private static long learned(float[] weights) { return IntStream.range(0, weights.length).filter(i -> weights[i] != 0).count(); }

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

    private static double mean(List<TokenColumns.Update> updates, ToDoubleFunction<TokenColumns.Update> quantity) {
        return mean(updates.stream().mapToDouble(quantity).toArray());
    }

    private static double mean(double[] x) {
        double s = 0;
        for (double v : x) s += v;
        return x.length == 0 ? 0 : s / x.length;
    }

    /// Of the tokens that have a weight.
    static double mean(float[] x, float[] weights) {
        double s = 0;
        for (int i = 0; i < x.length; i++) if (weights[i] != 0) s += x[i];
        return s / Math.max(1, learned(weights));
    }
}
