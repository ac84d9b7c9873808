package lucid.nn.generate.processor;

import java.util.List;

/// `sequence_bias`: adds b to the logit of a sequence's last token where the rest of it has just been produced; to a one-token sequence's always.
/// transformers ignores a sequence until the context is as long as the whole of it; here it counts from the first place where it can be completed.
public record SequenceBias(List<Bias> biases) implements LogitsProcessor {
    /// @param ids  a sequence of one token or more
    /// @param bias added to the logit of its last token; negative discourages
    public record Bias(List<Integer> ids, double bias) {
        public Bias {
            ids = List.copyOf(ids);
            LogitsProcessor.checkIds("sequence_bias", ids);
            if (!Double.isFinite((float) bias))
                throw new IllegalArgumentException("sequence_bias " + bias + " of " + ids
                        + ", wanted a finite number (bad_words_ids forbids a sequence)");
        }
    }

    public SequenceBias { biases = List.copyOf(biases); }

    @Override public void apply(float[] logits, TokenContext context) {
        for (Bias b : biases) if (context.endsWith(b.ids, b.ids.size() - 1)) logits[b.ids.getLast()] += (float) b.bias;
    }

    @Override public int largestId() { return biases.stream().mapToInt(b -> LogitsProcessor.largest(b.ids)).max().orElse(-1); }

    @Override public String field() { return "sequence_bias of " + biases.size() + " sequences"; }
}
