package lucid.nn.generate.processor;

import java.util.List;

/// `bad_words_ids`: masks the last token of a word where the rest of it has just been produced; a one-token word's always. So the words never appear
/// in the answer as these tokens.
public record BadWords(List<List<Integer>> words) implements LogitsProcessor {
    public BadWords {
        words = words.stream().map(List::copyOf).toList();
        words.forEach(w -> LogitsProcessor.checkIds("bad_words_ids", w));
    }

    @Override public void apply(float[] logits, TokenContext context) {
        for (List<Integer> w : words) if (context.endsWith(w, w.size() - 1)) logits[w.getLast()] = Float.NEGATIVE_INFINITY;
    }

    @Override public int largestId() { return words.stream().mapToInt(LogitsProcessor::largest).max().orElse(-1); }

    @Override public String field() { return "bad_words_ids of " + words.size() + " words"; }
}
