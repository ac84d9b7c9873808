package lucid.kernels.simd.work;

/// How much work one thread takes at a time. Waking a worker costs microseconds, so pieces have about this many elements.
public final class Grain {
    private static final int ELEMENTS = 8192;

    private Grain() {}

    /// Rows per piece for rows of `elements` elements.
    public static int rows(long elements) { return (int) Math.max(1, ELEMENTS / Math.max(1, elements)); }
}
