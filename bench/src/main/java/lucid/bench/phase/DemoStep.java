package lucid.bench.phase;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import lucid.grpo.data.Example;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.RecipeReader;
import lucid.grpo.recipe.Stage;
import lucid.grpo.train.Policy;
import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.Sampling;
import lucid.nn.batch.PackedBatch;
import lucid.nn.config.TinyLlavaConfig;
import lucid.nn.generate.Completion;
import lucid.nn.generate.GenerationSettings;
import lucid.nn.model.ScoredRows;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.optim.AdamW;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// One GRPO step of the demo, phase by phase, through the calls that the trainer makes: the recipe's model with random weights, its number of prompts
/// and completions, random text of the demo's typical lengths. No completion ever ends early, so every call works the same.
final class DemoStep implements AutoCloseable {
    /// Text ids of a prompt of the demo (92 to 101; the clip's rows come on top), and tokens of a cold start's chain of thought (40 to 42).
    static final int PROMPT_TEXT = 93;
    static final int NEW_TOKENS = 40;

    private final Recipe recipe = RecipeReader.read("demo");
    private final Stage.Grpo stage = (Stage.Grpo) recipe.stage("grpo");
    private final TinyLlavaConfig config = TinyLlavaConfig.parse("recipe demo, model", recipe.model());
    private final Policy policy;
    private final AdamW optimizer;
    private final Scope held;
    private final byte[] frames;
    private final Tensor features;
    private final List<int[]> prompts = new ArrayList<>();
    private final PackedBatch batch;
    private final DecodeStep decode;

    DemoStep(Device device) {
        policy = new Policy(TinyLlavaVideo.random(device, config, recipe.seed(),
                recipe.initialization().ofDepth(config.text().layers(), config.vision().layers())));
        policy.train(EnumSet.copyOf(stage.trainable()));
        optimizer = new AdamW(policy.parameters(), stage.optimizer().settings());
        Random random = new Random(1);
        frames = new byte[stage.prompts() * recipe.data().frames() * recipe.data().image() * recipe.data().image() * 3];
        random.nextBytes(frames);
        held = Scope.holding(device);
        try (Scope _ = Scope.open(device)) {
            features = held.adopt(tower());
        }
        PackedBatch.Builder builder = PackedBatch.builder(policy.visualTokens());
        for (int p = 0; p < stage.prompts(); p++) {
            int[] ids = ids(random, PROMPT_TEXT + 1);
            ids[PROMPT_TEXT / 2] = Example.PLACEHOLDER;
            prompts.add(ids);
            List<int[]> completions = new ArrayList<>();
            for (int c = 0; c < stage.completions(); c++) completions.add(ids(random, NEW_TOKENS));
            builder.group(policy.splice(ids, true), p, completions);
        }
        batch = builder.build();
        decode = new DecodeStep(policy.model().decoder(), held, stage.prompts(), stage.completions(), promptRows(), NEW_TOKENS);
    }

    private int[] ids(Random random, int n) { return random.ints(n, 0, config.text().vocabSize()).toArray(); }

    private int promptRows() { return PROMPT_TEXT + policy.visualTokens(); }

    private int framesPerClip() { return recipe.data().frames(); }

    // ---- phases; the caller opens a scope

    Tensor tower() {
        try (var _ = Tape.noGrad()) {
            return policy.features(frames, stage.prompts(), framesPerClip(), recipe.data().image());
        }
    }

    Tensor connector() {
        try (var _ = Tape.noGrad()) {
            return policy.connect(features, stage.prompts());
        }
    }

    List<Completion> rollout() {
        var settings = new GenerationSettings(Sampling.Rule.temperature(stage.sampling().temperature()), NEW_TOKENS, -1,
                stage.sampling().temperature(), 1, 0);
        try (var _ = Tape.noGrad()) {
            return policy.generate(prompts, connector(), stage.completions(), settings, null);
        }
    }

    int[] decodeStep() { return decode.run(); }

    Tensor scoring() {
        try (var _ = Tape.noGrad()) {
            return policy.score(batch, connector(), 1f).logProb();
        }
    }

    /// Fills the gradients of every trained parameter.
    void gradients(Scope scope) {
        LogProbs scored = policy.score(batch, policy.connect(features, stage.prompts()), 1f);
        Tensor old = Tensor.of(scope, scored.logProb().toFloats(), batch.scored());
        float[] advantages = new float[batch.scored()];
        for (int i = 0; i < advantages.length; i++) advantages[i] = i / NEW_TOKENS % 2 == 0 ? 1 : -1;
        float[] weights = new float[batch.scored()];
        Arrays.fill(weights, 1f / weights.length);
        var ratio = new LogProb.ClippedLoss(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, (float) stage.loss().beta(),
                stage.loss().klClamp().floatValue());
        var terms = scored.policyTerms(ratio, old, old, Tensor.of(scope, advantages, advantages.length), Tensor.of(scope, weights, weights.length));
        scored.logProb().backward(terms.coefficient());
    }

    void dropGradients() { policy.parameters().zeroGrad(); }

    /// Moves the weights along the gradients at hand, by next to nothing: the same gradients may be used again.
    AdamW.Update optimizerStep() { return optimizer.step(1e-9); }

    // ---- what the phases work

    ModelWork towerWork() { return ModelWork.tower(config, stage.prompts() * framesPerClip()); }

    ModelWork connectorWork() { return ModelWork.connector(config, stage.prompts(), framesPerClip() * config.tokensPerFrame()); }

    /// The packed batch: last block and head only for rows that predict something. A prompt's last row predicts for every completion.
    ModelWork scoringWork() {
        return ModelWork.decoder(config.text(), batch.rows(), batch.spans(), ScoredRows.of(batch), batch.scored()).plus(connectorWork());
    }

    ModelWork decodeWork() { return decodeWork(decode.middle()); }

    private ModelWork decodeWork(int token) {
        int rows = decode.slots();
        return ModelWork.decoder(config.text(), rows, decode.spans(token), rows);
    }

    ModelWork rolloutWork() {
        PackedBatch.Builder builder = PackedBatch.builder(policy.visualTokens());
        for (int p = 0; p < prompts.size(); p++) builder.sequence(policy.splice(prompts.get(p), true), p);
        PackedBatch alone = builder.build();
        ScoredRows ends = ScoredRows.of(alone.spans(), alone.groups(), IntStream.range(0, prompts.size()).map(p -> alone.groups().to(p) - 1)
                .toArray());
        ModelWork work = ModelWork.decoder(config.text(), alone.rows(), alone.spans(), ends, decode.slots()).plus(connectorWork());
        for (int t = 0; t + 1 < NEW_TOKENS; t++) work = work.plus(decodeWork(t));
        return work;
    }

    /// Bytes that an update moves: gradient, weight and two moments are read and the last three written; the norm reads the gradient once more.
    double optimizerBytes() { return 8 * 4.0 * policy.parameters().trainable().stream().mapToLong(p -> p.shape().size()).sum(); }

    @Override public void close() {
        optimizer.close();
        held.close();
        policy.close();
    }
}
