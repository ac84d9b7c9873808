package lucid.grpo.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import lucid.grpo.policy.Kl;
import lucid.grpo.policy.PolicyLoss;

/// What is known of one token of a completion.
///
/// @param before      probability under the weights that drew it
/// @param after       probability after the update; NaN where it was not measured
/// @param ratio       of the first update after the rollout
/// @param clip        the side of the clip that held it back
/// @param kl          estimate of KL to the reference
/// @param weight      of the token in the step's loss
/// @param coefficient d loss / d log-probability, as the trainer used it
/// @param recomputed  the same from the formula in double; they differ by rounding only
public record TokenRow(int index, String token, int id, double before, double after, double ratio, PolicyLoss.Clip clip, double kl, double entropy, double advantage,
                       double weight, double coefficient, double recomputed) {
    static TokenRow of(JsonNode columns, int t, double advantage, PolicyLoss loss) {
        double logProb = number(columns, "logprob", t);
        double reference = columns.has("reference") ? number(columns, "reference", t) : logProb;
        double weight = number(columns, "weight", t);
        PolicyLoss.Term term = loss.token(logProb, number(columns, "sampler", t), reference, advantage, weight);
        return new TokenRow(t, columns.path("tokens").path(t).asText(), columns.path("ids").path(t).asInt(), Math.exp(number(columns, "sampler", t)),
                columns.has("after") ? Math.exp(number(columns, "after", t)) : Double.NaN, number(columns, "ratio", t), term.clip(), number(columns, "kl", t),
                number(columns, "entropy", t), advantage, weight, number(columns, "coefficient", t), term.coefficient());
    }

    private static double number(JsonNode columns, String name, int t) {
        JsonNode n = columns.path(name).path(t);
        if (!n.isNumber()) throw new IllegalArgumentException("ledger column '" + name + "' has no number for token " + t + "; found " + (n.isMissingNode() ? "nothing" : n));
        return n.asDouble();
    }

    /// The loss of a stage as its recipe says it.
    static PolicyLoss loss(JsonNode spec) {
        return new PolicyLoss(orInfinite(spec.path("epsilon_low")), orInfinite(spec.path("epsilon_high")), spec.path("beta").asDouble(),
                new Kl(orInfinite(spec.path("kl_clamp")), Double.POSITIVE_INFINITY));
    }

    private static double orInfinite(JsonNode n) { return n.isNumber() ? n.asDouble() : Double.POSITIVE_INFINITY; }
}
