package lucid.grpo.train;

import java.util.List;
import lucid.grpo.data.Prompt;
import lucid.grpo.reward.Reward;

/// A prompt and its completions.
public record Group(Prompt prompt, List<Completion> completions) {
    /// One completion and what is known of it before the update.
    ///
    /// @param ids       its tokens, the end token included if there is one
    /// @param sampler   log-probability of each token as it was drawn (full softmax at the stage's temperature)
    /// @param text      decoded without special tokens, stripped
    /// @param finished  whether it ended by itself
    public record Completion(int[] ids, float[] sampler, String text, boolean finished, Reward.Score score, double advantage) {}

    /// Total reward of each completion: what the advantages are made of.
    public double[] rewards() { return completions.stream().mapToDouble(c -> c.score().total()).toArray(); }

    /// Generated tokens of all completions, end tokens included.
    public int tokens() { return completions.stream().mapToInt(c -> c.ids().length).sum(); }
}
