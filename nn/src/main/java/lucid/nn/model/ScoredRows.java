package lucid.nn.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.batch.PackedBatch;

/// Which rows of a pass are needed at its end, because something is predicted from them, and who they attend to: the last block makes queries of
/// these only. (A prompt's last row predicts the first token of every completion.)
///
/// Of every span one run is kept, from its first needed row to its last; what lies between goes along with gradient zero. For dk and dv are chains
/// over (span, head, query): a span cut in two would have its heads in another order and other last bits, a query of gradient zero changes none.
///
/// ```
/// rows    0 1 2 3 4 5 6 7 8 | 9 ...      one span, needed are 3, 4 and 7
/// kept          0 1 2 3 4                query row 0, 5 queries from position 3 on, over all of the span's keys
/// ```
///
/// @param rows   the kept rows' numbers in the pass, ascending
/// @param groups kept rows of each prompt group
/// @param spans  those of the pass that keep a query, in their order; query rows are numbered among the kept ones, key rows as before
/// @param places for every needed row its place among the kept ones
public record ScoredRows(int[] rows, RowGroups groups, List<Span> spans, int[] places) {
    /// Of a batch: for every scored token the row that predicts it.
    public static ScoredRows of(PackedBatch batch) { return of(batch.spans(), batch.groups(), batch.scoredRows()); }

    /// Of any pass.
    ///
    /// @param spans  who attends to whom
    /// @param groups prompt groups of all rows
    /// @param needed row numbers in any order, any number of times
    public static ScoredRows of(List<Span> spans, RowGroups groups, int... needed) {
        BitSet wanted = new BitSet(groups.rows());
        for (int row : needed) {
            if (row < 0 || row >= groups.rows())
                throw new IllegalArgumentException("scored rows: row " + row + ", wanted one of the pass's " + groups.rows());
            wanted.set(row);
        }
        List<Span> trimmed = new ArrayList<>(spans.size());
        BitSet kept = new BitSet(groups.rows());
        for (Span s : spans) {
            int from = wanted.nextSetBit(s.queryRow()), end = s.queryRow() + s.queries();
            if (from < 0 || from >= end) continue;
            int to = wanted.previousSetBit(end - 1) + 1;
            kept.set(from, to);
            trimmed.add(new Span(from, to - from, s.queryPosition() + from - s.queryRow(), s.prefixRow(), s.prefixKeys(), s.ownRow(), s.ownKeys(),
                    s.causal()));
        }
        wanted.andNot(kept);
        if (!wanted.isEmpty())
            throw new IllegalArgumentException("scored rows: row " + wanted.nextSetBit(0) + " is in no span, wanted rows that attend to something");
        return numbered(kept, trimmed, groups, needed);
    }

    private static ScoredRows numbered(BitSet kept, List<Span> spans, RowGroups groups, int[] needed) {
        int[] before = new int[groups.rows() + 1];
        for (int row = 0; row < groups.rows(); row++) before[row + 1] = before[row] + (kept.get(row) ? 1 : 0);
        List<Span> own = spans.stream().map(s -> new Span(before[s.queryRow()], s.queries(), s.queryPosition(), s.prefixRow(), s.prefixKeys(),
                s.ownRow(), s.ownKeys(), s.causal()))
                .toList();
        return new ScoredRows(kept.stream().toArray(), new RowGroups(places(before, groups.offsets())), own, places(before, needed));
    }

    private static int[] places(int[] before, int[] rows) { return Arrays.stream(rows).map(row -> before[row]).toArray(); }
}
