package lucid.bench.phase;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.nn.layer.KeyValueStore;
import lucid.nn.model.Qwen2;
import lucid.tensor.RotaryTable;
import lucid.tensor.Scope;
import lucid.tensor.Tape;
import lucid.tensor.Tensor;

/// One token for every completion, half-way through a rollout, over a cache laid out as the generator's: prompt rows, then a region per completion.
/// The generator itself shows only whole completions.
final class DecodeStep implements KeyValueStore {
    private final Qwen2 decoder;
    private final int prompts;
    private final int completions;
    private final int promptRows;
    private final int capacity;
    private final Tensor[] keys;
    private final Tensor[] values;
    private final RotaryTable rotary;

    DecodeStep(Qwen2 decoder, Scope held, int prompts, int completions, int promptRows, int newTokens) {
        this.decoder = decoder;
        this.prompts = prompts;
        this.completions = completions;
        this.promptRows = promptRows;
        capacity = newTokens - 1;
        keys = new Tensor[decoder.config().layers()];
        values = new Tensor[keys.length];
        int rows = prompts * promptRows + slots() * capacity;
        int width = decoder.config().kvHeads() * decoder.config().headDim();
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Tensor.normal(held, 2 * i, 0, 1, rows, width);
            values[i] = Tensor.normal(held, 2 * i + 1, 0, 1, rows, width);
        }
        rotary = RotaryTable.of(held, decoder.config().ropeTheta(), decoder.config().headDim(), promptRows + newTokens);
    }

    int slots() { return prompts * completions; }

    /// Token number that [#run] feeds.
    int middle() { return capacity / 2; }

    private int region(int slot) { return prompts * promptRows + slot * capacity; }

    /// Who sees what when token `t` of every completion is fed.
    List<Span> spans(int t) {
        List<Span> spans = new ArrayList<>();
        for (int s = 0; s < slots(); s++) {
            spans.add(new Span(s, 1, promptRows + t, s / completions * promptRows, promptRows, region(s), t + 1, true));
        }
        return spans;
    }

    /// The ids that were drawn.
    int[] run() {
        int n = slots();
        int[] fed = new int[n];
        Arrays.setAll(fed, i -> i % decoder.config().vocabSize());
        int[] positions = new int[n];
        Arrays.fill(positions, promptRows + middle());
        int[] counters = new int[4 * n];
        Arrays.setAll(counters, i -> i);
        Scope step = Tape.of(decoder.parameters().device()).current();
        try (var _ = Tape.noGrad()) {
            var context = decoder.context(Tensor.ints(step, positions, n), rotary, spans(middle()), this);
            Tensor x = decoder.forward(decoder.embedTokens().gatherRows(Tensor.ints(step, fed, n)), context);
            Tensor logits = decoder.logits(decoder.norm().forward(x));
            Tensor chosen = Tensor.undefined(step, DType.I32, n);
            logits.device().sampling().sample(Sampling.Rule.temperature(1f), logits.matrix(), 1, Tensor.ints(step, counters, n, 4).buffer(),
                    chosen.buffer());
            return chosen.toInts();
        }
    }

    @Override public Tensor keys(int layer, Tensor k) { return store(keys[layer], k); }

    @Override public Tensor values(int layer, Tensor v) { return store(values[layer], v); }

    private Tensor store(Tensor cache, Tensor rows) {
        Matrix all = cache.matrix();
        int width = all.cols();
        Matrix places = new Matrix(all.buffer(), (long) (region(0) + middle()) * width, slots(), width, (long) capacity * width);
        cache.device().elementwise().copy(rows.matrix(), places);
        return cache;
    }
}
