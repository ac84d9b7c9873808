package lucid.kernels.contract;

import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;

/// Choosing the next token. Filters work in the order temperature, top-k, top-p, min-p, as in transformers; ties at the k-th value all stay.
/// Top-p sorts ascending (of equals the lower id first) and drops while the cumulative probability, after the filters before, is at most `1 - p`; the
/// last always stays. A row is refused whose largest logit, divided by the temperature unless greedy, is not finite: one with NaN or +infinity, or
/// with nothing but -infinity. Randomness is one Philox 4x32-10 draw per row from a counter that the caller names, so it depends on nothing else: its
/// upper 24 bits · 2^-24, or 2^-25 where they are 0.
public interface Sampling {
    /// `greedy` ignores the rest (lowest id wins a tie). `topK` 0, `topP` 1, `minP` 0: off.
    record Rule(boolean greedy, float temperature, int topK, float topP, float minP) {
        public static final Rule GREEDY = new Rule(true, 1, 0, 1, 0);

        public Rule {
            if (!greedy && !(temperature > 0))
                throw new IllegalArgumentException("sampling: temperature " + temperature + ", wanted > 0 (or greedy)");
            if (!greedy && temperature == Float.POSITIVE_INFINITY)
                throw new IllegalArgumentException("sampling: temperature " + temperature + ", wanted a finite one");
            if (topK < 0) throw new IllegalArgumentException("sampling: top_k " + topK + ", wanted >= 0 (0: off)");
            if (!(topP > 0 && topP <= 1)) throw new IllegalArgumentException("sampling: top_p " + topP + ", wanted in (0, 1]");
            if (!(minP >= 0 && minP <= 1)) throw new IllegalArgumentException("sampling: min_p " + minP + ", wanted in [0, 1]");
        }

        /// Draws from `softmax(logits / t)`, all filters off.
        ///
        /// @throws IllegalArgumentException unless t > 0 and finite
        public static Rule temperature(float t) { return new Rule(false, t, 0, 1, 0); }

        /// Whether a row with this largest logit (NaN if there is one in the row) has a distribution: if it is finite, also divided by the
        /// temperature.
        public boolean possible(float largest) { return Float.isFinite(greedy ? largest : largest / temperature); }
    }

    /// One token per row: the inverse-CDF over ascending ids of the filtered distribution at `u · total`, u in [0, 1) with 24 bits.
    ///
    /// @param logits   f32 [rows, vocabulary]
    /// @param counters i32 [rows, 4]: Philox counter of each row (for example step, prompt, completion, token)
    /// @param key      Philox key: (run seed, purpose) packed by the caller, low word first
    /// @param ids      i32 `[rows]`, out
    void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids);

    /// The filtered, renormalised probabilities (for tests and the inspector): y [rows, vocabulary].
    void probabilities(Rule rule, Matrix logits, Matrix y);

    /// Standard normal numbers: element i from Philox counter (i / 4 low word, i / 4 high word, 0, 0), Box-Muller with Lucid's own log, sin, cos:
    /// with u, w the numbers of words 0 and 1 (elements 0 and 1 of four) or 2 and 3 (elements 2 and 3), `√(-2 log(1 - u)) · cos(2πw)`, then `·
    /// sin(2πw)`. Weight initialisation and advantage noise.
    void normal(long key, float mean, float std, Matrix y);
}
