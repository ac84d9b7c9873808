package lucid.kernels.cuda;

import lucid.kernels.math.ScalarMath;

/// Softmax of a row in the order of the log-probabilities on tensor cores, as the header of `logprob_strips` words it: strips of 64 columns, halves
/// of 1024, blocks of 2048.
final class StripOrder {
    private float m = Float.NEGATIVE_INFINITY;
    private float s;
    private float w;

    private StripOrder() {}

    /// Log-probability of the target, entropy and lse.
    static float[] row(float[] logits, int target, float temperature) {
        float[] x = new float[logits.length];
        for (int i = 0; i < x.length; i++) x[i] = logits[i] / temperature;
        StripOrder row = new StripOrder();
        for (int from = 0; from < x.length; from += 2048) {
            StripOrder block = half(x, from);
            block.take(half(x, from + 1024));
            row.take(block);
        }
        float log = ScalarMath.log(row.s);
        float lse = row.m + log;
        return new float[] {x[target] - lse, log - row.w / row.s, lse};
    }

    private static StripOrder half(float[] x, int from) {
        StripOrder half = new StripOrder();
        for (int at = from; at < Math.min(from + 1024, x.length); at += 64) half.take(strip(x, at));
        return half;
    }

    private static StripOrder strip(float[] x, int from) {
        StripOrder strip = new StripOrder();
        int to = Math.min(from + 64, x.length);
        for (int i = from; i < to; i++) strip.m = Math.max(strip.m, x[i]);
        float top = strip.m == Float.NEGATIVE_INFINITY ? 0 : strip.m;
        float[] sums = new float[16];
        float[] weighted = new float[16];
        for (int i = from; i < to; i++) {
            float e = ScalarMath.exp(x[i] - top);
            sums[i % 16] += e;
            weighted[i % 16] = Math.fma(e, Math.max(x[i] - top, -Float.MAX_VALUE), weighted[i % 16]);
        }
        strip.s = tree(sums);
        strip.w = tree(weighted);
        return strip;
    }

    private static float tree(float[] lanes) {
        for (int width = 8; width > 0; width /= 2) {
            for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
        }
        return lanes[0];
    }

    private void take(StripOrder next) {
        if (next.m == Float.NEGATIVE_INFINITY) return;
        float top = Math.max(m, next.m);
        float a = ScalarMath.exp(m - top);
        float b = ScalarMath.exp(next.m - top);
        w = moved(w, s, m - top, a) + moved(next.w, next.s, next.m - top, b);
        s = s * a + next.s * b;
        m = top;
    }

    private static float moved(float w, float s, float by, float factor) { return Math.fma(Math.max(by, -Float.MAX_VALUE) * factor, s, w * factor); }
}
