package lucid.grpo.parity;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What came out of one case folder or table.
///
/// @param path   as it was asked for
/// @param family what its content says it is
public record CaseResult(String path, String family, List<Row> rows) {
    public CaseResult { rows = List.copyOf(rows); }

    public long count(Row.Status status) { return rows.stream().filter(r -> r.status() == status).count(); }

    /// At least one row, and none failed. Rows without a computation in Lucid count as failures only if `strict`.
    public boolean ok(boolean strict) {
        return !rows.isEmpty() && count(Row.Status.FAILED) == 0 && !(strict && count(Row.Status.UNSUPPORTED) > 0);
    }

    /// No row is a computation that Lucid has: nothing was compared.
    public boolean unsupported() { return !rows.isEmpty() && count(Row.Status.UNSUPPORTED) == rows.size(); }

    /// The row that used most of its tolerance, if any has one.
    public Optional<Row> worst() { return rows.stream().filter(r -> !Double.isNaN(r.share())).max(Comparator.comparingDouble(Row::share)); }

    /// One line for people.
    public String summary() {
        String worst = worst().map(r -> String.format(Locale.ROOT, "; most of a tolerance used: %.3g, in %s%s", r.share(), r.name(), r.where().isEmpty() ? "" : " at " + r.where())).orElse("");
        return String.format(Locale.ROOT, "%s %s (%s): %d ok, %d failed, %d unsupported%s", unsupported() ? "NOT IN LUCID" : ok(false) ? "PASS" : "FAIL", path, family,
                count(Row.Status.OK), count(Row.Status.FAILED), count(Row.Status.UNSUPPORTED), worst);
    }
}
