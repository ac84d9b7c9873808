package lucid.grpo.policy;

/// The k3 estimate of KL(policy, reference) of one token: `exp(d) - d - 1` with `d = ref - logProb`; never negative. Schulman, "Approximating KL
/// divergence", 2020.
/// `clamp` limits the value to ± itself, with gradient 0 outside (TinyLLaVA-Video-R1: 100); `inputClamp` limits d instead (Video-R1: 10).
///
/// @param clamp      infinity: off
/// @param inputClamp infinity: off
public record Kl(double clamp, double inputClamp) {
    public static final Kl PLAIN = new Kl(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
    /// The published system's.
    public static final Kl TINY_LLAVA_VIDEO_R1 = new Kl(100, Double.POSITIVE_INFINITY);
    /// Video-R1's.
    public static final Kl VIDEO_R1 = new Kl(Double.POSITIVE_INFINITY, 10);

    /// The estimate, in nats.
    ///
    /// @param logProb   natural logarithm of the token's probability under the policy
    /// @param reference the same under the reference model
    public double value(double logProb, double reference) {
        double d = limit(reference - logProb, inputClamp);
        return limit(Math.exp(d) - d - 1, clamp);
    }

    /// d value / d logProb.
    public double gradient(double logProb, double reference) {
        double d = reference - logProb;
        if (Math.abs(d) > inputClamp) return 0;
        if (Math.abs(Math.exp(d) - d - 1) > clamp) return 0;
        return 1 - Math.exp(d);
    }

    private static double limit(double x, double bound) { return Math.max(-bound, Math.min(bound, x)); }
}
