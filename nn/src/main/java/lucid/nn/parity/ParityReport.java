package lucid.nn.parity;

import java.util.List;
import java.util.Locale;

/// Outcome of one case: a row per expected tensor, and whether all are within tolerance.
///
/// @param rows worst first is not promised; they come in the order of the case file
public record ParityReport(String name, String kind, List<Row> rows) {
    /// @param maxError largest absolute difference (NaN if it could not be compared)
    /// @param share    largest difference as a share of its tolerance; at most 1 is within
    /// @param index    where the largest share is
    /// @param problem  why the tensor could not be compared, or empty
    public record Row(String tensor, double maxError, double share, String index, double found, double wanted, String problem) {
        /// Whether the tensor could be compared and is within its tolerance.
        public boolean ok() { return problem.isEmpty() && share <= 1; }

        @Override public String toString() {
            if (!problem.isEmpty()) return "FAIL " + tensor + ": " + problem;
            return String.format(Locale.ROOT, "%s %s: largest error %.3g, %.3g of the tolerance, at %s (found %s, wanted %s)",
                    ok() ? "ok  " : "FAIL", tensor, maxError, share, index, found, wanted);
        }
    }

    public ParityReport { rows = List.copyOf(rows); }

    /// True if there is at least one row and every row is within its tolerance.
    public boolean ok() { return !rows.isEmpty() && rows.stream().allMatch(Row::ok); }

    /// The largest share of a tolerance that was used.
    public double largestShare() {
        return rows.stream().mapToDouble(r -> r.problem.isEmpty() ? r.share : Double.POSITIVE_INFINITY).max().orElse(Double.POSITIVE_INFINITY);
    }

    /// Rows that are not within tolerance.
    public List<Row> failures() { return rows.stream().filter(r -> !r.ok()).toList(); }

    /// One line for people.
    public String summary() {
        return String.format(Locale.ROOT, "%s (%s): %d tensors, %d failed, largest share of a tolerance %.3g", name, kind, rows.size(),
                failures().size(), largestShare());
    }
}
