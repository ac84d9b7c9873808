package lucid.grpo.train;

import java.util.ArrayList;
import java.util.List;
import lucid.grpo.data.CompletionText;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.data.Visual;
import lucid.grpo.policy.Advantages;
import lucid.grpo.recipe.Stage;
import lucid.grpo.reward.Reward;
import lucid.kernels.math.Philox;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;

/// Draws the completions of a step and judges them. Not final: a test has one that is wrong by a bit.
class Rollout {
    private static final int PURPOSE = 0x53414D50;

    private final Stage.Grpo stage;
    private final Policy policy;
    private final TrainingData data;
    private final Tokenizer tokenizer;
    private final Reward reward;
    private final Advantages advantages;
    private final long seed;

    /// @param seed the stage's own, see [lucid.grpo.recipe.Recipe#drawSeed]
    Rollout(Stage.Grpo stage, Policy policy, TrainingData data, Tokenizer tokenizer, Reward reward, Advantages advantages, long seed) {
        this.stage = stage;
        this.policy = policy;
        this.data = data;
        this.tokenizer = tokenizer;
        this.reward = reward;
        this.advantages = advantages;
        this.seed = seed;
    }

    /// Features of the step's clips: the frozen tower runs once per clip, whatever follows.
    Tensor features(List<Prompt> prompts) {
        List<Visual> visuals = prompts.stream().map(p -> Visual.clip(p.clip())).toList();
        try (var _ = Tape.noGrad()) {
            return policy.features(Frames.of(data, visuals), visuals.size(), data.framesPerClip(), data.imageSize());
        }
    }

    List<Group> groups(int step, List<Prompt> prompts, Tensor features) {
        Stage.SamplingSpec s = stage.sampling();
        GenerationSettings settings = new GenerationSettings(s.rule(), stage.maxNewTokens(), tokenizer.eosId(), s.temperature(),
                Philox.key(seed, PURPOSE), step);
        List<Completion> drawn;
        // A scope of its own: what the connector leaves behind would stay until the end of the step.
        try (Scope _ = Scope.open(policy.device()); var _ = Tape.noGrad()) {
            drawn = policy.generate(prompts.stream().map(Prompt::ids).toList(), policy.connect(features, prompts.size()), stage.completions(),
                    settings, null);
        }
        return judge(step, prompts, drawn);
    }

    private List<Group> judge(int step, List<Prompt> prompts, List<Completion> drawn) {
        int n = stage.completions();
        List<String> texts = drawn.stream().map(c -> CompletionText.of(tokenizer, c.ids())).toList();
        List<Reward.Score> scores = new ArrayList<>();
        for (int i = 0; i < drawn.size(); i++) scores.add(reward.score(texts.get(i), prompts.get(i / n).solution()));
        List<double[]> rewards = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++)
            rewards.add(scores.subList(p * n, (p + 1) * n).stream().mapToDouble(Reward.Score::total).toArray());
        List<double[]> a = advantages.ofStep(rewards, seed, step);
        List<Group> groups = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            List<Group.Completion> completions = new ArrayList<>();
            for (int i = p * n; i < (p + 1) * n; i++) {
                Completion c = drawn.get(i);
                completions.add(new Group.Completion(c.ids(), c.logProbs(), texts.get(i), c.ended(), scores.get(i), a.get(p)[i - p * n]));
            }
            groups.add(new Group(prompts.get(p), completions));
        }
        return groups;
    }
}
