package lucid.nn.generate.processor;

/// `no_repeat_ngram_size` n: masks every token that would complete n tokens in a row which the context holds already. n = 1: no token twice.
/// Paulus et al. 2017, arXiv 1705.04304, for decoding.
public record NoRepeatNgram(int size) implements LogitsProcessor {
    public NoRepeatNgram {
        if (size < 1) throw new IllegalArgumentException("no_repeat_ngram_size " + size + ", wanted >= 1");
    }

    @Override public void apply(float[] logits, TokenContext context) {
        int end = context.size() - (size - 1);
        // The last n - 1 tokens themselves, at `end`, have no token behind them yet.
        for (int at = 0; at < end; at++) if (matches(context, at, end)) logits[context.token(at + size - 1)] = Float.NEGATIVE_INFINITY;
    }

    private boolean matches(TokenContext context, int at, int end) {
        for (int i = 0; i < size - 1; i++) if (context.token(at + i) != context.token(end + i)) return false;
        return true;
    }

    @Override public String field() { return "no_repeat_ngram_size " + size; }
}
