package lucid.nn.generate.processor;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import lucid.kernels.contract.Sampling;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// The processors of a generation, in the order of transformers whatever the order they are given in: sequence bias, repetition penalty, n-grams, bad
/// words, least length, decay, suppressed tokens; then, where tokens are sampled, the device's temperature, top-k, top-p and min-p; then typical-p,
/// epsilon, eta. They change what is drawn, never how it is scored.
///
/// Rows go to the host and back where there is at least one processor. Without any, nothing is touched and nothing leaves the device.
public record LogitsProcessors(List<LogitsProcessor> list) {
    public static final LogitsProcessors NONE = new LogitsProcessors(List.of());
    private static final List<Class<? extends LogitsProcessor>> ORDER = List.of(SequenceBias.class, RepetitionPenalty.class, NoRepeatNgram.class,
            BadWords.class, MinLength.class,
            ExponentialDecay.class, SuppressTokens.class, TypicalP.class, EpsilonCutoff.class, EtaCutoff.class);

    /// What the device's sampler is asked for.
    public record Prepared(Sampling.Rule rule, Tensor logits) {}

    public LogitsProcessors { list = list.stream().sorted(Comparator.comparingInt(p -> ORDER.indexOf(p.getClass()))).toList(); }

    public static LogitsProcessors of(LogitsProcessor... processors) { return new LogitsProcessors(List.of(processors)); }

    /// Whether logits are left as they are: the sampler then works on the device alone.
    public boolean isEmpty() { return list.isEmpty(); }

    /// @throws IllegalArgumentException where the vocabulary lacks a token that is named, or a filter of samples meets a greedy rule
    public void check(Sampling.Rule rule, int vocabulary) {
        for (LogitsProcessor p : list) {
            if (p.largestId() >= vocabulary)
                throw new IllegalArgumentException(p.field() + " names token " + p.largestId() + ", wanted ids below the model's vocab_size "
                        + vocabulary);
            if (p instanceof SampleFilter && rule.greedy())
                throw new IllegalArgumentException(p.field() + " chooses among samples, and the answer is greedy; wanted a temperature with it, or "
                        + "it left out");
        }
    }

    /// Rows and rule for the sampler. With filters after the device's own, those have run then, and the rule is plain sampling of what is left.
    ///
    /// @param logits f32 [rows, vocabulary]; not changed
    /// @param rows   context of each row
    public Prepared prepare(Scope scope, Sampling.Rule rule, Tensor logits, List<TokenContext> rows) {
        if (isEmpty()) return new Prepared(rule, logits);
        check(rule, logits.shape().cols());
        Tensor x = logits;
        if (list.stream().anyMatch(p -> !(p instanceof SampleFilter))) x = changed(scope, x.toFloats(), x, rows, p -> !(p instanceof SampleFilter));
        if (list.stream().noneMatch(SampleFilter.class::isInstance)) return new Prepared(rule, x);
        Tensor filtered = Tensor.zeros(scope, x.shape().rows(), x.shape().cols());
        x.device().sampling().probabilities(rule, x.matrix(), filtered.matrix());
        float[] p = filtered.toFloats();
        for (int i = 0; i < p.length; i++) p[i] = (float) StrictMath.log(p[i]);
        return new Prepared(Sampling.Rule.temperature(1), changed(scope, p, x, rows, SampleFilter.class::isInstance));
    }

    private Tensor changed(Scope scope, float[] values, Tensor like, List<TokenContext> rows, Predicate<LogitsProcessor> which) {
        int width = like.shape().cols();
        if (rows.size() != like.shape().rows())
            throw new IllegalArgumentException("processors: " + rows.size() + " contexts for " + like.shape().rows()
                    + " rows of logits, wanted one for each");
        for (int r = 0; r < rows.size(); r++) {
            float[] row = Arrays.copyOfRange(values, r * width, (r + 1) * width);
            for (LogitsProcessor p : list) if (which.test(p)) p.apply(row, rows.get(r));
            if (none(row)) {
                throw new IllegalArgumentException("no token is left to choose after " + rows.get(r).newTokens() + " tokens of the answer: "
                        + list.stream().map(LogitsProcessor::field).toList()
                        + " forbid all " + width + "; wanted rules that leave at least one");
            }
            System.arraycopy(row, 0, values, r * width, width);
        }
        return Tensor.of(scope, values, rows.size(), width);
    }

    private static boolean none(float[] row) {
        for (float v : row) if (v != Float.NEGATIVE_INFINITY) return false;
        return true;
    }
}
