package lucid.nn.generate.processor;

import java.util.Set;

/// `min_new_tokens` and `min_length`: masks the end tokens while the answer, or the prompt and the answer, have fewer than `length` tokens.
///
/// @param answerOnly whether the prompt does not count (`min_new_tokens`)
public record MinLength(int length, boolean answerOnly, Set<Integer> ends) implements LogitsProcessor {
    public MinLength {
        ends = Set.copyOf(ends);
        if (length < 1) throw new IllegalArgumentException((answerOnly ? "min_new_tokens " : "min_length ") + length + ", wanted >= 1");
        LogitsProcessor.checkIds(answerOnly ? "min_new_tokens: end tokens" : "min_length: end tokens", ends);
    }

    @Override public void apply(float[] logits, TokenContext context) {
        if ((answerOnly ? context.newTokens() : context.length()) < length) LogitsProcessor.mask(logits, ends);
    }

    @Override public int largestId() { return LogitsProcessor.largest(ends); }

    @Override public String field() { return (answerOnly ? "min_new_tokens " : "min_length ") + length; }
}
