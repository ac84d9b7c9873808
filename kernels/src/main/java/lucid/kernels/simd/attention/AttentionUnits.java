package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.simd.attention.AttentionComponents.Component;
import lucid.kernels.simd.attention.AttentionComponents.Member;

/// How the backward is divided. One unit for a whole (component, key/value head) makes 5 products and is preferred; when there are too few of those
/// for the threads, dk and dv are divided by key ranges and dq by query ranges, which makes scores twice: 7 products, but any number of threads. Same
/// bits.
final class AttentionUnits {
    /// Key blocks of a dk/dv unit: the rows are read once for all of them.
    private static final int BLOCKS = 4;
    private static final int QUERIES = 64;
    private static final double SPLIT_COST = 7.0 / 5.0;

    private AttentionUnits() {}

    /// @param slotFrom first key slot, a multiple of the key block; `slotTo` one past the last
    /// @param from     first query of each member, `to` one past the last
    /// @param keys     whether it makes dk and dv
    /// @param queries  whether it makes dq
    record BackwardUnit(Component component, int kvHead, Member[] members, int slotFrom, int slotTo, int from, int to, boolean keys, boolean queries,
            long cost) {}

    static List<BackwardUnit> cut(AttentionPlan plan, AttentionComponents components, int threads) {
        List<BackwardUnit> whole = new ArrayList<>();
        for (Component c : components.all()) {
            for (int head = 0; head < plan.kvHeads(); head++) {
                whole.add(new BackwardUnit(c, head, c.members(), 0, c.slots(), 0, Integer.MAX_VALUE, true, true, 5 * c.pairs()));
            }
        }
        List<BackwardUnit> units = balanced(whole, threads) ? whole : divided(plan, components);
        units.sort(Comparator.comparingLong(BackwardUnit::cost).reversed());
        return List.copyOf(units);
    }

    /// Whether the dearest-first schedule of these units ends sooner than perfectly divided ones would.
    private static boolean balanced(List<BackwardUnit> units, int threads) {
        long[] load = new long[threads];
        long total = 0;
        units.sort(Comparator.comparingLong(BackwardUnit::cost).reversed());
        for (BackwardUnit u : units) {
            int least = 0;
            for (int t = 1; t < threads; t++) if (load[t] < load[least]) least = t;
            load[least] += u.cost();
            total += u.cost();
        }
        long longest = 0;
        for (long l : load) longest = Math.max(longest, l);
        return longest <= SPLIT_COST * total / threads;
    }

    private static List<BackwardUnit> divided(AttentionPlan plan, AttentionComponents components) {
        List<BackwardUnit> units = new ArrayList<>();
        for (Component c : components.all()) {
            for (int head = 0; head < plan.kvHeads(); head++) {
                for (int slot = 0; slot < c.slots(); slot += BLOCKS * KEYS) {
                    int end = Math.min(c.slots(), slot + BLOCKS * KEYS);
                    units.add(new BackwardUnit(c, head, c.members(), slot, end, 0, Integer.MAX_VALUE, true, false, 4 * pairs(c, slot, end)));
                }
                for (Member m : c.members()) {
                    for (int i = 0; i < m.span().queries(); i += QUERIES) {
                        int end = Math.min(m.span().queries(), i + QUERIES);
                        long cost = 3 * new AttentionSchedule.Slice(m.span(), i, end).pairs();
                        units.add(new BackwardUnit(c, head, new Member[] {m}, 0, c.slots(), i, end, false, true, cost));
                    }
                }
            }
        }
        return units;
    }

    /// Visible pairs whose key lies in slots `from .. to`, counted at the range's middle.
    private static long pairs(Component c, int from, int to) {
        long n = 0;
        for (Member m : c.members()) {
            for (AttentionComponents.Run run : m.runs()) {
                int low = Math.max(from, run.slot()), high = Math.min(to, run.slot() + run.keys());
                if (low >= high) continue;
                int number = run.number() + (low + high) / 2 - run.slot();
                int blind = m.span().causal() ? Math.max(0, Math.min(m.span().queries(), number - m.span().queryPosition())) : 0;
                n += (long) (high - low) * (m.span().queries() - blind);
            }
        }
        return n;
    }
}
