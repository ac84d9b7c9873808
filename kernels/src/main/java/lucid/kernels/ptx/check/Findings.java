package lucid.kernels.ptx.check;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.ptx.text.syntax.Instruction;

/// Collects findings from all threads of a run. The same kind at the same instruction is kept once, with a count: the one of the lowest block,
/// and of that block the first, so that what is shown does not depend on which thread came first.
public final class Findings {
    private record Key(Kind kind, int instruction) {}

    /// @param order of arrival; within a block it is the order of execution
    private record Kept(Finding finding, long order) {}

    private final Map<Key, Kept> found = new HashMap<>();
    private final int limit;
    private long arrivals;
    private long dropped;

    /// @param limit distinct findings that are kept; further ones are counted only
    public Findings(int limit) {
        this.limit = limit;
    }

    /// Adds one.
    public synchronized void add(Finding finding) {
        var key = new Key(finding.kind(), finding.at().instruction().index());
        Kept old = found.get(key);
        arrivals++;
        if (old != null) {
            boolean replace = finding.at().block() < old.finding.at().block();
            Finding shown = replace ? finding : old.finding;
            found.put(key, new Kept(new Finding(shown.kind(), shown.at(), shown.address(), shown.value(), shown.message(), shown.earlier(),
                    old.finding.count() + finding.count()),
                    replace ? arrivals : old.order));
        } else if (found.size() < limit) {
            found.put(key, new Kept(finding, arrivals));
        } else {
            dropped++;
        }
    }

    /// Counts another occurrence of a finding that is already known and stays the one that is shown; false when it must be added.
    /// Spares the words of its message.
    public synchronized boolean again(Kind kind, Instruction at, int block) {
        Kept old = found.get(new Key(kind, at.index()));
        if (old == null || block < old.finding.at().block()) {
            return false;
        }
        Finding f = old.finding;
        found.put(new Key(kind, at.index()), new Kept(new Finding(f.kind(), f.at(), f.address(), f.value(), f.message(), f.earlier(), f.count() + 1),
                old.order));
        return true;
    }

    /// By block, and within a block in order of first occurrence.
    public synchronized List<Finding> list() {
        var kept = new ArrayList<>(found.values());
        kept.sort(Comparator.comparingInt((Kept k) -> k.finding.at().block()).thenComparingLong(Kept::order));
        return kept.stream().map(Kept::finding).toList();
    }

    /// How many distinct ones were over the limit.
    public synchronized long dropped() {
        return dropped;
    }
}
