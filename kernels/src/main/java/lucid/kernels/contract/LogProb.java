package lucid.kernels.contract;

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
    void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse);

    /// The same from logits that exist already (decoding): bitwise equal to [#forward].
    void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse);

    /// With `c = dLogProb[row]`: `dLogits = c/temperature · (onehot(target) - softmax)`; `dHidden (+)= dLogits · head` (chain over the vocabulary
    /// ascending);
    /// `dHead += dLogitsᵀ · hidden` by groups. The entropy has no gradient. dHidden or dHead may be null; they lie apart from
    /// each other and from what is read.
    void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Accumulate mode,
                  Matrix dHidden, Matrix dHead);

    /// Settings of the clipped loss with KL. `epsilonLow`, `epsilonHigh`: infinity never clips. `klClamp`: the k3 estimate is clamped to ± this
    /// (gradient 0 outside); infinity: never.
    record ClippedLoss(float epsilonLow, float epsilonHigh, float beta, float klClamp) {
        public ClippedLoss {
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
    /// `loss = -min(ratio·A, clip(ratio, 1-εl, 1+εh)·A) + β·kl`, and the closed-form `coefficient = weight · dloss/dlogProb`, where the min's
    /// gradient at a tie is the unclipped branch's.
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
