package lucid.grpo.policy;

/// How token terms become one number: the weight of each token in the step's loss. TRL calls the choice `loss_type`.
public enum Aggregation {
    /// Classic GRPO (arXiv 2402.03300; TRL's `grpo`): mean over the sequences of (mean over the sequence's tokens). The published choice.
    SEQUENCE_MEAN,
    /// Mean over all tokens of the step (DAPO, arXiv 2503.14476; TRL's `dapo`).
    TOKEN_MEAN;

    /// @param lengths tokens of every sequence of the step (a sequence may have none)
    /// @return the weight of each token of sequence i
    public double[] weights(int[] lengths) {
        double[] w = new double[lengths.length];
        long tokens = 0;
        for (int n : lengths) tokens += n;
        for (int i = 0; i < w.length; i++) {
            w[i] = switch (this) {
                case SEQUENCE_MEAN -> 1.0 / Math.max(1, lengths[i]) / lengths.length;
                case TOKEN_MEAN -> 1.0 / Math.max(1, tokens);
            };
        }
        return w;
    }
}
