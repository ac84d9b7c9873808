package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import lucid.grpo.data.Prompt;
import lucid.grpo.policy.Kl;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.policy.PolicyLoss.Clip;
import lucid.grpo.reward.Reward;
import org.junit.jupiter.api.Test;

/// Metrics of a step beside the same by hand, as TRL 1.16 defines them.
class GrpoMetricsTest {
    private static Group.Completion completion(int tokens, boolean finished, double accuracy, double format) {
        return new Group.Completion(new int[tokens], new float[tokens], "", finished, new Reward.Score(accuracy, format, accuracy + format), 0);
    }

    private static ObjectNode of(List<Group.Completion> completions, Clip[]... updates) {
        int n = completions.stream().mapToInt(c -> c.ids().length).sum();
        List<TokenColumns.Update> seen = Arrays.stream(updates)
                .map(clip -> new TokenColumns.Update(new float[n], new float[n], clip, null, new float[n], new float[n], new float[n])).toList();
        Group group = new Group(new Prompt("kind", 0, "", "", new int[0], null, false, null), completions);
        float[] weights = new float[n];
        Arrays.fill(weights, 1f / n);
        return GrpoMetrics.of(List.of(group), new TokenColumns(null, weights, seen, null), new Updater.Result(0, 0),
                new PolicyLoss(0.2, 0.2, 0, Kl.PLAIN));
    }

    private static Clip[] clips(int low, int high, int all) {
        Clip[] c = new Clip[all];
        for (int i = 0; i < all; i++) c[i] = i < low ? Clip.LOW : i < low + high ? Clip.HIGH : Clip.NONE;
        return c;
    }

    private static void assertMetrics(ObjectNode found, Object... wanted) {
        for (int i = 0; i < wanted.length; i += 2)
            assertEquals(((Number) wanted[i + 1]).doubleValue(), found.get((String) wanted[i]).asDouble(), 1e-12, (String) wanted[i]);
    }

    @Test void ofAStep() {
        // Accuracies 1 0 0 1: mean 1/2, sum of squares 4 · 1/4 over 3. Format 1 1 1 0: mean 3/4, (3 · 1/16 + 9/16) / 3 = 1/4. Clips: first update
        // none; second 1 and 3 of 20, the lower and one upper in the first completion, of 2, the others in the second, of 8.
        ObjectNode m = of(List.of(completion(2, true, 1, 1), completion(8, false, 0, 1), completion(3, true, 0, 1), completion(7, true, 1, 0)),
                clips(0, 0, 20), clips(1, 3, 20));
        assertMetrics(m, "rewards/accuracy_reward/mean", 0.5, "rewards/accuracy_reward/std", Math.sqrt(1 / 3.0), "rewards/format_reward/mean", 0.75,
                "rewards/format_reward/std", 0.5,
                "completions/mean_length", 5, "completions/min_length", 2, "completions/max_length", 8, "completions/clipped_ratio", 0.25,
                "completions/mean_terminated_length", 4, "completions/min_terminated_length", 2, "completions/max_terminated_length", 7,
                "clip_ratio/low_mean", 0.025, "clip_ratio/low_min", 0, "clip_ratio/high_mean", 0.075, "clip_ratio/high_max", 0.25,
                        "clip_ratio/region_mean", 0.1);
    }

    @Test void whereNothingEndedByItself() {
        ObjectNode m = of(List.of(completion(4, false, 1, 1)), clips(0, 0, 4));
        assertMetrics(m, "completions/mean_terminated_length", 0, "completions/min_terminated_length", 0, "completions/max_terminated_length", 0,
                "completions/clipped_ratio", 1,
                "rewards/accuracy_reward/std", 0);
    }
}
