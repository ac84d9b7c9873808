package lucid.grpo.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import lucid.grpo.data.Prompt;
import lucid.grpo.data.TrainingData;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.recipe.Stage;
import lucid.kernels.contract.LogProb.Surrogate;
import lucid.nn.batch.PackedBatch;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// GRPO: draw groups, judge them, turn rewards into advantages, push every token by its coefficient.
///
/// The log-probability that the sampler saw and the one that the trainer computes come from the same kernels over the same rows, so on the first
/// update after a rollout they are equal to the bit and the ratio is exactly 1. That is checked for every token of every step, before the update; a
/// difference stops the run.
final class GrpoRun implements StageRun {
    private final Stage.Grpo stage;
    private final Policy policy;
    private final Policy reference;
    private final TrainingData data;
    private final Rollout rollout;
    private final Updater updater;
    private final Ledger ledger;
    private final long seed;
    private final long stepsBefore;
    private final PolicyLoss loss;
    private String note = "";
    private String explanation;

    /// @param reference   the policy at the start of the stage; null when beta is 0
    /// @param stepsBefore steps of the stages before, so that files are numbered through
    GrpoRun(Stage.Grpo stage, Policy policy, Policy reference, TrainingData data, Rollout rollout, Updater updater, Ledger ledger, long seed,
            long stepsBefore) {
        if (stage.trainable().contains(Stage.Part.VISION_TOWER)) {
            throw new IllegalArgumentException("stage " + stage.name()
                    + ": trainable has vision_tower; GRPO keeps the tower frozen, wanted connector or language_model");
        }
        this.stage = stage;
        this.policy = policy;
        this.reference = reference;
        this.data = data;
        this.rollout = rollout;
        this.updater = updater;
        this.ledger = ledger;
        this.seed = seed;
        this.stepsBefore = stepsBefore;
        loss = stage.loss().policyLoss();
    }

    @Override public ObjectNode step(int step) {
        long start = System.nanoTime();
        List<Prompt> prompts = data.prompts(seed, stage.name(), step, stage.prompts());
        try (Scope _ = Scope.open(policy.device())) {
            Tensor features = rollout.features(prompts);
            List<Group> groups = rollout.groups(step, prompts, features);
            long rolled = System.nanoTime();
            float[] sampler = join(groups);
            float[] refs = reference == null ? null : score(reference, groups, features);
            long scored = System.nanoTime();
            float[] weights = weights(groups);
            List<TokenColumns.Update> updates = new ArrayList<>();
            List<Updater.Result> results = new ArrayList<>();
            for (int iteration = 0; iteration < stage.iterations(); iteration++) {
                updates.add(gradients(groups, features, sampler, refs, weights));
                if (iteration == 0) assertSame(sampler, updates.getFirst().logProb(), groups);
                results.add(updater.update(step * stage.iterations() + iteration));
            }
            long updated = System.nanoTime();
            boolean rescore = stage.rescoreEvery() > 0 && step % stage.rescoreEvery() == 0;
            TokenColumns columns = new TokenColumns(refs, weights, updates, rescore ? score(policy, groups, features) : null);
            ledger.write(stepsBefore + step + 1, groups, columns);
            ObjectNode line = GrpoMetrics.of(groups, columns, results.getLast(), loss);
            line.put("epoch", (step + 1.0) / (data.questions() / stage.prompts()));
            line.put("prompts/tokens", groups.stream().mapToInt(g -> policy.splice(g.prompt().ids(), true).length * g.completions().size()).sum());
            // TRL's step is an update: its mean over those of this rollout.
            line.put("step_time", (System.nanoTime() - start) / 1e9 / stage.iterations());
            line.put("time/rollout", (rolled - start) / 1e9).put("time/score", (scored - rolled) / 1e9).put("time/update", (updated - scored) / 1e9);
            note = String.format(Locale.ROOT, "reward %.2f accuracy %.2f format %.2f", line.get("reward").asDouble(),
                    line.get("rewards/accuracy_reward/mean").asDouble(),
                    line.get("rewards/well_formed").asDouble());
            if (line.has("kl")) note += String.format(Locale.ROOT, " kl %.3f", line.get("kl").asDouble());
            note += String.format(Locale.ROOT, " ratio 1: %d/%d", line.get("ratio_exactly_one").asInt(), sampler.length);
            if (explanation == null) explanation = explain(updates.getFirst(), weights, results.getFirst());
            return line;
        }
    }

    private String explain(TokenColumns.Update first, float[] weights, Updater.Result result) {
        // CISPO's loss is another number with the same gradient.
        boolean cispo = loss.surrogate() == Surrogate.CISPO;
        return String.format(Locale.ROOT, "ratio exactly 1 for %d of %d tokens: the trainer computes the sampler's log-probabilities to the bit. "
                + "The loss (%.4f) is minus the weighted mean %s%s. %s gradient (norm %.3f) is what learns.", GrpoMetrics.exactlyOne(first),
                first.ratio().length, GrpoMetrics.loss(first, weights), cispo ? "of advantage times log-probability" : "advantage",
                first.kl() == null ? "" : String.format(Locale.ROOT, " plus beta times KL (now %.4f)", GrpoMetrics.mean(first.kl(), weights)),
                cispo ? "The" : "Advantages without noise sum to 0 in each group, so it says little; the", result.gradNorm());
    }

    /// Said once, after the first step.
    String explanation() { return explanation; }

