package lucid.nn.generate.processor;

import java.util.Set;

/// `suppress_tokens` and `begin_suppress_tokens`: tokens that never come, or never come first.
///
/// @param firstOnly whether they are masked at the answer's first token only
public record SuppressTokens(Set<Integer> ids, boolean firstOnly) implements LogitsProcessor {
    public SuppressTokens {
        ids = Set.copyOf(ids);
        LogitsProcessor.checkIds(firstOnly ? "begin_suppress_tokens" : "suppress_tokens", ids);
    }

    @Override public void apply(float[] logits, TokenContext context) {
        if (!firstOnly || context.newTokens() == 0) LogitsProcessor.mask(logits, ids);
    }

    @Override public int largestId() { return LogitsProcessor.largest(ids); }

    @Override public String field() { return (firstOnly ? "begin_suppress_tokens of " : "suppress_tokens of ") + ids.size() + " tokens"; }
}
