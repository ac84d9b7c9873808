package lucid.grpo.policy;

/// How token terms become one number: the weight of each token in the step's loss. TRL calls the choice `loss_type`.
public enum Aggregation {
    /// Classic GRPO (arXiv 2402.03300; TRL's `grpo`): mean over the sequences of (mean over the sequence's tokens). The published choice.
    SEQUENCE_MEAN,
    /// Mean over all tokens of the step (DAPO, arXiv 2503.14476; TRL's `dapo`).
    TOKEN_MEAN,
    /// Mean over the sequences of (sum over the sequence's tokens, divided by the most that it could have): Dr. GRPO (arXiv 2503.20783; TRL's
    /// `dr_grpo`). A long wrong answer is not forgiven for its length.
    FIXED_LENGTH_MEAN;

    /// @param lengths tokens of every sequence of the step that are learned from; a sequence may have none, and still counts as one
    /// @param longest tokens that a sequence can have, the stage's `max_new_tokens`
    /// @return the weight of each such token of sequence i; 0 where there is none
    public double[] weights(int[] lengths, int longest) {
        double[] w = new double[lengths.length];
        long tokens = 0;
        for (int n : lengths) tokens += n;
        for (int i = 0; i < w.length; i++) {
            if (lengths[i] == 0) continue;
            w[i] = switch (this) {
                case SEQUENCE_MEAN -> 1.0 / lengths[i] / lengths.length;
                case TOKEN_MEAN -> 1.0 / tokens;
                case FIXED_LENGTH_MEAN -> 1.0 / longest / lengths.length;
            };
        }
        return w;
    }
}
