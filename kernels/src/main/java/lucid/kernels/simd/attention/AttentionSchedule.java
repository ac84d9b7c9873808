package lucid.kernels.simd.attention;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.check.AttentionArguments;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// A plan cut into units that threads take in any order, dearest first. How it is cut shows in no bit: every chain lives inside one unit.
final class AttentionSchedule {
    static final int KEYS = Attention.KEY_BLOCK;
    /// Floats of outputs a forward unit may hold: with the queries they fill half of a 1 MiB cache, and a key block is packed once for all of them.
    private static final int MOST_FLOATS = 1 << 16;
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

    private final AttentionPlan plan;
    private final int threads;
    private final AttentionArguments.Extent extent;
    private final List<ForwardUnit> forward;
    private List<AttentionUnits.BackwardUnit> backward;

    AttentionSchedule(AttentionPlan plan, int threads) {
        this.plan = plan;
        this.threads = threads;
        extent = AttentionArguments.Extent.of(plan);
        forward = forwardUnits(plan, threads);
    }

    AttentionPlan plan() { return plan; }

    /// How far the plan reaches in the matrices.
    AttentionArguments.Extent extent() { return extent; }

    List<ForwardUnit> forward() { return forward; }

    /// Cut at the first call: decoding has a plan of its own for every token, and never goes back.
    List<AttentionUnits.BackwardUnit> backward() {
        if (backward == null) backward = AttentionUnits.cut(plan, AttentionComponents.of(plan), threads);
        return backward;
    }

    /// Head dimensions in scratch: a multiple of the 16 virtual lanes.
    static int padded(int headDim) { return (headDim + 15) & ~15; }

    /// Head dimensions in scratch that lies in panels.
    static int panelled(int headDim) { return (headDim + AttentionRowTiles.PANEL - 1) & -AttentionRowTiles.PANEL; }

    private static List<ForwardUnit> forwardUnits(AttentionPlan plan, int threads) {
        int group = plan.heads() / plan.kvHeads();
        long rows = 0;
        for (Span s : plan.spans()) rows += (long) s.queries() * plan.heads();
        long share = Math.max(LEAST_ROWS, Math.min(MOST_FLOATS / padded(plan.headDim()), rows / (threads * 4L)));
        int most = Math.max(1, (int) share / group);
        List<ForwardUnit> units = new ArrayList<>();
        List<Slice> open = new ArrayList<>();
        int held = 0;
        for (Span s : plan.spans()) {
            if (s.queries() == 0) continue;
            if (!open.isEmpty() && !samePrefix(open.getFirst().span(), s)) held = close(plan, open, units);
            // Keys are packed for every slice again, so a span that fits into a unit is not cut, and a longer one into equal parts.
            int parts = (s.queries() + most - 1) / most;
            for (int i = 0; i < parts; i++) {
                Slice slice = new Slice(s, (int) ((long) s.queries() * i / parts), (int) ((long) s.queries() * (i + 1) / parts));
                if (held + slice.to - slice.from > most) held = close(plan, open, units);
                open.add(slice);
                held += slice.to - slice.from;
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
