package lucid.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.LogProb;
import lucid.kernels.math.ScalarMath;

/// The clipped policy-gradient terms of tokens (Schulman et al. 2017, arXiv 1707.06347) with the k3 estimate of the KL divergence (Schulman 2020).
/// A few operations per token: plain scalar code.
final class PolicyTerms {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    /// Below this |d| the series of e^d - 1 - d is used: the difference itself would cancel.
    private static final float SERIES = 0.5f;

    private final LogProb.ClippedLoss settings;
    private final float low;
    private final float high;

    PolicyTerms(LogProb.ClippedLoss settings) {
        this.settings = settings;
        low = 1 - settings.epsilonLow();
        high = 1 + settings.epsilonHigh();
    }

    /// Memory of the inputs and outputs of [LogProb#ratio]; reference may be null.
    record Rows(MemorySegment logProb, MemorySegment old, MemorySegment reference, MemorySegment advantage, MemorySegment weight,
                MemorySegment ratio, MemorySegment kl, MemorySegment loss, MemorySegment coefficient) {}

    void run(Rows x, int from, int to) {
        for (int i = from; i < to; i++) {
            long at = 4L * i;
            float now = x.logProb.get(FLOAT, at);
            float before = x.old.get(FLOAT, at);
            float a = x.advantage.get(FLOAT, at);
            float w = x.weight.get(FLOAT, at);
            float ratio = now == before ? 1 : ScalarMath.exp(now - before);
            float clipped = Math.max(low, Math.min(ratio, high));
            // NaN in the loss is NaN in its gradient.
            boolean active = ratio * a <= clipped * a || Float.isNaN(clipped * a);
            float d = x.reference == null ? 0 : x.reference.get(FLOAT, at) - now;
            float k3 = k3(d);
            float kl = Math.max(-settings.klClamp(), Math.min(k3, settings.klClamp()));
            // d ratio / d now = ratio; d k3 / d now = 1 - e^d = -(k3 + d).
            float gradient = (active ? -ratio * a : 0) + (settings.beta() != 0 && (kl == k3 || Float.isNaN(k3)) ? -settings.beta() * (k3 + d) : 0);
            x.ratio.set(FLOAT, at, ratio);
            x.kl.set(FLOAT, at, kl);
            x.loss.set(FLOAT, at, -(active ? ratio * a : clipped * a) + (settings.beta() != 0 ? settings.beta() * kl : 0));
            // A masked token's term may be infinite; 0 · ∞ must not reach the gradient.
            x.coefficient.set(FLOAT, at, w == 0 ? 0 : w * gradient);
        }
    }

    /// `e^d - 1 - d`, accurate also where it is tiny.
    private static float k3(float d) {
        if (Math.abs(d) >= SERIES) return ScalarMath.exp(d) - 1 - d;
        double x = d;
        double p = 1.0 / 362_880 + x / 3_628_800;
        p = 1.0 / 40_320 + x * p;
        p = 1.0 / 5_040 + x * p;
        p = 1.0 / 720 + x * p;
        p = 1.0 / 120 + x * p;
        p = 1.0 / 24 + x * p;
        p = 1.0 / 6 + x * p;
        p = 0.5 + x * p;
        return (float) (x * x * p);
    }
}
