package lucid.grpo.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import lucid.grpo.data.Example;
import lucid.grpo.data.TrainingData;
import lucid.grpo.data.Visual;
import lucid.grpo.recipe.Stage;
import lucid.nn.batch.PackedBatch;
import lucid.tensor.LogProbs;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// Learning from given text. The loss of a step is the sum over the kinds of the mixture of their mean negative log-probability per learned token,
/// `L = Σ_kind 1/N_kind Σ_t -log p(t)`, so a kind with long texts does not drown the others. The examples about one clip are a prompt group, the clip
/// its shared prefix; every text alone is one. Groups go through the model some at a time: N_kind is counted over the whole step, every group's chain
/// of a gradient begins at 0, and groups are added in order, so that any division gives the same bits.
final class SupervisedRun implements StageRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Stage.Supervised stage;
    private final Policy policy;
    private final TrainingData data;
    private final Updater updater;
    private final long seed;
    private String note = "";

    SupervisedRun(Stage.Supervised stage, Policy policy, TrainingData data, Updater updater, long seed) {
        this.stage = stage;
        this.policy = policy;
        this.data = data;
        this.updater = updater;
        this.seed = seed;
    }

    @Override public ObjectNode step(int step) {
        List<Example> drawn = new ArrayList<>();
        stage.mix().forEach((kind, count) -> {
            for (int i = 0; i < count; i++) drawn.add(data.example(kind, seed, stage.name(), step, i, count));
        });
        List<List<Example>> groups = together(drawn);
        boolean frames = framesAlone(drawn);
        Map<String, Sum> sums = new LinkedHashMap<>();
        for (List<Example> group : groups) for (Example e : group) sums.computeIfAbsent(e.kind(), _ -> new Sum()).tokens += e.learned();
        int together = stage.microBatch() == null ? groups.size() : stage.microBatch();
        for (int from = 0; from < groups.size(); from += together)
            gradients(groups.subList(from, Math.min(groups.size(), from + together)), frames, sums);
        Updater.Result update = updater.update(step);
        ObjectNode line = JSON.createObjectNode();
        double total = 0;
        for (Sum s : sums.values()) total += s.mean();
        line.put("loss", total);
        if (sums.size() > 1) sums.forEach((kind, s) -> line.put("loss/" + kind, s.mean()));
        line.put("grad_norm", update.gradNorm()).put("learning_rate", update.learningRate());
        double tokens = sums.values().stream().mapToLong(s -> s.tokens).sum();
        line.put("entropy", sums.values().stream().mapToDouble(s -> s.entropy).sum() / tokens);
        line.put("mean_token_accuracy", sums.values().stream().mapToLong(s -> s.likeliest).sum() / tokens);
        line.put("examples/tokens", drawn.stream().mapToInt(e -> rows(e, frames)).sum());
        epochs(line, step);
        note = String.format(Locale.ROOT, "loss %.3f", total);
        return line;
    }

    // What an example is to the model: its tokens, and in the place of the clip that one's rows.
    private int rows(Example e, boolean frames) { return e.visual() == null ? e.ids().length : policy.splice(e.ids(), !frames).length; }

    // How often every sample of a kind was learned from, where its samples are a list.
    private void epochs(ObjectNode line, int step) {
        stage.mix().forEach((kind, count) -> data.samples(kind)
                .ifPresent(all -> line.put(stage.mix().size() > 1 ? "epoch/" + kind : "epoch", (step + 1.0) * count / all)));
    }

    /// What a step has to learn of a kind, and what it has cost so far.
    private static final class Sum {
        long tokens;
        long likeliest;
        double loss;
        double entropy;

        double mean() { return loss / tokens; }
    }

    private boolean framesAlone(List<Example> examples) {
        boolean frames = examples.stream().anyMatch(e -> e.visual() != null && !e.visual().isWhole());
        if (frames && examples.stream().anyMatch(e -> e.visual() != null && e.visual().isWhole())) {
            throw new IllegalArgumentException("stage " + stage.name()
                    + ": a mixture cannot hold both single frames and whole clips; use two stages");
        }
        return frames;
    }

    // Forward and backward of some groups; their losses are added to `sums`, whose counts are those of the whole step.
    private void gradients(List<List<Example>> groups, boolean frames, Map<String, Sum> sums) {
        List<Example> examples = groups.stream().flatMap(List::stream).toList();
        List<Visual> visuals = groups.stream().map(g -> g.getFirst().visual()).filter(v -> v != null).toList();
        try (Scope scope = Scope.open(policy.device())) {
            Tensor visual = visuals.isEmpty() ? null : see(visuals, frames);
            LogProbs scored = policy.score(pack(groups, frames, visual != null), visual, 1f);
            float[] seeds = seeds(examples, scored, sums);
            scored.logProb().backward(Tensor.of(scope, seeds, seeds.length));
        }
    }

    private Tensor see(List<Visual> visuals, boolean frames) {
        Tensor features = policy.features(Frames.of(data, visuals), visuals.size(), frames ? 1 : data.framesPerClip(), data.imageSize());
        return frames ? policy.connectFrames(features, visuals.stream().mapToInt(Visual::frame).toArray()) : policy.connect(features, visuals.size());
    }

    // Examples about the same picture share what comes before and with it (the published prompt's opening and the clip's rows): one prefix, many
    // continuations.
    private PackedBatch pack(List<List<Example>> groups, boolean frames, boolean visual) {
        PackedBatch.Builder builder = PackedBatch.builder(!visual ? 0 : frames ? policy.frameTokens() : policy.visualTokens());
        int clip = 0;
        for (List<Example> group : groups) {
            Example first = group.getFirst();
            if (first.visual() == null) {
                builder.sequence(first.ids(), 0, first.labels(), Example.IGNORE);
                continue;
            }
            int prefix = prefixLength(first);
            List<int[]> rest = group.stream().map(e -> Arrays.copyOfRange(e.ids(), prefix, e.ids().length)).toList();
            List<int[]> labels = group.stream().map(e -> Arrays.copyOfRange(e.labels(), prefix, e.labels().length)).toList();
            builder.group(policy.splice(Arrays.copyOf(first.ids(), prefix), !frames), clip++, rest, labels, Example.IGNORE);
        }
        return builder.build();
    }

    // Up to and with the clip.
    private static int prefixLength(Example e) {
        int n = 0;
        while (e.ids()[n] != Example.PLACEHOLDER) n++;
        return n + 1;
    }

    /// Examples in the order of their first appearance, those with the same picture and the same opening together.
    private static List<List<Example>> together(List<Example> examples) {
        Map<Object, List<Example>> groups = new LinkedHashMap<>();
        for (Example e : examples) {
            Object key = e.visual() == null ? e : List.of(e.visual(), Arrays.stream(e.ids(), 0, prefixLength(e)).boxed().toList());
            groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(e);
        }
        return List.copyOf(groups.values());
    }

    private static float[] seeds(List<Example> examples, LogProbs scored, Map<String, Sum> sums) {
        float[] logProbs = scored.logProb().toFloats();
        float[] entropy = scored.entropy().toFloats();
        float[] top = scored.top().toFloats();
        int learned = examples.stream().mapToInt(Example::learned).sum();
        if (learned != logProbs.length)
            throw new IllegalStateException("scored " + logProbs.length + " tokens but the examples have " + learned + " to learn");
        float[] seeds = new float[learned];
        int at = 0;
        for (Example e : examples) {
            Sum sum = sums.get(e.kind());
            float weight = (float) (-1.0 / sum.tokens);
            for (int i = 0; i < e.learned(); i++) {
                sum.loss -= logProbs[at];
                sum.entropy += entropy[at];
                sum.likeliest += (long) top[at];
                seeds[at++] = weight;
            }
        }
        return seeds;
    }

    @Override public String note() { return note; }
}
