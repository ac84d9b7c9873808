package lucid.grpo.console;

/// Numbers in sentences.
public final class Count {
    private Count() {}

    /// `1 step`, `2 steps`.
    public static String of(long n, String one) { return n + " " + one + (n == 1 ? "" : "s"); }
}
