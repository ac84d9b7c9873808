package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.laws.Toy;
import lucid.grpo.policy.Advantages;
import lucid.grpo.recipe.Stage;
import lucid.grpo.reward.Reward;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.tensor.Parameter;
import lucid.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the sampler saw is what the trainer computes: a step says so, or stops.
class GrpoRunTest {
    private static final Stage.Grpo STAGE = Toy.grpo(Toy.Knobs.PLAIN.prompts(2));

    @TempDir Path folder;
    private final TrainingData data = Toy.data();
    private final Device device = new SimdDevice(2);
    private final Policy policy = new Policy(Toy.model(device));
    private Updater updater;

    @BeforeEach void begin() {
        policy.train(EnumSet.copyOf(STAGE.trainable()));
        updater = new AdamWUpdater(policy, STAGE.optimizer(), STAGE.updates());
    }

    @AfterEach void close() {
        updater.close();
        policy.close();
        device.close();
    }

    /// Remembers a log-probability one ulp beside the one that it drew with, in the third completion of the second group.
    private final class OneUlpOff extends Rollout {
        int token;
        float stored;

        OneUlpOff() { super(STAGE, policy, data, Toy.TOKENIZER, STAGE.reward().judge(), new Advantages(1e-4, 0, true), 1); }

        @Override List<Group> groups(int step, List<Prompt> prompts, Tensor features) {
            List<Group> groups = super.groups(step, prompts, features);
            List<Group.Completion> second = groups.get(1).completions();
            float[] sampler = second.get(2).sampler();
            token = groups.get(0).tokens() + second.get(0).ids().length + second.get(1).ids().length + sampler.length - 1;
            stored = sampler[sampler.length - 1] = Math.nextDown(sampler[sampler.length - 1]);
            return groups;
        }
    }

    private GrpoRun run(Rollout rollout) {
        return new GrpoRun(STAGE, policy, null, data, rollout, updater, new Ledger(folder, data, Toy.TOKENIZER::text), 1, 0);
    }

    private List<float[]> weights() { return policy.parameters().all().stream().map(Parameter::value).map(Tensor::toFloats).toList(); }

    @Test void aLogProbabilityThatIsOneUlpOffStopsTheStepBeforeTheUpdate() {
        List<float[]> before = weights();
        OneUlpOff rollout = new OneUlpOff();
        String message = assertThrows(IllegalStateException.class, () -> run(rollout).step(0)).getMessage();
        assertTrue(message.contains("token " + rollout.token + " of ") && message.contains("(2 groups)"), message);
        assertTrue(message.contains("log-probability " + rollout.stored + " when it was sampled and has " + Math.nextUp(rollout.stored)
                + " in training"), message);
        List<float[]> after = weights();
        for (int i = 0; i < before.size(); i++) assertArrayEquals(before.get(i), after.get(i));
        assertFalse(Files.exists(folder.resolve("ledger")), "the step is not written down");
    }

    @Test void aStepCountsTheTokensWhoseRatioIsExactlyOne() {
        GrpoRun run = run(new Rollout(STAGE, policy, data, Toy.TOKENIZER, STAGE.reward().judge(), new Advantages(1e-4, 0, true), 1));
        ObjectNode line = run.step(0);
        int tokens = line.get("completions/tokens").asInt();
        assertTrue(tokens > 0);
        assertEquals(tokens, line.get("ratio_exactly_one").asInt());
        assertTrue(run.note().contains("ratio 1: " + tokens + "/" + tokens), run.note());
        assertTrue(run.explanation().startsWith("ratio exactly 1 for " + tokens + " of " + tokens + " tokens"), run.explanation());
    }

    /// A rule of somebody's own that divides by nothing: it is named, not the gradient that it would have spoilt.
    @Test void aRewardThatIsNoNumberStopsTheStepBeforeTheUpdate() {
        List<float[]> before = weights();
        Reward broken = (text, _) -> new Reward.Score(0, 0, text.length() / 0.0 - text.length() / 0.0);
        GrpoRun run = run(new Rollout(STAGE, policy, data, Toy.TOKENIZER, broken, new Advantages(1e-4, 0.02, true), 1));
        String message = assertThrows(IllegalArgumentException.class, () -> run.step(0)).getMessage();
        assertEquals("reward: accuracy 0.0, format 0.0, total NaN; wanted finite numbers for every completion", message);
        List<float[]> after = weights();
        for (int i = 0; i < before.size(); i++) assertArrayEquals(before.get(i), after.get(i));
    }
}
