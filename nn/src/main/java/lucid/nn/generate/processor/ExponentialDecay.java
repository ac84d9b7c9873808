package lucid.nn.generate.processor;

import java.util.Set;

/// `exponential_decay_length_penalty` (start, f): from token start + 1 of the answer on, an end token's logit x becomes `x + |x| (f^(t - start) -
/// 1)`, t the answer's tokens so far; so answers end more and more gladly. An end token that is masked stays it (in transformers it becomes NaN).
public record ExponentialDecay(int start, double factor, Set<Integer> ends) implements LogitsProcessor {
    public ExponentialDecay {
        ends = Set.copyOf(ends);
        if (start < 0) throw new IllegalArgumentException("exponential_decay_length_penalty: start " + start + ", wanted >= 0");
        LogitsProcessor.checkWithin("exponential_decay_length_penalty: factor", factor, 0, Double.POSITIVE_INFINITY);
        LogitsProcessor.checkIds("exponential_decay_length_penalty: end tokens", ends);
    }

    @Override public void apply(float[] logits, TokenContext context) {
        if (context.newTokens() <= start) return;
        double growth = StrictMath.pow(factor, context.newTokens() - start) - 1;
        for (int id : ends) {
            if (logits[id] == Float.NEGATIVE_INFINITY) continue;
            // Finite, or two end tokens that overflow would share a NaN in the softmax.
            logits[id] = (float) Math.min(Float.MAX_VALUE, logits[id] + Math.abs((double) logits[id]) * growth);
        }
    }

    @Override public int largestId() { return LogitsProcessor.largest(ends); }

    @Override public String field() { return "exponential_decay_length_penalty [" + start + ", " + factor + "]"; }
}
