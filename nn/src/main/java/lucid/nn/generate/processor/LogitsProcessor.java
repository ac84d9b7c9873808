package lucid.nn.generate.processor;

import java.util.Collection;
import java.util.Locale;

/// One change to a row of logits. A row sees its own tokens and nothing of other rows, so an answer does not depend on what is asked together with
/// it. Masked tokens are minus infinity and stay it. Formulas are those of transformers' `generation/logits_process.py`; the order is
/// [LogitsProcessors]'.
public sealed interface LogitsProcessor permits SequenceBias, RepetitionPenalty, NoRepeatNgram, BadWords, MinLength, ExponentialDecay, SuppressTokens,
        SampleFilter {
    /// Changes the row in place.
    ///
    /// @param logits f32 `[vocabulary]`
    void apply(float[] logits, TokenContext context);

    /// The largest token id that it names; -1: none.
    default int largestId() { return -1; }

    /// The field of `generation_config.json` that asks for it, with its value.
    String field();

    /// Forbids tokens: minus infinity.
    static void mask(float[] logits, Collection<Integer> ids) {
        for (int id : ids) logits[id] = Float.NEGATIVE_INFINITY;
    }

    /// -1 where there is none.
    static int largest(Collection<Integer> ids) { return ids.stream().mapToInt(Integer::intValue).max().orElse(-1); }

    /// @throws IllegalArgumentException unless there is at least one id and none is negative
    static void checkIds(String field, Collection<Integer> ids) {
        if (ids.isEmpty() || ids.stream().anyMatch(id -> id < 0))
            throw new IllegalArgumentException(field + " " + ids + ", wanted at least one token id, each >= 0");
    }

    /// @throws IllegalArgumentException unless `low < value < high`
    static void checkWithin(String field, double value, double low, double high) {
        if (!(value > low && value < high)) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%s %s, wanted a number > %s%s", field, value, low,
                    high == Double.POSITIVE_INFINITY ? "" : " and < " + high));
        }
    }
}