    // Forward and backward, some groups at a time. Any division gives the same gradients: each parameter's chain is per group, and groups add up in
    // order.
    private TokenColumns.Update gradients(List<Group> groups, Tensor features, float[] old, float[] refs, float[] weights) {
        int total = old.length;
        TokenColumns.Update all = TokenColumns.Update.of(total, refs != null);
        float[] advantages = advantages(groups, total);
        int at = 0;
        for (int from = 0; from < groups.size(); from += stage.microBatch()) {
            List<Group> some = groups.subList(from, Math.min(groups.size(), from + stage.microBatch()));
            int n = some.stream().mapToInt(Group::tokens).sum();
            try (Scope scope = Scope.open(policy.device())) {
                LogProbs scored = policy.score(pack(policy, some), policy.connect(slice(features, groups.size(), from, some.size()), some.size()),
                        stage.sampling().temperature());
                Tensor reference = refs == null ? null : tensor(scope, refs, at, n);
                copy(scored.logProb(), all.logProb(), at);
                float[] before = loss.old(Arrays.copyOfRange(all.logProb(), at, at + n), Arrays.copyOfRange(old, at, at + n), lengths(some));
                LogProbs.PolicyTerms terms = scored.policyTerms(loss.settings(), tensor(scope, before, 0, n), reference,
                        tensor(scope, advantages, at, n), tensor(scope, weights, at, n));
                scored.logProb().backward(terms.coefficient());
                copy(scored.entropy(), all.entropy(), at);
                copy(terms.ratio(), all.ratio(), at);
                if (refs != null) copy(terms.kl(), all.kl(), at);
                copy(terms.loss(), all.loss(), at);
                copy(terms.coefficient(), all.coefficient(), at);
            }
            at += n;
        }
        Arrays.setAll(all.clip(), i -> loss.clip(all.ratio()[i], advantages[i]));
        return all;
    }

    private static float[] advantages(List<Group> groups, int tokens) {
        float[] all = new float[tokens];
        int at = 0;
        for (Group g : groups) {
            for (Group.Completion c : g.completions()) {
                Arrays.fill(all, at, at + c.ids().length, (float) c.advantage());
                at += c.ids().length;
            }
        }
        return all;
    }

    private static void assertSame(float[] sampler, float[] trainer, List<Group> groups) {
        for (int i = 0; i < sampler.length; i++) {
            if (Float.floatToRawIntBits(sampler[i]) != Float.floatToRawIntBits(trainer[i])) {
                throw new IllegalStateException("row law broken: token " + i + " of " + sampler.length + " (" + groups.size()
                        + " groups) had log-probability " + sampler[i]
                        + " when it was sampled and has " + trainer[i]
                                + " in training; the kernels must give the same bits. This is a fault of Lucid's own");
            }
        }
    }

    private float[] score(Policy who, List<Group> groups, Tensor features) {
        float[] all = new float[groups.stream().mapToInt(Group::tokens).sum()];
        int at = 0;
        for (int from = 0; from < groups.size(); from += stage.microBatch()) {
            List<Group> some = groups.subList(from, Math.min(groups.size(), from + stage.microBatch()));
            try (Scope _ = Scope.open(who.device()); var _ = Tape.noGrad()) {
                Tensor visual = who.connect(slice(features, groups.size(), from, some.size()), some.size());
                Tensor logProb = who.score(pack(who, some), visual, stage.sampling().temperature()).logProb();
                copy(logProb, all, at);
                at += logProb.shape().size();
            }
        }
        return all;
    }

    static PackedBatch pack(Policy policy, List<Group> groups) {
        PackedBatch.Builder builder = PackedBatch.builder(policy.visualTokens());
        for (int g = 0; g < groups.size(); g++) {
            builder.group(policy.splice(groups.get(g).prompt().ids(), true), g, groups.get(g).completions().stream()
                    .map(Group.Completion::ids).toList());
        }
        return builder.build();
    }

    private static Tensor slice(Tensor features, int clips, int from, int count) {
        if (count == clips) return features;
        int rows = features.shape().rows() / clips;
        return features.rows(from * rows, (from + count) * rows);
    }

    private static Tensor tensor(Scope scope, float[] all, int from, int n) { return Tensor.of(scope, Arrays.copyOfRange(all, from, from + n), n); }

    private static void copy(Tensor from, float[] to, int at) {
        float[] values = from.toFloats();
        System.arraycopy(values, 0, to, at, values.length);
    }

    private static float[] join(List<Group> groups) {
        float[] all = new float[groups.stream().mapToInt(Group::tokens).sum()];
        int at = 0;
        for (Group g : groups) {
            for (Group.Completion c : g.completions()) {
                System.arraycopy(c.sampler(), 0, all, at, c.sampler().length);
                at += c.sampler().length;
            }
        }
        return all;
    }

    private static int[] lengths(List<Group> groups) {
        return groups.stream().flatMap(g -> g.completions().stream()).mapToInt(c -> c.ids().length).toArray();
    }

    private float[] weights(List<Group> groups) {
        int[] tokens = lengths(groups);
        int[] learned = groups.stream().flatMap(g -> g.completions().stream())
                .mapToInt(c -> stage.loss().maskTruncated() && !c.finished() ? 0 : c.ids().length).toArray();
        double[] perToken = stage.loss().perStep().weights(learned, stage.maxNewTokens());
        float[] all = new float[Arrays.stream(tokens).sum()];
        int at = 0;
        for (int i = 0; i < tokens.length; i++) {
            Arrays.fill(all, at, at + tokens[i], (float) perToken[i]);
            at += tokens[i];
        }
        return all;
    }

    @Override public String note() { return note; }

    @Override public void close() {
        if (reference != null) reference.close();
    }
}
