package lucid.grpo.evaluation;

import java.util.List;
import lucid.grpo.data.PromptTemplate;
import lucid.grpo.train.Policy;
import lucid.kernels.math.Philox;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;
import lucid.video.Frames;

/// Asks a model, one question at a time. By the row law an answer does not depend on what else was asked, so a resumed evaluation gives the answers of one that was never stopped.
public final class ModelAsker implements Asker {
    private static final int PURPOSE = 0x42454E43;

    private final Policy policy;
    private final Tokenizer tokenizer;
    private final PromptTemplate template;

    public ModelAsker(Policy policy, Tokenizer tokenizer) {
        this.policy = policy;
        this.tokenizer = tokenizer;
        template = new PromptTemplate(tokenizer);
    }

    @Override public Reply ask(int number, String user, Frames frames, Protocol protocol) {
        int[] prompt = template.prompt(user);
        int room = policy.model().config().maxLength() - policy.splice(prompt, true).length;
        if (room < 1) throw new IllegalArgumentException("question " + number + " leaves no room for an answer: tokenizer_model_max_length is " + policy.model().config().maxLength());
        GenerationSettings settings = new GenerationSettings(protocol.rule(), Math.min(protocol.maxNewTokens(), room), tokenizer.eosId(), 1f, Philox.key(protocol.seed(), PURPOSE), number);
        try (Scope _ = Scope.open(policy.device()); var _ = Tape.noGrad()) {
            Tensor visual = policy.connect(policy.features(frames.rgb(), 1, frames.n(), frames.width()), 1);
            Completion c = policy.generate(List.of(prompt), visual, 1, settings, null).getFirst();
            return new Reply(tokenizer.decode(c.ids(), true).strip(), c.length(), c.ended());
        }
    }
}
