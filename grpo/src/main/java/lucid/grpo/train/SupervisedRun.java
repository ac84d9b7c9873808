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
/// `L = Σ_kind 1/N_kind Σ_t -log p(t)`, so a kind with long texts does not drown the others. The examples about one clip are a prompt group, the clip its shared prefix; every text alone is one.
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
        List<Example> examples = groups.stream().flatMap(List::stream).toList();
        Map<String, double[]> sums = new LinkedHashMap<>();
        try (Scope scope = Scope.open(policy.device())) {
            boolean frames = examples.stream().anyMatch(e -> e.visual() != null && !e.visual().isWhole());
            List<Visual> visuals = groups.stream().map(g -> g.getFirst().visual()).filter(v -> v != null).toList();
            Tensor visual = visuals.isEmpty() ? null : see(visuals, frames);
            PackedBatch batch = pack(groups, frames, visual != null);
            LogProbs scored = policy.score(batch, visual, 1f);
            float[] seeds = seeds(examples, scored.logProb().toFloats(), sums);
            scored.logProb().backward(Tensor.of(scope, seeds, seeds.length));
        }
        Updater.Result update = updater.update(step);
        ObjectNode line = JSON.createObjectNode();
        double total = 0;
        for (double[] s : sums.values()) total += s[0] / s[1];
        line.put("loss", total);
        if (sums.size() > 1) sums.forEach((kind, s) -> line.put("loss/" + kind, s[0] / s[1]));
        line.put("grad_norm", update.gradNorm()).put("learning_rate", update.learningRate());
        note = String.format(Locale.ROOT, "loss %.3f", total);
        return line;
    }

    private Tensor see(List<Visual> visuals, boolean frames) {
        if (frames && visuals.stream().anyMatch(Visual::isWhole)) {
            throw new IllegalArgumentException("stage " + stage.name() + ": a mixture cannot hold both single frames and whole clips; use two stages");
        }
        Tensor features = policy.features(Frames.pack(data, visuals), visuals.size(), frames ? 1 : data.framesPerClip(), data.imageSize());
        return frames ? policy.connectFrames(features, visuals.stream().mapToInt(Visual::frame).toArray()) : policy.connect(features, visuals.size());
    }

    // Examples about the same picture share what comes before and with it (the published prompt's opening and the clip's rows): one prefix, many continuations.
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

    private static float[] seeds(List<Example> examples, float[] logProbs, Map<String, double[]> sums) {
        int at = 0;
        for (Example e : examples) {
            double[] s = sums.computeIfAbsent(e.kind(), _ -> new double[2]);
            for (int i = 0; i < e.learned(); i++) s[0] -= logProbs[at++];
            s[1] += e.learned();
        }
        if (at != logProbs.length) throw new IllegalStateException("scored " + logProbs.length + " tokens but the examples have " + at + " to learn");
        float[] seeds = new float[at];
        at = 0;
        for (Example e : examples) {
            float weight = (float) (-1 / sums.get(e.kind())[1]);
            for (int i = 0; i < e.learned(); i++) seeds[at++] = weight;
        }
        return seeds;
    }

    @Override public String note() { return note; }
}
