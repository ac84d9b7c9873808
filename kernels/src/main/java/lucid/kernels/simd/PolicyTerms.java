package lucid.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.LogProb;
import lucid.kernels.math.ScalarMath;

/// The policy-gradient terms of tokens, clipped (Schulman et al. 2017, arXiv 1707.06347) or CISPO's (arXiv 2506.13585), with the k3 estimate of the
/// KL divergence (Schulman 2020), times the ratio or not.
/// A few operations per token: plain scalar code.
final class PolicyTerms {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    /// Below this |d| the series of e^d - 1 - d is used: the difference itself would cancel.
    private static final float SERIES = 0.5f;

    private final LogProb.ClippedLoss settings;
    private final float low;
    private final float high;
    private final float cap;
    private final float beta;
    private final boolean cispo;

    PolicyTerms(LogProb.ClippedLoss settings) {
        this.settings = settings;
        low = 1 - settings.epsilonLow();
        high = 1 + settings.epsilonHigh();
        cap = settings.ratioCap();
        beta = settings.beta();
        cispo = settings.surrogate() == LogProb.Surrogate.CISPO;
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
            float ratio = ratio(now, before);
            float d = x.reference == null ? 0 : x.reference.get(FLOAT, at) - now;
            float k3 = k3(d);
            float clamped = Math.max(-settings.klClamp(), Math.min(k3, settings.klClamp()));
            float kl = settings.klTimesRatio() ? ratio * clamped : clamped;
            float clipped = Math.max(low, Math.min(ratio, high)) * a;
            float free = Math.min(ratio, cap) * a;
            // NaN in the loss is NaN in its gradient.
            boolean active = free <= clipped || Float.isNaN(clipped);
            float gain = cispo ? clipped * now : active ? free : clipped;
            float gradient = cispo ? Float.isNaN(gain) ? gain : -clipped : active && !(ratio > cap) ? -ratio * a : 0;
            x.ratio.set(FLOAT, at, ratio);
            x.kl.set(FLOAT, at, kl);
            x.loss.set(FLOAT, at, -gain + (beta != 0 ? beta * kl : 0));
            gradient += beta != 0 ? beta * klGradient(ratio, d, k3, clamped, kl) : 0;
            // A masked token's term may be infinite; 0 · ∞ must not reach the gradient.
            x.coefficient.set(FLOAT, at, w == 0 ? 0 : w * gradient);
        }
    }

    private float ratio(float now, float before) {
        if (settings.ratioGiven()) return before == 0 ? 1 : ScalarMath.exp(before);
        return now == before ? 1 : ScalarMath.exp(now - before);
    }

    /// d ratio / d now = ratio; d k3 / d now = 1 - e^d = -(k3 + d); so d (ratio · k3) / d now = -ratio · d.
    private float klGradient(float ratio, float d, float k3, float clamped, float kl) {
        if (!settings.klTimesRatio()) return clamped == k3 || Float.isNaN(k3) ? -(k3 + d) : 0;
        return clamped == k3 && !Float.isNaN(kl) ? -ratio * d : kl;
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
