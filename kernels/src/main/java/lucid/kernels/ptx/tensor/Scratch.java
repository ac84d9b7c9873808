package lucid.kernels.ptx.tensor;

/// Buffers of one thread for [DotTiles], kept from instruction to instruction and grown when needed.
final class Scratch {
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    double[] a = new double[0];
    double[] b = new double[0];
    float[] stage = new float[0];
    final float[] lanes = new float[8 * 32];
    final double[] acc = new double[128];

    private Scratch() {}

    static Scratch of(int a, int b, int stage) {
        Scratch s = OF_THREAD.get();
        if (s.a.length < a) s.a = new double[a];
        if (s.b.length < b) s.b = new double[b];
        if (s.stage.length < stage) s.stage = new float[stage];
        return s;
    }
}
