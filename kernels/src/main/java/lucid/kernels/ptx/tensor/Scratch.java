package lucid.kernels.ptx.tensor;

/// Buffers of one thread for [DotTiles], kept from instruction to instruction and grown when needed.
final class Scratch {
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    /// Panels of A and B.
    double[] a = new double[0];
    double[] b = new double[0];
    /// Words of one factor, `[word][row or column]`.
    int[] stage = new int[0];
    /// Two blocks.
    final double[] acc = new double[128];

    private Scratch() {}

    /// @param a elements of A
    /// @param b elements of B
    /// @param stage words of the larger of both
    static Scratch of(int a, int b, int stage) {
        Scratch s = OF_THREAD.get();
        if (s.a.length < a) s.a = new double[a];
        if (s.b.length < b) s.b = new double[b];
        if (s.stage.length < stage) s.stage = new int[stage];
        return s;
    }
}
