package lucid.grpo.reward;

/// Judges one completion.
public interface Reward {
    /// @param completion decoded text, as the rule expects it (the published trainer strips it first)
    /// @param solution   the solution field of the data set, for example `<answer>C</answer>`
    Score score(String completion, String solution);

    /// The parts of a reward. `total` is what the advantage sees; `accuracy` is 0 or 1; `format` is 0 for a malformed completion.
    record Score(double accuracy, double format, double total) {
        public Score {
            // One that is no number would make the group's mean none, and with it the whole step's gradient.
            if (!Double.isFinite(accuracy) || !Double.isFinite(format) || !Double.isFinite(total)) {
                throw new IllegalArgumentException("reward: accuracy " + accuracy + ", format " + format + ", total " + total
                        + "; wanted finite numbers for every completion");
            }
        }

        /// Whether the completion has the wanted form at all.
        public boolean wellFormed() { return format > 0; }
    }
}
