package lucid.nn.generate.processor;

import java.util.function.IntPredicate;

/// A filter that runs after temperature, top-k, top-p and min-p, and only where tokens are sampled. What it gets are log-probabilities of what the
/// filters before have left (minus infinity: dropped); at least one token stays.
public sealed interface SampleFilter extends LogitsProcessor permits TypicalP, EpsilonCutoff, EtaCutoff {
    /// Softmax in double. StrictMath, so that the bits are the same everywhere.
    static double[] probabilities(float[] logits) {
        int best = best(logits);
        double[] p = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) sum += p[i] = logits[i] == Float.NEGATIVE_INFINITY ? 0 : StrictMath.exp((double) logits[i] - logits[best]);
        for (int i = 0; i < p.length; i++) p[i] /= sum;
        return p;
    }

    /// `H = -∑ p log p`, in nats.
    static double entropy(double[] p) {
        double h = 0;
        for (double v : p) if (v > 0) h -= v * StrictMath.log(v);
        return h;
    }

    /// Drops what the condition names, but never the most probable token (of equals, all stay).
    static void drop(float[] logits, IntPredicate condition) {
        float most = logits[best(logits)];
        for (int i = 0; i < logits.length; i++) if (logits[i] < most && condition.test(i)) logits[i] = Float.NEGATIVE_INFINITY;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) best = logits[i] > logits[best] ? i : best;
        return best;
    }
}
