package lucid.nn.generate.processor;

import java.util.Arrays;
import java.util.List;

/// What the processors of one row may know: the tokens before the one that is chosen. The prompt's count, as in transformers.
/// A prompt with a clip in it reaches the original model as embeddings, not as ids; there, and so here, the processors see the answer alone.
public final class TokenContext {
    private final int promptRows;
    private int[] tokens;
    private int size;
    private int newTokens;

    private TokenContext(int[] tokens, int promptRows) {
        this.tokens = tokens;
        this.size = tokens.length;
        this.promptRows = promptRows;
    }

    /// @param rows the prompt's row codes (see [lucid.nn.batch.Splice]): token ids, or `~v` for row v of a clip
    public static TokenContext of(int[] rows) {
        boolean clip = Arrays.stream(rows).anyMatch(r -> r < 0);
        return new TokenContext(clip ? new int[0] : rows.clone(), rows.length);
    }

    /// A token was chosen.
    public void add(int id) {
        if (size == tokens.length) tokens = Arrays.copyOf(tokens, Math.max(16, 2 * size));
        tokens[size++] = id;
        newTokens++;
    }

    /// How many tokens it knows.
    public int size() { return size; }

    /// Token i of [#size], from 0: the prompt's first.
    public int token(int i) { return tokens[i]; }

    /// Tokens of the answer so far.
    public int newTokens() { return newTokens; }

    /// Positions so far, with prompt and clip.
    public int length() { return promptRows + newTokens; }

    /// Whether the last tokens are the first `n` of `ids`.
    boolean endsWith(List<Integer> ids, int n) {
        if (n > size) return false;
        for (int i = 0; i < n; i++) if (tokens[size - n + i] != ids.get(i)) return false;
        return true;
    }
}
