package lucid.grpo.policy;

import lucid.kernels.contract.LogProb;

/// The clipped policy loss of one token (PPO: Schulman et al. 2017, arXiv 1707.06347) with a KL penalty in the loss (GRPO, arXiv 2402.03300), and its
/// exact coefficient in the gradient.
///
/// `ratio = exp(logProb - old)`; `loss = -min(ratio·A, clip(ratio, 1 - εl, 1 + εh)·A) + β·kl`.
/// `coefficient = dloss / dlogProb`: `-ratio·A` where the unclipped branch is the smaller (or equal), 0 where the clip holds, plus `β · dkl`.
///
/// @param epsilonLow  infinity: never clipped below (the published system has no clip: one update per rollout, so the ratio is 1)
/// @param epsilonHigh infinity: never clipped above
/// @param beta        weight of the KL; 0: no reference needed
public record PolicyLoss(double epsilonLow, double epsilonHigh, double beta, Kl kl) {
    /// Which side of the clip held a token back.
    public enum Clip { NONE, LOW, HIGH }

    /// @param coefficient weight times dloss / dlogProb
    public record Term(double ratio, double kl, double loss, Clip clip, double coefficient) {}

    public PolicyLoss {
        if (!(epsilonLow >= 0) || !(epsilonHigh >= 0) || !(beta >= 0)) {
            throw new IllegalArgumentException("policy loss: epsilon_low " + epsilonLow + ", epsilon_high " + epsilonHigh + ", beta " + beta
                    + "; wanted all >= 0");
        }
    }

    /// The side of the clip that holds a token whose ratio the kernel computed: compared in the kernel's precision, so that the edge is the same one.
    public Clip clip(float ratio, double advantage) {
        if (advantage < 0 && ratio < 1 - (float) epsilonLow) return Clip.LOW;
        return advantage > 0 && ratio > 1 + (float) epsilonHigh ? Clip.HIGH : Clip.NONE;
    }

    /// The same loss for the kernel.
    ///
    /// @throws IllegalArgumentException a KL whose argument is clamped, as Video-R1's: the kernel clamps its value
    public LogProb.ClippedLoss settings() {
        if (Double.isFinite(kl.inputClamp()))
            throw new IllegalArgumentException("policy loss: input_clamp " + kl.inputClamp()
                    + " of the KL; the kernel clamps its value only, wanted infinity");
        return new LogProb.ClippedLoss((float) epsilonLow, (float) epsilonHigh, (float) beta, (float) kl.clamp());
    }

    /// @param reference ignored when beta is 0
    public Term token(double logProb, double old, double reference, double advantage, double weight) {
        double ratio = Math.exp(logProb - old);
        double free = ratio * advantage;
        double held = Math.max(1 - epsilonLow, Math.min(1 + epsilonHigh, ratio)) * advantage;
        boolean clipped = held < free;
        double k = beta == 0 ? 0 : kl.value(logProb, reference);
        double gradient = (clipped ? 0 : -free) + (beta == 0 ? 0 : beta * kl.gradient(logProb, reference));
        Clip side = !clipped ? Clip.NONE : ratio < 1 ? Clip.LOW : Clip.HIGH;
        return new Term(ratio, k, -Math.min(free, held) + beta * k, side, weight * gradient);
    }
}
