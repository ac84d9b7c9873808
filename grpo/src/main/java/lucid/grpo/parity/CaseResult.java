package lucid.grpo.parity;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What came out of one case folder or table.
///
/// @param path   as it was asked for
/// @param family what its content says it is
/// @param rows   empty if nothing was run
/// @param option without which it cannot be run; empty if it was run, or could not be with any
/// @param why    it was not run; empty if it was
public record CaseResult(String path, String family, List<Row> rows, Verdict verdict, String option, String why) {
    /// The worst first.
    public enum Verdict {
        FAIL("failed"), NOT_CHECKED("not checked"), UNKNOWN("unknown"), NOT_IN_LUCID("not in Lucid"), PASS_IN_PART("passed in part"), PASS("passed");

        private final String counted;

        Verdict(String counted) { this.counted = counted; }

        /// How a count of these is called.
        public String counted() { return counted; }

        /// Nothing in it differs, and nothing was left out that Lucid could have computed; if `strict`, nothing was left out.
        public boolean ok(boolean strict) { return this == PASS || !strict && (this == PASS_IN_PART || this == NOT_IN_LUCID); }
    }

    /// How many names a line takes.
    static final int NAMED = 8;

    public CaseResult { rows = List.copyOf(rows); }

    static CaseResult of(Path path, String family, List<Row> rows) { return new CaseResult(path.toString(), family, rows, verdict(rows), "", ""); }

    static CaseResult notChecked(Path path, String family, String option, String why) {
        return new CaseResult(path.toString(), family, List.of(), Verdict.NOT_CHECKED, option, why);
    }

    static CaseResult unknown(Path path, String why) { return new CaseResult(path.toString(), "unknown", List.of(), Verdict.UNKNOWN, "", why); }

    private static Verdict verdict(List<Row> rows) {
        long unsupported = count(rows, Row.Status.UNSUPPORTED);
        if (rows.isEmpty() || count(rows, Row.Status.FAILED) > 0) return Verdict.FAIL;
        if (unsupported == rows.size()) return Verdict.NOT_IN_LUCID;
        return unsupported > 0 ? Verdict.PASS_IN_PART : Verdict.PASS;
    }

    public long count(Row.Status status) { return count(rows, status); }

    private static long count(List<Row> rows, Row.Status status) { return rows.stream().filter(r -> r.status() == status).count(); }

    /// The names of the rows that were not computed, at most eight of them: `3 (a, b, c)`. Empty if all were.
    public String notComputed() {
        List<String> names = rows.stream().filter(r -> r.status() == Row.Status.UNSUPPORTED).map(Row::name).toList();
        return names.isEmpty() ? "" : names.size() + " (" + some(names, NAMED) + ")";
    }

    /// At most so many of the names: `a, b and 3 more`.
    public static String some(List<String> names, int most) {
        return String.join(", ", names.subList(0, Math.min(most, names.size())))
                + (names.size() > most ? " and " + (names.size() - most) + " more" : "");
    }

    /// The row that used most of its tolerance, if any has one.
    public Optional<Row> worst() { return rows.stream().filter(r -> !Double.isNaN(r.share())).max(Comparator.comparingDouble(Row::share)); }

    /// One line for people.
    public String summary() {
        String head = verdict.name().replace('_', ' ') + " " + path;
        if (!why.isEmpty())
            return head + (verdict == Verdict.UNKNOWN ? "" : " (" + family + ")") + ": " + (option.isEmpty() ? "" : "needs " + option + "; ") + why;
        String worst = worst().map(r -> String.format(Locale.ROOT, "; most of a tolerance used: %.3g, in %s%s", r.share(), r.name(),
                r.where().isEmpty() ? "" : " at " + r.where())).orElse("");
        String missing = notComputed().isEmpty() ? "" : "; NOT COMPUTED: " + notComputed();
        return String.format(Locale.ROOT, "%s (%s): %d ok, %d failed, %d unsupported%s%s", head, family, count(Row.Status.OK),
                count(Row.Status.FAILED), count(Row.Status.UNSUPPORTED), worst, missing);
    }
}
