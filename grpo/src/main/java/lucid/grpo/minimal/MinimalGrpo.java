package lucid.grpo.minimal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import lucid.grpo.data.CompletionText;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.recipe.Stage;
import lucid.grpo.run.HashChain;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.math.Philox;
import lucid.nn.batch.PackedBatch;
import lucid.nn.model.Qwen2;
import lucid.nn.model.TinyLlavaVideo;
import lucid.nn.optim.AdamW;
import lucid.tensor.LogProbs;
import lucid.tensor.Parameter;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;
import lucid.tokenizer.Tokenizer;

/// Group Relative Policy Optimization (arXiv 2402.03300, as TinyLLaVA-Video-R1 uses it, arXiv 2504.09641) from top to bottom.
///
/// A step, for each of a few questions about clips:
///
/// 1. *Look.* The frozen vision tower turns the clip's frames into features, the connector turns those into visual tokens.
/// 2. *Answer.* The model writes G completions, token by token, each drawn from its own distribution.
/// 3. *Judge.* A rule, not a model, gives every completion a reward: is the answer right, is the form right.
/// 4. *Compare.* A completion's advantage is how much better it did than its siblings. The group is the baseline, so no value model is needed.
/// 5. *Learn.* Tokens of good completions become more probable, those of bad ones less, and a KL term holds the model near where it began.
///
/// The trainer (package `lucid.grpo.train`) does the same with packed batches, a key-value cache, shared prompts and micro-batches. None of these
/// changes a bit of any row (row law), so this file and the trainer go through the same weights: start from the same model and the hashes are equal.
public final class MinimalGrpo {
    /// Purpose of the random numbers that choose tokens; the same as the trainer's, or the two would draw other completions.
    private static final int SAMPLING = 0x53414D50;

    private final Stage.Grpo stage;
    private final long seed;
    private final TinyLlavaVideo model;
    private final TrainingData data;
    private final Tokenizer tokenizer;
    private final Set<Integer> ends;
    private final Device device;

    /// @param stage what to do: numbers of prompts and completions, reward, loss, optimiser
    /// @param seed  every random number is a function of it and of (step, prompt, completion, token)
    /// @param model is trained in place
    /// @param ends  tokens that end a completion: the tokenizer's, and those of the model's generation_config.json
    public MinimalGrpo(Stage.Grpo stage, long seed, TinyLlavaVideo model, TrainingData data, Tokenizer tokenizer, Set<Integer> ends) {
        if (stage.trainable().contains(Stage.Part.VISION_TOWER)) {
            throw new IllegalArgumentException("stage " + stage.name()
                    + ": trainable has vision_tower; GRPO keeps the tower frozen, wanted connector or language_model");
        }
        this.stage = stage;
        this.seed = seed;
        this.model = model;
        this.data = data;
        this.tokenizer = tokenizer;
        this.ends = ends;
        device = model.parameters().device();
    }

    /// One completion of a prompt: its tokens, the log-probability that each had when it was drawn, whether it ended by itself, and its reward.
    private record Answer(int[] ids, float[] sampled, boolean ended, double reward) {}

    /// A question with all of its answers.
    private record Group(int[] prompt, Tensor features, List<Answer> answers) {
        List<int[]> completions() { return answers.stream().map(Answer::ids).toList(); }

        int[] lengths() { return answers.stream().mapToInt(a -> a.ids.length).toArray(); }
    }

    /// Trains all steps of the stage.
    ///
    /// @param chain  receives one link a step: every weight and every moment
    /// @param report hears one line a step
    /// @return the last link
    public String train(HashChain chain, Consumer<String> report) {
        model.parameters().train(name -> stage.trainable().stream().anyMatch(part -> part.has(name)));
        // The reference is a copy of the model as it is now, never trained. Its log-probabilities are what the KL term pulls back to.
        try (TinyLlavaVideo referenceModel = model.copy(); AdamW optimizer = new AdamW(model.parameters(), stage.optimizer().settings())) {
            for (int step = 0; step < stage.steps(); step++) {
                report.accept(step(step, referenceModel, optimizer));
                HashChain.Link link = chain.link(stage.name(), step + 1);
                for (Parameter p : model.parameters().all()) link.tensor(p.name(), p.value());
                optimizer.forEachMoment(link::tensor);
                link.close();
            }
        }
        return chain.head();
    }

