package lucid.kernels.contract;

import java.util.Objects;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Log-probabilities of tokens under `softmax(hidden · headᵀ / temperature)`, without ever holding the logits of more than one chunk,
/// and the clipped policy-gradient terms on top of them.
///
/// Order of a row: logits by the chain of [MatMul]; vocabulary blocks of [#VOCAB_BLOCK]: maximum and `Σ exp(x - m)` of a block in 16 lanes and tree;
/// blocks are merged in ascending order. The same in every method here, so that what the sampler saw is what the trainer computes.
public interface LogProb {
    int VOCAB_BLOCK = 2048;
    /// The target of a row that [#crossEntropy] leaves out.
    int IGNORED = -100;

    /// Per row: `logProb = x[target] - lse`, `entropy = -Σ softmax · log softmax`, `lse`, with x = logits / temperature.
    ///
    /// @param hidden  f32 [rows, width]
    /// @param head    f32, bf16 or f16 [vocabulary, width]
    /// @param targets i32 `[rows]`
    /// @param logProb f32 `[rows]`; entropy, lse likewise
    /// @param top     f32 `[rows]` or null: 1 where no token is likelier than the target, else 0
    void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse, Buffer top);

    /// Without `top`.
    default void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        forward(hidden, head, targets, temperature, logProb, entropy, lse, null);
    }

    /// The same from logits that exist already (decoding): bitwise equal to [#forward].
    void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse);

    /// With `c = dLogProb[row]`: `dLogits = c/temperature · (onehot(target) - softmax)`; `dHidden (+)= dLogits · head` (chain over the vocabulary
    /// ascending);
    /// `dHead += dLogitsᵀ · hidden` by groups. The entropy has no gradient. dHidden or dHead may be null; they lie apart from
    /// each other and from what is read.
    void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Accumulate mode,
                  Matrix dHidden, Matrix dHead);

    /// What carries the gradient of the policy term.
    enum Surrogate {
        /// The ratio, until the clip holds it (PPO: arXiv 1707.06347).
        CLIP,
        /// The log-probability, its factor the clipped ratio, which is a constant (CISPO: arXiv 2506.13585): no token is left out of the gradient.
        CISPO
    }

    /// Settings of the clipped loss with KL.
    ///
    /// @param epsilonLow   infinity never clips, as for epsilonHigh
    /// @param klClamp      the k3 estimate is clamped to ± this (gradient 0 outside); infinity: never
    /// @param ratioCap     with CLIP: the unclipped branch takes at most this as the ratio (gradient 0 above); infinity: never. The clip alone leaves
    ///                     large ratios of negative advantages free (dual clip; INTELLECT-2's delta, arXiv 2505.07291)
    /// @param klTimesRatio the KL's part is the ratio times the estimate (DeepSeek-V3.2, arXiv 2512.02556), and its derivative the product's
    /// @param ratioGiven   `old` holds the logarithm of the ratio itself, such as the mean over a sequence (GSPO, arXiv 2507.18071). The derivative
    ///                     of the ratio is taken for the ratio: for a mean that is right where a sequence's tokens have the same weight and advantage
    record ClippedLoss(float epsilonLow, float epsilonHigh, float beta, float klClamp, Surrogate surrogate, float ratioCap, boolean klTimesRatio,
            boolean ratioGiven) {
        /// PPO's clip of a token's own ratio, and the KL as it is.
        public ClippedLoss(float epsilonLow, float epsilonHigh, float beta, float klClamp) {
            this(epsilonLow, epsilonHigh, beta, klClamp, Surrogate.CLIP, Float.POSITIVE_INFINITY, false, false);
        }

        public ClippedLoss {
            Objects.requireNonNull(surrogate, "logProb.ratio: surrogate");
            wanted(ratioCap > 0, "ratioCap", ratioCap, "more than 0 (infinity: no cap)");
            wanted(epsilonLow >= 0, "epsilonLow", epsilonLow, "0 or more (infinity: never clipped below)");
            wanted(epsilonHigh >= 0, "epsilonHigh", epsilonHigh, "0 or more (infinity: never clipped above)");
            wanted(beta >= 0 && beta < Float.POSITIVE_INFINITY, "beta", beta, "a finite number >= 0 (0: the KL has no part in the loss)");
            wanted(klClamp >= 0, "klClamp", klClamp, "0 or more (infinity: never clamped)");
        }

        private static void wanted(boolean met, String name, float value, String wanted) {
            if (!met) throw new IllegalArgumentException("logProb.ratio: " + name + " is " + value + "; wanted " + wanted);
        }
    }

    /// Per token, all buffers f32 `[rows]`: `ratio = exp(logProb - old)` (exactly 1 where they are equal), `kl = exp(d) - d - 1` with `d = ref -
    /// logProb`,
    /// `loss = -min(min(ratio, cap)·A, clip(ratio, 1-εl, 1+εh)·A) + β·kl`, and the closed-form `coefficient = weight · dloss/dlogProb`, where the
    /// min's gradient at a tie is the unclipped branch's. With [Surrogate#CISPO] the loss's first term is `-clip(ratio, 1-εl, 1+εh)·A·logProb`, and
    /// only logProb has a derivative. With klTimesRatio `kl` is the product, so that its derivative is `-ratio·d`, or `ratio·kl` where it is clamped.
    ///
    /// With β = 0 kl has no part in the loss, whatever it is. Where a token's loss is NaN, so is its coefficient, unless the token is masked.
    ///
    /// @param reference may be null (then kl = 0)
    /// @param weight    the aggregation's weight of the token (0: masked; its loss is not looked at, and its coefficient is 0)
    void ratio(ClippedLoss settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio, Buffer kl,
            Buffer loss, Buffer coefficient);

    /// Softmax cross-entropy on explicit logits [rows, vocabulary]: `loss[r] = lse - x[target]`; target -100 gives 0 and no gradient.
    void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse);

    /// `dLogits (+)= dLoss[r] · (softmax - onehot(target))`.
    void crossEntropyBackward(Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode, Matrix dLogits);
}
