package lucid.grpo.policy;

import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.LogProb.Surrogate;

/// The policy loss of one token with a KL penalty in the loss (GRPO, arXiv 2402.03300), and its exact coefficient in the gradient.
///
/// `ratio = exp(logProb - old)`, or that of the whole completion ([SequenceRatio]); `loss = -gain + β·kl`. With the clip (PPO: Schulman et al. 2017,
/// arXiv 1707.06347) `gain = min(min(ratio, δ)·A, clip(ratio, 1 - εl, 1 + εh)·A)`, whose derivative is `ratio·A` where the unclipped branch is the
/// smaller (or equal) and δ does not hold the ratio, else 0. With CISPO (arXiv 2506.13585) `gain = clip(ratio, 1 - εl, 1 + εh)·A·logProb`, in which
/// only logProb has a derivative.
///
/// @param epsilonLow   infinity: never clipped below (the published system has no clip: one update per rollout, so the ratio is 1)
/// @param epsilonHigh  infinity: never clipped above
/// @param beta         weight of the KL; 0: no reference needed
/// @param delta        most that the unclipped branch takes for the ratio; infinity: no bound. The clip alone has none for negative advantages
/// @param klTimesRatio the KL is the estimate times the ratio (DeepSeek-V3.2, arXiv 2512.02556): unbiased, also when the policy has moved on. Its
///                     derivative at ratio 1 is `logProb - reference`, that of the KL itself
/// @param sequence     the ratio is the completion's
public record PolicyLoss(double epsilonLow, double epsilonHigh, double beta, Kl kl, Surrogate surrogate, double delta, boolean klTimesRatio,
        boolean sequence) {
    /// What held a token back: a side of the clip, or delta. Of CISPO the side at which its factor is held, whatever the advantage.
    public enum Clip { NONE, LOW, HIGH, DELTA }

    /// @param coefficient weight times dloss / dlogProb
    public record Term(double ratio, double kl, double loss, Clip clip, double coefficient) {}

    public PolicyLoss {
        if (!(epsilonLow >= 0) || !(epsilonHigh >= 0) || !(beta >= 0) || !(delta > 0)) {
            throw new IllegalArgumentException("policy loss: epsilon_low " + epsilonLow + ", epsilon_high " + epsilonHigh + ", beta " + beta
                    + ", delta " + delta + "; wanted all >= 0 and delta > 0");
        }
    }

    /// Each token's own ratio, clipped on two sides, and the KL as it is.
    public PolicyLoss(double epsilonLow, double epsilonHigh, double beta, Kl kl) {
        this(epsilonLow, epsilonHigh, beta, kl, Surrogate.CLIP, Double.POSITIVE_INFINITY, false, false);
    }

    /// What holds a token whose ratio the kernel computed: compared in the kernel's precision, so that the edge is the same one.
    public Clip clip(float ratio, double advantage) {
        boolean cispo = surrogate == Surrogate.CISPO;
        if ((cispo || advantage < 0) && ratio < 1 - (float) epsilonLow) return Clip.LOW;
        if ((cispo || advantage > 0) && ratio > 1 + (float) epsilonHigh) return Clip.HIGH;
        return advantage != 0 && ratio > (float) delta ? Clip.DELTA : Clip.NONE;
    }

    /// The same loss for the kernel.
    ///
    /// @throws IllegalArgumentException a KL whose argument is clamped, as Video-R1's: the kernel clamps its value
    public LogProb.ClippedLoss settings() {
        if (Double.isFinite(kl.inputClamp()))
            throw new IllegalArgumentException("policy loss: input_clamp " + kl.inputClamp()
                    + " of the KL; the kernel clamps its value only, wanted infinity");
        return new LogProb.ClippedLoss((float) epsilonLow, (float) epsilonHigh, (float) beta, (float) kl.clamp(), surrogate, (float) delta,
                klTimesRatio, sequence);
    }

    /// What [LogProb#ratio] is given as `old`: the log-probabilities at the rollout, or the logarithms of the completions' ratios.
    ///
    /// @param logProb of the tokens of some completions, one after the other
    /// @param lengths tokens of each completion
    public float[] old(float[] logProb, float[] old, int[] lengths) { return sequence ? SequenceRatio.logarithms(logProb, old, lengths) : old; }

    /// A token whose ratio is its own.
    ///
    /// @param reference ignored when beta is 0
    public Term token(double logProb, double old, double reference, double advantage, double weight) {
        return term(logProb, logProb - old, reference, advantage, weight);
    }

    /// A token with the logarithm of its ratio.
    ///
    /// @param reference ignored when beta is 0
    public Term term(double logProb, double logRatio, double reference, double advantage, double weight) {
        double ratio = Math.exp(logRatio);
        double k = beta == 0 ? 0 : kl.value(logProb, reference);
        double dk = beta == 0 ? 0 : kl.gradient(logProb, reference);
        double part = klTimesRatio ? ratio * k : k;
        double slope = beta * (klTimesRatio ? ratio * (k + dk) : dk);
        double held = Math.max(1 - epsilonLow, Math.min(1 + epsilonHigh, ratio)) * advantage;
        if (surrogate == Surrogate.CISPO) {
            Clip side = ratio < 1 - epsilonLow ? Clip.LOW : ratio > 1 + epsilonHigh ? Clip.HIGH : Clip.NONE;
            return new Term(ratio, part, -held * logProb + beta * part, side, weight * (-held + slope));
        }
        double free = Math.min(ratio, delta) * advantage;
        boolean clipped = held < free;
        Clip side = clipped ? ratio < 1 ? Clip.LOW : Clip.HIGH : ratio > delta && advantage != 0 ? Clip.DELTA : Clip.NONE;
        double gradient = clipped || ratio > delta ? 0 : -ratio * advantage;
        return new Term(ratio, part, -Math.min(free, held) + beta * part, side, weight * (gradient + slope));
    }
}