    private String step(int step, TinyLlavaVideo referenceModel, AdamW optimizer) {
        List<Prompt> prompts = data.prompts(seed, stage.name(), step, stage.prompts());
        // Everything that is computed in a scope is freed with it; weights and moments live outside.
        try (Scope scope = Scope.open(device)) {
            List<Group> groups = new ArrayList<>();
            for (int p = 0; p < prompts.size(); p++) groups.add(group(scope, step, p, prompts.get(p)));
            List<double[]> advantages = compare(groups, step);
            List<float[]> old = groups.stream().map(g -> concat(g.answers().stream().map(Answer::sampled).toList())).toList();
            List<float[]> reference = groups.stream().map(g -> stage.loss().beta() == 0 ? null : logProbs(referenceModel, g)).toList();
            double[] weights = tokenWeights(groups);
            double norm = 0;
            // With more than one update per rollout the policy moves away from the one that sampled: that is what ratio and clip are for.
            for (int iteration = 0; iteration < stage.iterations(); iteration++) {
                for (int g = 0; g < groups.size(); g++) {
                    learn(groups.get(g), advantages.get(g), old.get(g), reference.get(g),
                            Arrays.copyOfRange(weights, g * stage.completions(), (g + 1) * stage.completions()));
                }
                norm = update(optimizer, step * stage.iterations() + iteration);
            }
            double reward = groups.stream().flatMap(g -> g.answers().stream()).mapToDouble(Answer::reward).average().orElseThrow();
            return String.format(Locale.ROOT, "step %d  reward %.3f  gradient norm %.4f", step + 1, reward, norm);
        }
    }

    // ---- 1, 2, 3, 4: look, answer, judge, compare

