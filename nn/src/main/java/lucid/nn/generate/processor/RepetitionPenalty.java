package lucid.nn.generate.processor;

import java.util.Arrays;

/// `repetition_penalty` r: logit x of every token that occurs in the context becomes x / r if positive and x · r if negative, once however often it
/// occurs. Keskar et al. 2019, arXiv 1909.05858, with the sign of transformers. Above 1 discourages, below 1 encourages.
public record RepetitionPenalty(double penalty) implements LogitsProcessor {
    public RepetitionPenalty { LogitsProcessor.checkWithin("repetition_penalty", penalty, 0, Double.POSITIVE_INFINITY); }

    @Override public void apply(float[] logits, TokenContext context) {
        int[] tokens = new int[context.size()];
        Arrays.setAll(tokens, context::token);
        Arrays.stream(tokens).distinct().forEach(id -> logits[id] = (float) (logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty));
    }

    @Override public String field() { return "repetition_penalty " + penalty; }
}
