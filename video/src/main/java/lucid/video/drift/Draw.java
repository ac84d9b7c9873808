package lucid.video.drift;

import java.util.List;

/// Random numbers as a function of a name: `Draw.of(seed, purpose, index...)` always yields the same sequence. SplitMix64 (Steele et al. 2014):
/// any state is as good as any other, so hashing the name into the state is enough.
public final class Draw {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private long state;

    private Draw(long state) { this.state = state; }

    /// The sequence of the given name.
    public static Draw of(long seed, String purpose, long... indices) {
        long h = mix(seed + GOLDEN);
        for (int i = 0; i < purpose.length(); i++) h = mix(h ^ purpose.charAt(i) * GOLDEN);
        for (long index : indices) h = mix(h ^ (index + GOLDEN) * 0xD1B54A32D192ED03L);
        return new Draw(h);
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /// 64 random bits.
    public long bits() {
        state += GOLDEN;
        return mix(state);
    }

    /// Uniform in 0 .. n-1.
    public int below(int n) {
        if (n <= 0) throw new IllegalArgumentException("draw below " + n + ", wanted > 0");
        return (int) Math.unsignedMultiplyHigh(bits(), n);
    }

    /// Uniform in [0, 1).
    public double uniform() { return (bits() >>> 11) * 0x1p-53; }

    /// Uniform in [low, high).
    public double between(double low, double high) { return low + (high - low) * uniform(); }

    /// True with probability p.
    public boolean chance(double p) { return uniform() < p; }

    /// One of the list, each with the same probability; refused for an empty one.
    public <T> T pick(List<T> from) { return from.get(below(from.size())); }

    /// 0 .. n-1 in random order (Fisher-Yates).
    public int[] permutation(int n) {
        int[] p = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(i + 1);
            p[i] = p[j];
            p[j] = i;
        }
        return p;
    }
}
