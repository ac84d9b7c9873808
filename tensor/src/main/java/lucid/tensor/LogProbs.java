package lucid.tensor;

import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.DType;

/// What [Tensor#logProb] gives per row.
///
/// @param logProb log-probability of the target, with a gradient
/// @param entropy of the distribution, a constant
/// @param lse     log-sum-exp of the logits, a constant
/// @param top     1 where no token is likelier than the target, else 0, a constant
public record LogProbs(Tensor logProb, Tensor entropy, Tensor lse, Tensor top) {
    /// Per token, all `[rows]` and constants; the loss is walked back by `logProb.backward(coefficient)`.
    public record PolicyTerms(Tensor ratio, Tensor kl, Tensor loss, Tensor coefficient) {}

    /// Clipped policy-gradient terms with k3 KL of these log-probabilities; formulas in [LogProb#ratio].
    ///
    /// @param old       log-probabilities at rollout
    /// @param reference log-probabilities of the reference model, or null
    /// @param weight    weight of each token in the aggregated loss (0: masked)
    public PolicyTerms policyTerms(LogProb.ClippedLoss settings, Tensor old, Tensor reference, Tensor advantage, Tensor weight) {
        for (Tensor t : new Tensor[] {old, reference, advantage, weight}) {
            if (t != null && t.shape().size() != logProb.shape().size()) throw ShapeException.of("policyTerms", logProb, t, "one number per row");
        }
        Scope scope = logProb.tape().current();
        int rows = logProb.shape().size();
        PolicyTerms terms = new PolicyTerms(row(scope, rows), row(scope, rows), row(scope, rows), row(scope, rows));
        logProb.device().logProb().ratio(settings, logProb.buffer(), old.buffer(), reference == null ? null : reference.buffer(), advantage.buffer(),
                weight.buffer(),
                terms.ratio.buffer(), terms.kl.buffer(), terms.loss.buffer(), terms.coefficient.buffer());
        return terms;
    }

    private static Tensor row(Scope scope, int rows) { return Tensor.undefined(scope, DType.F32, new Shape(rows)); }
}
