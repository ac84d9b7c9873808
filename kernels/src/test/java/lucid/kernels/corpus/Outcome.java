package lucid.kernels.corpus;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// What a run has shown: kinds of findings (and `RESULT` for wrong values), and a line for each.
record Outcome(Set<String> kinds, List<String> lines) {
    Outcome {
        kinds = new TreeSet<>(kinds);
        lines = List.copyOf(lines);
    }

    boolean clean() {
        return kinds.isEmpty();
    }
}
