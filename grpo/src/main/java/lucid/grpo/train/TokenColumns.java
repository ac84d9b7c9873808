package lucid.grpo.train;

import java.util.List;
import lucid.grpo.policy.PolicyLoss;

/// One number per token of a step for every quantity, in (prompt, completion, token) order.
///
/// @param reference log-probability under the reference; null when beta is 0
/// @param weight    of the token in the step's loss
/// @param updates   what each update after the rollout saw, in their order; at least one
/// @param after     log-probability after the last update; null when not measured
public record TokenColumns(float[] reference, float[] weight, List<Update> updates, float[] after) {
    /// What one update saw.
    ///
    /// @param logProb     under the weights that it began with
    /// @param ratio       to the probability that the token was drawn with; in the first update exactly 1
    /// @param clip        the side of the clip that held the token
    /// @param kl          to the reference; null when beta is 0
    /// @param coefficient d loss / d logProb
    public record Update(float[] logProb, float[] ratio, PolicyLoss.Clip[] clip, float[] kl, float[] loss, float[] entropy, float[] coefficient) {
        static Update of(int tokens, boolean reference) {
            return new Update(new float[tokens], new float[tokens], new PolicyLoss.Clip[tokens], reference ? new float[tokens] : null,
                    new float[tokens], new float[tokens],
                    new float[tokens]);
        }
    }
}
