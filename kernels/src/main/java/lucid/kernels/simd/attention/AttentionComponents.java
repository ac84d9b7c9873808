package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// Groups of spans that share key rows, directly or through others. The gradient of a key row is one chain over the spans that use it, so a group
/// is what the backward must keep in order; different groups run in parallel.
///
/// @param all the groups, each with its spans in plan order
record AttentionComponents(List<Component> all) {
    /// A run of key rows of a span: `keys` rows whose first is key number `number` of the span and slot `slot` of the component.
    record Run(int slot, int keys, int number) {}

    /// A span and its runs, the prefix first; runs without keys are left out.
    record Member(Span span, Run[] runs) {}

    /// Key rows `row .. row + count`, held in slots from `slot` on.
    record Interval(int row, int count, int slot) {}

    /// @param slots length of the component's key scratch, a multiple of the key block
    record Component(Member[] members, Interval[] intervals, int slots) {
        /// The interval whose padded slots contain this one.
        Interval holding(int slot) {
            int i = intervals.length - 1;
            while (intervals[i].slot > slot) i--;
            return intervals[i];
        }

        /// Visible (query, key) pairs of one head.
        long pairs() {
            long n = 0;
            for (Member m : members) {
                if (m.span.queries() > 0) n += new AttentionSchedule.Slice(m.span, 0, m.span.queries()).pairs();
            }
            return n;
        }
    }

    private record Use(int span, boolean prefix, int row, int keys) {}

    static AttentionComponents of(AttentionPlan plan) {
        List<Use> uses = new ArrayList<>();
        List<Span> spans = plan.spans();
        for (int i = 0; i < spans.size(); i++) {
            Span s = spans.get(i);
            if (s.prefixKeys() > 0) uses.add(new Use(i, true, s.prefixRow(), s.prefixKeys()));
            if (s.ownKeys() > 0) uses.add(new Use(i, false, s.ownRow(), s.ownKeys()));
        }
        uses.sort(Comparator.comparingInt(Use::row).thenComparingInt(Use::span));
        int[] leader = new int[spans.size()];
        for (int i = 0; i < leader.length; i++) leader[i] = i;
        // Overlapping runs make one interval; rows that only touch stay apart, so that each run starts on a block of its own.
        int[] intervalOf = new int[uses.size()];
        List<int[]> intervals = new ArrayList<>();
        int owner = 0;
        for (int u = 0; u < uses.size(); u++) {
            Use use = uses.get(u);
            int[] last = intervals.isEmpty() ? null : intervals.getLast();
            if (last == null || use.row >= last[1]) {
                intervals.add(new int[] {use.row, use.row + use.keys});
                owner = use.span;
            } else {
                last[1] = Math.max(last[1], use.row + use.keys);
                join(leader, owner, use.span);
            }
            intervalOf[u] = intervals.size() - 1;
        }
        return new AttentionComponents(components(spans, uses, leader, intervalOf, intervals));
    }

    private static List<Component> components(List<Span> spans, List<Use> uses, int[] leader, int[] intervalOf, List<int[]> intervals) {
        int n = spans.size();
        int[] slots = new int[n];
        List<List<Interval>> held = lists(n);
        List<List<Run>> runs = lists(n);
        Interval home = null;
        for (int u = 0; u < uses.size(); u++) {
            Use use = uses.get(u);
            int root = find(leader, use.span);
            if (u == 0 || intervalOf[u] != intervalOf[u - 1]) {
                int[] rows = intervals.get(intervalOf[u]);
                home = new Interval(rows[0], rows[1] - rows[0], slots[root]);
                held.get(root).add(home);
                slots[root] += (home.count + KEYS - 1) / KEYS * KEYS;
            }
            Run run = new Run(home.slot + use.row - home.row, use.keys, use.prefix ? 0 : spans.get(use.span).prefixKeys());
            runs.get(use.span).add(use.prefix ? 0 : runs.get(use.span).size(), run);
        }
        return assemble(spans, leader, held, runs, slots);
    }

    private static List<Component> assemble(List<Span> spans, int[] leader, List<List<Interval>> held, List<List<Run>> runs, int[] slots) {
        List<List<Member>> members = lists(spans.size());
        for (int i = 0; i < spans.size(); i++) {
            if (!runs.get(i).isEmpty()) members.get(find(leader, i)).add(new Member(spans.get(i), runs.get(i).toArray(Run[]::new)));
        }
        List<Component> all = new ArrayList<>();
        for (int i = 0; i < spans.size(); i++) {
            if (members.get(i).isEmpty()) continue;
            all.add(new Component(members.get(i).toArray(Member[]::new), held.get(i).toArray(Interval[]::new), slots[i]));
        }
        return List.copyOf(all);
    }

    private static <T> List<List<T>> lists(int n) {
        List<List<T>> lists = new ArrayList<>(n);
        for (int i = 0; i < n; i++) lists.add(new ArrayList<>(2));
        return lists;
    }

    private static int find(int[] leader, int i) {
        while (leader[i] != i) i = leader[i] = leader[leader[i]];
        return i;
    }

    private static void join(int[] leader, int a, int b) {
        int x = find(leader, a), y = find(leader, b);
        leader[Math.max(x, y)] = Math.min(x, y);
    }
}
