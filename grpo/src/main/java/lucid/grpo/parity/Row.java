package lucid.grpo.parity;

/// One compared number or string.
///
/// @param status `UNSUPPORTED` says that Lucid has no such computation; it is shown and counted, never dropped
public record Row(String name, Status status, String detail) {
    public enum Status { OK, FAILED, UNSUPPORTED }

    static Row compare(String name, double found, double wanted, double atol, double rtol) {
        double error = Math.abs(found - wanted);
        boolean ok = error <= atol + rtol * Math.abs(wanted) || Double.isNaN(found) && Double.isNaN(wanted);
        return new Row(name, ok ? Status.OK : Status.FAILED, ok ? "error " + error : "found " + found + ", wanted " + wanted);
    }
}
