package lucid.grpo.parity;

import java.util.Arrays;
import java.util.Locale;

/// One comparison: a tensor, a column of a table, a number or a string.
///
/// @param status `UNSUPPORTED` says that Lucid has no such computation; it is shown and counted, never dropped
/// @param error  largest absolute difference; NaN where there is no number to compare
/// @param share  largest difference as a share of its tolerance, at most 1 is within; NaN where there is none
/// @param where  index of the largest share, for example `[2, 0, 17]`; empty for a single number
/// @param detail what was found and wanted there, or the reason
public record Row(String name, Status status, double error, double share, String where, String detail) {
    /// How a comparison ended.
    public enum Status { OK, FAILED, UNSUPPORTED }

    static Row unsupported(String name, String why) { return new Row(name, Status.UNSUPPORTED, Double.NaN, Double.NaN, "", why); }

    static Row failed(String name, String why) { return new Row(name, Status.FAILED, Double.NaN, Double.NaN, "", why); }

    /// Equal or not: strings, choices, bytes.
    static Row exact(String name, boolean ok, String detail) {
        return new Row(name, ok ? Status.OK : Status.FAILED, Double.NaN, Double.NaN, "", detail);
    }

    static Row compare(String name, double found, double wanted, double atol, double rtol) {
        return compare(name, new double[] {found}, new double[] {wanted}, atol, rtol);
    }

    /// Every element v against its e: `|v - e| <= atol + rtol · |e|`; NaN must be NaN, an infinity the same one.
    ///
    /// @param shape of both, for the index; one number for a plain list
    static Row compare(String name, double[] found, double[] wanted, double atol, double rtol, int... shape) {
        if (found.length != wanted.length) return failed(name, "found " + found.length + " numbers, wanted " + wanted.length);
        double error = 0;
        double share = -1;
        int at = 0;
        for (int i = 0; i < found.length; i++) {
            boolean same = found[i] == wanted[i] || Double.isNaN(found[i]) && Double.isNaN(wanted[i]);
            double e = same ? 0 : Math.abs(found[i] - wanted[i]);
            double s = same ? 0 : Double.isFinite(e) ? e / (atol + rtol * Math.abs(wanted[i])) : Double.POSITIVE_INFINITY;
            error = same ? error : Double.isNaN(e) || e > error ? e : error;
            if (s > share) {
                share = s;
                at = i;
            }
        }
        if (found.length == 0) return new Row(name, Status.OK, 0, 0, "", "empty, as wanted");
        String where = found.length == 1 ? "" : Arrays.toString(index(shape.length == 0 ? new int[] {found.length} : shape, at));
        return new Row(name, share <= 1 ? Status.OK : Status.FAILED, error, share, where, "found " + found[at] + ", wanted " + wanted[at]);
    }

    private static int[] index(int[] shape, int i) {
        int[] at = new int[shape.length];
        for (int d = shape.length - 1; d >= 0; d--) {
            at[d] = i % shape[d];
            i /= shape[d];
        }
        return at;
    }

    /// One line for people.
    @Override public String toString() {
        String head = switch (status) {
            case OK -> "ok          ";
            case FAILED -> "FAILED      ";
            case UNSUPPORTED -> "UNSUPPORTED ";
        };
        if (Double.isNaN(share)) return head + name + (detail.isEmpty() ? "" : ": " + detail);
        String numbers = String.format(Locale.ROOT, ": largest error %.3g, %.3g of the tolerance%s", error, share,
                where.isEmpty() ? "" : ", at " + where);
        return head + name + numbers + (status == Status.OK ? "" : " (" + detail + ")");
    }
}
