package lucid.kernels.simd;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.AttentionPlan.Span;
import lucid.kernels.contract.Checks;

/// A plan cut into units that threads take in any order, dearest first. How it is cut shows in no bit: every chain lives inside one unit.
///
/// @param queryEnd one past the last query row that the plan names, `keyEnd` likewise for key rows
record AttentionSchedule(AttentionPlan plan, int threads, List<ForwardUnit> forward, List<AttentionUnits.BackwardUnit> backward, int queryEnd, int keyEnd) {
    static final int KEYS = Attention.KEY_BLOCK;
    /// Rows a forward unit may hold: queries and outputs of 512 rows x 128 fill half of a 1 MiB cache, and a key block is packed once for all of them.
    private static final int MOST_ROWS = 512;
    private static final int LEAST_ROWS = 32;

    /// Queries `from .. to` of a span.
    record Slice(Span span, int from, int to) {
        long pairs() {
            long n = to - from;
            return span.causal() ? n * (span.visible(from) + (long) span.visible(to - 1)) / 2 : n * span.visible(from);
        }
    }

    /// Slices that share one prefix, for one key/value head.
    record ForwardUnit(int kvHead, Slice[] slices) {
        int queries() {
            int n = 0;
            for (Slice s : slices) n += s.to - s.from;
            return n;
        }

        long cost() {
            long n = 0;
            for (Slice s : slices) n += s.pairs();
            return n;
        }
    }

    static AttentionSchedule of(AttentionPlan plan, int threads) {
        int queryEnd = 0, keyEnd = 0;
        for (Span s : plan.spans()) {
            if (s.queries() > 0) queryEnd = Math.max(queryEnd, Math.addExact(s.queryRow(), s.queries()));
            if (s.prefixKeys() > 0) keyEnd = Math.max(keyEnd, Math.addExact(s.prefixRow(), s.prefixKeys()));
            if (s.ownKeys() > 0) keyEnd = Math.max(keyEnd, Math.addExact(s.ownRow(), s.ownKeys()));
        }
        checkSpans(plan);
        return new AttentionSchedule(plan, threads, forwardUnits(plan, threads), AttentionUnits.cut(plan, AttentionComponents.of(plan), threads), queryEnd, keyEnd);
    }

    /// Head dimensions in scratch: a multiple of the 16 virtual lanes.
    static int padded(int headDim) { return (headDim + 15) & ~15; }

    /// Head dimensions in scratch that lies in panels.
    static int panelled(int headDim) { return (headDim + AttentionRowTiles.PANEL - 1) & -AttentionRowTiles.PANEL; }

    private static void checkSpans(AttentionPlan plan) {
        List<Span> byRow = new ArrayList<>();
        for (int i = 0; i < plan.spans().size(); i++) {
            Span s = plan.spans().get(i);
            if (s.queries() > 0) byRow.add(s);
            boolean apart = s.prefixKeys() == 0 || s.ownKeys() == 0 || s.prefixRow() + s.prefixKeys() <= s.ownRow() || s.ownRow() + s.ownKeys() <= s.prefixRow();
            Checks.that(apart, "attention", "span " + i + " has prefix rows " + s.prefixRow() + " .. " + (s.prefixRow() + s.prefixKeys() - 1) + " and own rows "
                    + s.ownRow() + " .. " + (s.ownRow() + s.ownKeys() - 1) + "; wanted every key row once in a span");
        }
        byRow.sort(Comparator.comparingInt(Span::queryRow));
        for (int i = 1; i < byRow.size(); i++) {
            Span a = byRow.get(i - 1), b = byRow.get(i);
            Checks.that(a.queryRow() + a.queries() <= b.queryRow(), "attention", "two spans have query row " + b.queryRow()
                    + "; wanted every query row in one span, or its result would be written twice");
        }
    }

    private static List<ForwardUnit> forwardUnits(AttentionPlan plan, int threads) {
        int group = plan.heads() / plan.kvHeads();
        long rows = 0;
        for (Span s : plan.spans()) rows += (long) s.queries() * plan.heads();
        long share = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, rows / (threads * 4L)));
        int most = Math.max(1, (int) share / group);
        List<ForwardUnit> units = new ArrayList<>();
        List<Slice> open = new ArrayList<>();
        int held = 0;
        for (Span s : plan.spans()) {
            if (s.queries() == 0) continue;
            if (!open.isEmpty() && !samePrefix(open.getFirst().span(), s)) held = close(plan, open, units);
            for (int from = 0; from < s.queries(); ) {
                int to = Math.min(s.queries(), from + most - held);
                open.add(new Slice(s, from, to));
                held += to - from;
                from = to;
                if (held == most) held = close(plan, open, units);
            }
        }
        close(plan, open, units);
        units.sort(Comparator.comparingLong(ForwardUnit::cost).reversed());
        return List.copyOf(units);
    }

    private static boolean samePrefix(Span a, Span b) {
        return a.prefixKeys() == b.prefixKeys() && (a.prefixKeys() == 0 || a.prefixRow() == b.prefixRow());
    }

    private static int close(AttentionPlan plan, List<Slice> open, List<ForwardUnit> units) {
        if (open.isEmpty()) return 0;
        Slice[] slices = open.toArray(Slice[]::new);
        for (int head = 0; head < plan.kvHeads(); head++) units.add(new ForwardUnit(head, slices));
        open.clear();
        return 0;
    }
}
