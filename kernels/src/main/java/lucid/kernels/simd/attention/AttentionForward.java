package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;

import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.simd.attention.AttentionSchedule.ForwardUnit;
import lucid.kernels.simd.attention.AttentionSchedule.Slice;

/// The forward of one unit: some queries of one key/value head. Key blocks are the outer loop: each is packed once for all rows of the unit, those of
/// a shared prefix once for all spans. A row is a (query, head of the group). How rows lie in scratch is a matter of speed alone: lanes are queries
/// where a span has many ([AttentionTall]) and keys where it has few ([AttentionFlat]); the chains are the same.
record AttentionForward(AttentionTall tall, AttentionFlat flat, AttentionRows v, int headDim, int group) {
    /// The part of the work that knows where a row is.
    sealed interface Layout permits AttentionTall, AttentionFlat {
        /// Keys that it takes at a time at most: whole blocks.
        int keys();

        /// Rows that a slice takes.
        int rows(Slice slice);

        /// Brings the queries in and starts every row.
        void load(ForwardUnit unit, AttentionScratch w);

        /// Packs keys `first .. first + keys` of a span; `first` begins a block.
        void keys(Span span, int kvHead, int first, int keys, AttentionScratch w);

        /// Packs `keys` rows of values, beginning with that of key `at` of those just packed.
        void values(AttentionRows v, int row, int col, int keys, int at, AttentionScratch w);

        /// The packed keys for rows `from .. to`.
        void block(AttentionScratch w, int from, int to, int firstKey, int keys);

        /// Finishes every row.
        void store(ForwardUnit unit, AttentionScratch w);
    }

    void run(ForwardUnit unit, AttentionScratch w) {
        int rows = 0;
        for (Slice slice : unit.slices()) rows += tall.rows(slice);
        // Rounding a slice up to whole vectors must not cost more than lanes of keys do.
        run(unit, 2 * rows <= 3 * unit.queries() * group ? tall : flat, w);
    }

    private void run(ForwardUnit unit, Layout layout, AttentionScratch w) {
        layout.load(unit, w);
        Slice[] slices = unit.slices();
        int rows = 0;
        for (Slice slice : slices) rows += layout.rows(slice);
        int shared = slices.length > 1 ? slices[0].span().prefixKeys() / KEYS * KEYS : 0;
        blocks(unit, slices[0].span(), layout, 0, rows, 0, shared, w);
        int row = 0;
        for (Slice slice : slices) {
            int end = row + layout.rows(slice);
            blocks(unit, slice.span(), layout, row, end, shared, slice.span().visible(slice.to() - 1), w);
            row = end;
        }
        layout.store(unit, w);
    }

    /// Keys `first .. end` of a span for rows `row .. to`.
    private void blocks(ForwardUnit unit, Span span, Layout layout, int row, int to, int first, int end, AttentionScratch w) {
        int most = layout.keys();
        for (; first < end; first += most) {
            int keys = Math.min(most, end - first);
            layout.keys(span, unit.kvHead(), first, keys, w);
            values(layout, span, unit.kvHead() * headDim, first, keys, w);
            layout.block(w, row, to, first, keys);
        }
    }

    private void values(Layout layout, Span span, int col, int first, int keys, AttentionScratch w) {
        int before = inPrefix(span, first, keys);
        if (before > 0) layout.values(v, span.prefixRow() + first, col, before, 0, w);
        if (before < keys) layout.values(v, span.keyRow(first + before), col, keys - before, before, w);
    }

    /// Keys `first .. first + keys` of a span, from column `col` on, as rows 0, 1, ...: where they lie, or copied together if the prefix ends among
    /// them.
    static AttentionRows keys(AttentionRows k, Span span, int first, int keys, int col, int dims, AttentionScratch w) {
        int before = inPrefix(span, first, keys);
        if (before == 0 || before == keys) return k.from(span.keyRow(first), col);
        AttentionRows joined = w.rows(keys, dims);
        k.copyTo(joined, 0, span.keyRow(first), col, before, dims);
        k.copyTo(joined, before, span.ownRow(), col, keys - before, dims);
        return joined;
    }

    /// How many of keys `first .. first + keys` are the prefix's.
    private static int inPrefix(Span span, int first, int keys) { return Math.clamp(span.prefixKeys() - first, 0, keys); }
}
