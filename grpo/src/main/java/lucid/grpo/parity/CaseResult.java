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
    private static final int NAMED = 8;

    public CaseResult { rows = List.copyOf(rows); }

    public long count(Row.Status status) { return rows.stream().filter(r -> r.status() == status).count(); }

    /// At least one row, and none failed. Rows without a computation in Lucid count as failures only if `strict`.
    public boolean ok(boolean strict) {
        return !rows.isEmpty() && count(Row.Status.FAILED) == 0 && !(strict && count(Row.Status.UNSUPPORTED) > 0);
    }

    /// No row is a computation that Lucid has: nothing was compared.
    public boolean unsupported() { return !rows.isEmpty() && count(Row.Status.UNSUPPORTED) == rows.size(); }

    /// The names of the rows that were not computed, at most eight of them: `3 (a, b, c)`. Empty if all were.
    public String notComputed() {
        List<String> names = rows.stream().filter(r -> r.status() == Row.Status.UNSUPPORTED).map(Row::name).toList();
        if (names.isEmpty()) return "";
        int more = names.size() - NAMED;
        return names.size() + " (" + String.join(", ", names.subList(0, Math.min(NAMED, names.size()))) + (more > 0 ? " and " + more + " more)" : ")");
    }

    /// The row that used most of its tolerance, if any has one.
    public Optional<Row> worst() { return rows.stream().filter(r -> !Double.isNaN(r.share())).max(Comparator.comparingDouble(Row::share)); }

    /// One line for people.
    public String summary() {
        String worst = worst().map(r -> String.format(Locale.ROOT, "; most of a tolerance used: %.3g, in %s%s", r.share(), r.name(), r.where().isEmpty() ? "" : " at " + r.where())).orElse("");
        String missing = notComputed().isEmpty() ? "" : "; NOT COMPUTED: " + notComputed();
        return String.format(Locale.ROOT, "%s %s (%s): %d ok, %d failed, %d unsupported%s%s", verdict(), path, family, count(Row.Status.OK), count(Row.Status.FAILED), count(Row.Status.UNSUPPORTED), worst, missing);
    }

    private String verdict() {
        if (unsupported()) return "NOT IN LUCID";
        if (!ok(false)) return "FAIL";
        return count(Row.Status.UNSUPPORTED) == 0 ? "PASS" : "PASS IN PART";
    }
}