    private Group group(Scope scope, int step, int number, Prompt prompt) {
        int size = data.imageSize();
        Tensor frames = Tensor.bytes(scope, data.frames(prompt.clip()), data.framesPerClip(), size, size, 3);
        Tensor features = model.features(scope, frames);
        // The prompt's rows: token ids, and the clip's visual tokens in the place of the placeholder.
        int[] rows = model.splice(prompt.ids()).rows();
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < stage.completions(); i++) answers.add(answer(rows, features, prompt.solution(), step, number, i));
        return new Group(rows, features, answers);
    }

    /// A_i = (r_i - mean) / (std + eps), plus a little Gaussian noise: it gives a direction where all rewards of a group are equal.
    private List<double[]> compare(List<Group> groups, int step) {
        return stage.advantage().advantages().ofStep(groups.stream().map(g -> g.answers().stream().mapToDouble(Answer::reward).toArray()).toList(),
                seed, step);
    }

    private Answer answer(int[] prompt, Tensor features, String solution, int step, int number, int completion) {
        int[] ids = new int[stage.maxNewTokens()];
        float[] sampled = new float[ids.length];
        int length = 0;
        try (var _ = Tape.noGrad(); Scope _ = Scope.open(device)) {
            Tensor visual = visual(model, features);
            do {
                // Without a cache the whole sequence is computed again for every token. Slow, but there is nothing to get wrong.
                try (Scope inner = Scope.open(device)) {
                    Tensor last = lastRow(inner, sequence(prompt, ids, length), visual);
                    ids[length] = draw(inner, last, step, number, completion, length);
                    sampled[length] = score(inner, last, ids[length]);
                }
            } while (!ends.contains(ids[length++]) && length < ids.length);
        }
        int[] drawn = Arrays.copyOf(ids, length);
        boolean ended = ends.contains(drawn[length - 1]);
        return new Answer(drawn, Arrays.copyOf(sampled, length), ended, judge(CompletionText.of(tokenizer, drawn), solution));
    }

    private Tensor visual(TinyLlavaVideo who, Tensor features) {
        return who.visual(Tape.of(device).current(), features, RowGroups.single(features.shape().rows()));
    }

    private static int[] sequence(int[] prompt, int[] ids, int length) {
        int[] all = Arrays.copyOf(prompt, prompt.length + length);
        System.arraycopy(ids, 0, all, prompt.length, length);
        return all;
    }

    /// The decoder's normed output at the sequence's last row: all that the next token depends on.
    private Tensor lastRow(Scope scope, int[] rows, Tensor visual) {
        Qwen2 decoder = model.decoder();
        PackedBatch one = model.batch().sequence(rows, 0).build();
        Tensor x = decoder.forward(decoder.embed(scope, one, visual), decoder.context(scope, one));
        return decoder.norm().forward(x.gatherRows(Tensor.ints(scope, new int[] {rows.length - 1}, 1)));
    }

    /// The next token, drawn from softmax(logits / temperature) after the filters, by one random number that belongs to this token alone (seed law).
    private int draw(Scope scope, Tensor last, int step, int number, int completion, int position) {
        Tensor counter = Tensor.ints(scope, new int[] {step, number, completion, position}, 1, 4);
        Tensor chosen = Tensor.undefined(scope, DType.I32, 1);
        device.sampling().sample(stage.sampling().rule(), model.decoder().logits(last).matrix(), Philox.key(seed, SAMPLING), counter.buffer(),
                chosen.buffer());
        return chosen.toInts()[0];
    }

    /// The token's log-probability under the full distribution (filters choose, but never enter the score).
    private float score(Scope scope, Tensor last, int id) {
        return Tensor.logProb(last, model.decoder().head(), Tensor.ints(scope, new int[] {id}, 1), stage.sampling().temperature()).logProb().item();
    }

    private double judge(String text, String solution) { return stage.reward().judge().score(text, solution).total(); }

    // ---- 5: learn

    /// What each token of a completion weighs in the step's loss: 1 / (completions · its length), so that every completion counts the same, or 1 /
    /// all tokens. Those of a completion that was cut off weigh nothing if the recipe says so.
    private double[] tokenWeights(List<Group> groups) {
        boolean masked = stage.loss().maskTruncated();
        int[] lengths = groups.stream().flatMap(g -> g.answers().stream()).mapToInt(a -> masked && !a.ended() ? 0 : a.ids().length).toArray();
        return stage.loss().perStep().weights(lengths, stage.maxNewTokens());
    }

    /// Log-probabilities of all tokens of a group, in (completion, token) order, without gradient.
    private float[] logProbs(TinyLlavaVideo who, Group g) {
        try (var _ = Tape.noGrad(); Scope scope = Scope.open(device)) {
            return forward(scope, who, g).logProb().toFloats();
        }
    }

    /// The prompt once, then every completion behind it, each seeing the prompt and itself only.
    private LogProbs forward(Scope scope, TinyLlavaVideo who, Group g) {
        PackedBatch batch = who.batch().group(g.prompt(), 0, g.completions()).build();
        return who.logProbs(scope, batch, visual(who, g.features()), stage.sampling().temperature(), false);
    }

    /// Adds one group's part of the gradient.
    ///
    /// With `ratio = exp(logProb - old)`, `d = reference - logProb` and the token's weight w, the loss of a token is
    ///
    ///     w · [ -min(ratio · A, clip(ratio, 1 - εl, 1 + εh) · A) + β · (e^d - d - 1) ]
    ///
    /// and its derivative by logProb needs no automatic differentiation:
    ///
    ///     coefficient = w · [ (-ratio · A where the unclipped branch is the smaller, else 0) + β · (1 - e^d) ]
    ///
    /// (Where the recipe has a kl_clamp, the KL is at most that, and above it has no derivative. What else a recipe can choose is in the class that is
    /// named below.)
    /// So the backward pass starts at the log-probabilities, with the coefficients as its seed. In the first update ratio is exactly 1 and the
    /// coefficient is -w·A plus the pull of the KL: REINFORCE with a group baseline.
    ///
    /// One fused kernel computes all of it, [lucid.kernels.contract.LogProb#ratio]. The same in plain Java is [lucid.grpo.policy.PolicyLoss#token];
    /// the kernel as a textbook has it is in [lucid.kernels.reference.ReferenceLogProb].
    private void learn(Group g, double[] advantages, float[] old, float[] reference, double[] weights) {
        List<float[]> advantage = new ArrayList<>();
        List<float[]> weight = new ArrayList<>();
        for (int i = 0; i < g.answers().size(); i++) {
            int n = g.answers().get(i).ids().length;
            advantage.add(filled(n, advantages[i]));
            weight.add(filled(n, weights[i]));
        }
        try (Scope scope = Scope.open(device)) {
            LogProbs now = forward(scope, model, g);
            PolicyLoss loss = stage.loss().policyLoss();
            LogProbs.PolicyTerms terms = now.policyTerms(loss.settings(), row(scope, loss.old(now.logProb().toFloats(), old, g.lengths())),
                    reference == null ? null : row(scope, reference), row(scope, concat(advantage)), row(scope, concat(weight)));
            now.logProb().backward(terms.coefficient());
        }
    }

    /// Clips the gradient to a length and moves the weights (AdamW). Returns the gradient's length.
    private double update(AdamW optimizer, int number) {
        AdamW.Update done = optimizer.step(stage.optimizer().rates(stage.updates()).at(number));
        model.parameters().zeroGrad();
        return done.norm();
    }

    private static Tensor row(Scope scope, float[] values) { return Tensor.of(scope, values, values.length); }

    private static float[] filled(int n, double value) {
        float[] all = new float[n];
        Arrays.fill(all, (float) value);
        return all;
    }

    private static float[] concat(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] p : parts) {
            System.arraycopy(p, 0, all, at, p.length);
            at += p.length;
        }
        return all;
    }
}
