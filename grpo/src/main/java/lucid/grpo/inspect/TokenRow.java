package lucid.grpo.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import lucid.grpo.policy.PolicyLoss;
import lucid.grpo.recipe.Stage;

/// What is known of one token of a completion.
///
/// @param sampler   log-probability when it was drawn
/// @param reference log-probability under the reference; NaN without one
/// @param before    probability when it was drawn
/// @param after     probability after the last update; NaN where it was not measured
/// @param weight    of the token in the step's loss
/// @param updates   what each update after the rollout saw, in their order
public record TokenRow(int index, String token, int id, double sampler, double reference, double before, double after, double advantage,
        double weight, List<Update> updates) {
    /// What one update saw.
    ///
    /// @param logprob     log-probability under the weights that it began with
    /// @param ratio       to the probability that the token was drawn with
    /// @param clip        the side of the clip that held it back
    /// @param kl          estimate of KL to the reference; NaN without one
    /// @param loss        the token's term, from the formula in double; times its weight it is its part of the step's loss
    /// @param coefficient d loss / d log-probability, as the trainer used it
    /// @param recomputed  the same from the formula in double; they differ by rounding only
    public record Update(double logprob, double ratio, PolicyLoss.Clip clip, double kl, double entropy, double loss, double coefficient,
            double recomputed) {}

    /// The update after which the probability `after` was measured.
    public Update last() { return updates.getLast(); }

    static TokenRow of(JsonNode columns, int t, double advantage, PolicyLoss loss) {
        List<JsonNode> all = new ArrayList<>(List.of(columns));
        columns.path("later_updates").forEach(all::add);
        double sampler = number(columns, "sampler", t);
        return new TokenRow(t, columns.path("tokens").path(t).asText(), columns.path("ids").path(t).asInt(), sampler,
                columns.has("reference") ? number(columns, "reference", t) : Double.NaN,
                Math.exp(sampler), columns.has("after") ? Math.exp(number(columns, "after", t)) : Double.NaN, advantage, number(columns, "weight", t),
                all.stream().map(u -> update(u, columns, t, advantage, loss)).toList());
    }

    private static Update update(JsonNode u, JsonNode columns, int t, double advantage, PolicyLoss loss) {
        double logProb = number(u, "logprob", t);
        double ratio = number(u, "ratio", t);
        double reference = columns.has("reference") ? number(columns, "reference", t) : logProb;
        PolicyLoss.Term term = loss.term(logProb, logRatio(u, columns, t, loss), reference, advantage, number(columns, "weight", t));
        return new Update(logProb, ratio, loss.clip((float) ratio, advantage), columns.has("reference") ? number(u, "kl", t) : Double.NaN,
                number(u, "entropy", t), term.loss(),
                number(u, "coefficient", t), term.coefficient());
    }

    private static double logRatio(JsonNode u, JsonNode columns, int t, PolicyLoss loss) {
        int from = loss.sequence() ? 0 : t;
        int to = loss.sequence() ? columns.path("ids").size() : t + 1;
        return IntStream.range(from, to).mapToDouble(i -> number(u, "logprob", i) - number(columns, "sampler", i)).sum() / (to - from);
    }

    private static double number(JsonNode columns, String name, int t) {
        JsonNode n = columns.path(name).path(t);
        if (!n.isNumber())
            throw new IllegalArgumentException("ledger column '" + name + "' has no number for token " + t + "; found "
                    + (n.isMissingNode() ? "nothing" : n));
        return n.asDouble();
    }

    /// The loss of a stage as its recipe says it.
    static PolicyLoss loss(JsonNode spec) {
        // A run of an older version has none of the later choices.
        Stage.LossSpec plain = new Stage.LossSpec(orNull(spec.path("epsilon_low")), orNull(spec.path("epsilon_high")), spec.path("beta").asDouble(),
                orNull(spec.path("kl_clamp")), spec.path("aggregation").asText());
        return new Stage.LossSpec(plain.epsilonLow(), plain.epsilonHigh(), plain.beta(), plain.klClamp(), plain.aggregation(),
                spec.path("surrogate").asText(plain.surrogate()), spec.path("ratio").asText(plain.ratio()), orNull(spec.path("delta")),
                spec.path("kl_times_ratio").asBoolean(), spec.path("mask_truncated").asBoolean()).policyLoss();
    }

    private static Double orNull(JsonNode n) { return n.isNumber() ? n.asDouble() : null; }
}
