package lucid.kernels.contract.operand;

import java.util.List;

/// Who attends to whom, over packed rows without padding. Each span is a run of query rows with its keys: first the rows of a shared prefix
/// (possibly none), then rows of its own; key number j of a span has absolute position j.
///
/// One plan serves every use: a plain causal sequence (no prefix), completions on a shared prompt (prefix = the prompt's rows), cached decoding
/// (one query row, keys in cache regions), full attention of an image (not causal), latents over a chunk (cross attention).
///
/// @param heads   query heads
/// @param kvHeads key/value heads; query head h uses key head h / (heads / kvHeads)
/// @param headDim size of a head; row h·headDim .. of q and out is head h
public record AttentionPlan(int heads, int kvHeads, int headDim, List<Span> spans) {
    /// @param queryRow      first row of the span in q (and out)
    /// @param queries       number of query rows
    /// @param queryPosition absolute position of the first query; with `causal`, query i sees keys 0 .. queryPosition + i
    /// @param prefixRow     first row of the prefix in k and v
    /// @param prefixKeys    number of prefix keys (0: none)
    /// @param ownRow        first row of the own keys in k and v
    /// @param ownKeys       number of own keys
    public record Span(int queryRow, int queries, int queryPosition, int prefixRow, int prefixKeys, int ownRow, int ownKeys, boolean causal) {
        public Span {
            if (queryRow < 0 || queries < 0 || queryPosition < 0 || prefixRow < 0 || prefixKeys < 0 || ownRow < 0 || ownKeys < 0) {
                throw new IllegalArgumentException("attention span with a negative number");
            }
            if (causal && queries > 0 && queryPosition + queries > prefixKeys + ownKeys) {
                throw new IllegalArgumentException("causal span: last query is at position " + (queryPosition + queries - 1) + " but there are only "
                        + (prefixKeys + ownKeys) + " keys; wanted a key for every query's own position");
            }
            if (queries > 0 && prefixKeys + ownKeys == 0) throw new IllegalArgumentException("attention span of " + queries + " queries has no key");
        }

        /// Keys that query i of this span sees.
        public int visible(int i) { return causal ? queryPosition + i + 1 : prefixKeys + ownKeys; }

        /// Row in k and v of key number j.
        public int keyRow(int j) { return j < prefixKeys ? prefixRow + j : ownRow + j - prefixKeys; }

        /// A whole causal sequence in rows `row .. row + length`.
        public static Span causal(int row, int length) { return new Span(row, length, 0, 0, 0, row, length, true); }

        /// Full self-attention over rows `row .. row + length`.
        public static Span full(int row, int length) { return new Span(row, length, 0, 0, 0, row, length, false); }

        /// Queries over other rows, all visible.
        public static Span cross(int queryRow, int queries, int keyRow, int keys) {
            return new Span(queryRow, queries, 0, 0, 0, keyRow, keys, false);
        }

        /// A completion that continues a shared prompt.
        public static Span continuing(int row, int length, int prefixRow, int prefixLength) {
            return new Span(row, length, prefixLength, prefixRow, prefixLength, row, length, true);
        }
    }

    public AttentionPlan {
        if (heads <= 0 || kvHeads <= 0 || headDim <= 0 || heads % kvHeads != 0) {
            throw new IllegalArgumentException("attention with " + heads + " heads, " + kvHeads + " key/value heads of " + headDim
                    + ": wanted positive numbers, heads a multiple of key/value heads");
        }
        spans = List.copyOf(spans);
    }

    /// Query rows of all spans.
    public long queries() {
        long n = 0;
        for (Span s : spans) n += s.queries();
        return n;
    }
}
