package lucid.kernels.cuda.attention;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// A plan as the tables that attention's kernels read: units of rows (query, head of the key head) of one span each, dearest first. How a plan is cut
/// shows in no bit.
///
/// @param words    [#WORDS] numbers per unit; `attention.ptx.inc` says what they are
/// @param mostKeys the keys that the dearest unit sees; 0 without units
record AttentionUnits(int count, int[] words, int mostKeys) {
    static final int WORDS = 12;

    /// A run of rows of a span; row r is query r / group, head r mod group.
    private record Unit(Span span, int from, int rows, long cost) {}

    /// The spans that `wanted` picks by their number of rows, cut into units of at most `most` rows.
    static AttentionUnits of(AttentionPlan plan, int most, java.util.function.IntPredicate wanted) {
        int group = plan.heads() / plan.kvHeads();
        List<Unit> units = new ArrayList<>();
        for (Span s : plan.spans()) {
            int rows = Math.multiplyExact(s.queries(), group);
            if (rows == 0 || !wanted.test(rows)) continue;
            for (int from = 0; from < rows; from += most) {
                int n = Math.min(most, rows - from);
                units.add(new Unit(s, from, n, s.visible((from + n - 1) / group)));
            }
        }
        units.sort(Comparator.comparingLong(Unit::cost).reversed());
        int[] words = new int[units.size() * WORDS];
        for (int i = 0; i < units.size(); i++) write(units.get(i), words, i * WORDS);
        return new AttentionUnits(units.size(), words, units.isEmpty() ? 0 : Math.toIntExact(units.getFirst().cost));
    }

    private static void write(Unit u, int[] words, int at) {
        Span s = u.span;
        int[] values = {s.queryRow(), u.from, u.rows, s.queryPosition(), s.prefixRow(), s.prefixKeys(), s.ownRow(), s.prefixKeys() + s.ownKeys(),
                s.causal() ? 1 : 0};
        System.arraycopy(values, 0, words, at, values.length);
    }
}
