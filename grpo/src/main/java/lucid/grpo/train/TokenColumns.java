package lucid.grpo.train;

/// One number per token of a step for every quantity, in (prompt, completion, token) order.
///
/// @param logProb     under the current weights
/// @param reference   under the reference; null when beta is 0
/// @param coefficient d loss / d logProb
/// @param after       logProb after the update; null when not measured
public record TokenColumns(float[] logProb, float[] reference, float[] ratio, float[] kl, float[] loss, float[] entropy, float[] weight, float[] coefficient,
                           float[] after) {
    public TokenColumns withAfter(float[] measured) { return new TokenColumns(logProb, reference, ratio, kl, loss, entropy, weight, coefficient, measured); }
}
