package lucid.grpo.policy;

import java.util.Arrays;

/// The importance ratio of a whole completion instead of each token's own (GSPO, arXiv 2507.18071): `s = exp(1/L · Σ_t (logProb_t - old_t))`, the same
/// for all of its tokens. As they share advantage and weight too, each one's part of the gradient is that of a token whose own ratio is s.
public final class SequenceRatio {
    private SequenceRatio() {}

    /// The logarithm of s for every token: what the kernel is given in the place of `old` ([lucid.kernels.contract.LogProb.ClippedLoss#ratioGiven]).
    ///
    /// @param logProb of the tokens of some completions, one after the other
    /// @param old     the same at the rollout; where both are equal the result is exactly 0
    /// @param lengths tokens of each completion
    public static float[] logarithms(float[] logProb, float[] old, int[] lengths) {
        if (logProb.length != old.length || Arrays.stream(lengths).sum() != old.length) {
            throw new IllegalArgumentException("sequence ratio: " + logProb.length + " log-probabilities, " + old.length + " old ones, lengths "
                    + Arrays.toString(lengths) + "; wanted as many of both as the lengths add up to");
        }
        float[] all = new float[old.length];
        int at = 0;
        for (int n : lengths) {
            double sum = 0;
            for (int i = at; i < at + n; i++) sum += logProb[i] == old[i] ? 0 : (double) logProb[i] - old[i];
            Arrays.fill(all, at, at + n, (float) (sum / Math.max(1, n)));
            at += n;
        }
        return all;
    }
}
