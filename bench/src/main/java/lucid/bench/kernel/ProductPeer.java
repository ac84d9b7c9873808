package lucid.bench.kernel;

/// Another library's f32 product, found by its service entry where it is on the class path (see `lucid.bench.OptionalPeers`).
public interface ProductPeer extends AutoCloseable {
    /// Takes the factors `[m, k]` and `[n, k]`, row-major.
    void prepare(int threads, float[] left, float[] right, int m, int n, int k);

    /// `left · rightᵀ`.
    void multiply();

    /// What the last product gave, row-major.
    float[] result();

    @Override void close();
}
