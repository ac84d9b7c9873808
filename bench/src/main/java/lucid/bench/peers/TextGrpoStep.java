package lucid.bench.peers;

import java.util.Arrays;
import java.util.List;
import lucid.grpo.policy.Advantages;
import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import lucid.nn.batch.PackedBatch;
import lucid.nn.generate.Completion;
import lucid.nn.model.Qwen2;
import lucid.nn.optim.AdamW;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Twin of `trl_grpo.py`: rollout of 8 prompts of 96 tokens with 8 completions of 64 tokens, a trivial reward, group advantages, clipped loss without
/// KL, backward, clipping, AdamW.
final class TextGrpoStep implements Workload {
    private static final int COMPLETIONS = 8;
    private static final int NEW = 64;

    private final Device device;
    private final Generation rollout;
    private final Qwen2 model;
    private final AdamW optimizer;
    private final Advantages advantages = new Advantages(1e-4, 0, true);

    TextGrpoStep(Device device) {
        this.device = device;
        rollout = new Generation(device, 8, 96, COMPLETIONS, NEW);
        model = rollout.model();
        model.parameters().train(_ -> true);
        optimizer = new AdamW(model.parameters(), ADAMW);
    }

    @Override public void run() {
        List<Completion> drawn = rollout.draw();
        float[] advantage = new float[tokens()];
        float[] old = new float[tokens()];
        float[] weight = new float[tokens()];
        Arrays.fill(weight, 1f / weight.length);
        PackedBatch.Builder builder = PackedBatch.builder(0);
        for (int p = 0; p < rollout.promptIds().size(); p++) {
            List<Completion> group = drawn.subList(p * COMPLETIONS, (p + 1) * COMPLETIONS);
            builder.group(rollout.promptIds().get(p), 0, group.stream().map(Completion::ids).toList());
            double[] a = advantages.of(group.stream().mapToDouble(TextGrpoStep::reward).toArray(), new double[COMPLETIONS]);
            for (int c = 0; c < COMPLETIONS; c++) {
                int at = (p * COMPLETIONS + c) * NEW;
                Arrays.fill(advantage, at, at + NEW, (float) a[c]);
                System.arraycopy(group.get(c).logProbs(), 0, old, at, NEW);
            }
        }
        learn(builder.build(), old, advantage, weight);
    }

    private static double reward(Completion c) { return Arrays.stream(c.ids()).filter(id -> Integer.toString(id).contains("7")).count(); }

    private void learn(PackedBatch batch, float[] old, float[] advantage, float[] weight) {
        try (Scope scope = Scope.open(device)) {
            LogProbs scored = model.logProbs(scope, batch, null, 1f, false);
            var terms = scored.policyTerms(new LogProb.ClippedLoss(0.2f, 0.2f, 0, Float.POSITIVE_INFINITY), Tensor.of(scope, old, old.length), null,
                    Tensor.of(scope, advantage, advantage.length), Tensor.of(scope, weight, weight.length));
            scored.logProb().backward(terms.coefficient());
        }
        optimizer.step(LEARNING_RATE);
        model.parameters().zeroGrad();
    }

    @Override public int tokens() { return 8 * COMPLETIONS * NEW; }

    @Override public void close() {
        optimizer.close();
        rollout.close();
    }
}
