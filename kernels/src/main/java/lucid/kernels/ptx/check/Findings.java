package lucid.kernels.ptx.check;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Collects findings from all threads of a run. The same kind at the same instruction is kept once, with a count.
public final class Findings {
    private record Key(Kind kind, int instruction) {}

    private final Map<Key, Finding> found = new LinkedHashMap<>();
    private final int limit;

    /// @param limit distinct findings that are kept; further ones are counted only
    public Findings(int limit) {
        this.limit = limit;
    }

    private long dropped;

    /// Adds one.
    public synchronized void add(Finding finding) {
        var key = new Key(finding.kind(), finding.at().instruction().index());
        Finding old = found.get(key);
        if (old != null) {
            found.put(key, new Finding(old.kind(), old.at(), old.address(), old.value(), old.message(), old.earlier(), old.count() + finding.count()));
        } else if (found.size() < limit) {
            found.put(key, finding);
        } else {
            dropped++;
        }
    }

    /// Counts another occurrence of a finding that is already known; false when it is not. Spares the words of its message.
    public synchronized boolean again(Kind kind, lucid.kernels.ptx.text.Instruction at) {
        return found.computeIfPresent(new Key(kind, at.index()), (_, old) -> new Finding(old.kind(), old.at(), old.address(), old.value(), old.message(),
                old.earlier(), old.count() + 1)) != null;
    }

    /// In order of first occurrence.
    public synchronized List<Finding> list() {
        return new ArrayList<>(found.values());
    }

    /// How many distinct ones were over the limit.
    public synchronized long dropped() {
        return dropped;
    }
}
