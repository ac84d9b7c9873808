package lucid.kernels.simd;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// See [LogProb].
public final class SimdLogProb implements LogProb {
    public SimdLogProb(Workers workers, SimdMatMul products) {}

    @Override public void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) { throw new IllegalStateException("simd LogProb.forward is not built yet"); }

    @Override public void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) { throw new IllegalStateException("simd LogProb.ofLogits is not built yet"); }

    @Override public void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Accumulate mode, Matrix dHidden, Matrix dHead) { throw new IllegalStateException("simd LogProb.backward is not built yet"); }

    @Override public void ratio(Ratio settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio, Buffer kl, Buffer loss, Buffer coefficient) { throw new IllegalStateException("simd LogProb.ratio is not built yet"); }

    @Override public void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse) { throw new IllegalStateException("simd LogProb.crossEntropy is not built yet"); }

    @Override public void crossEntropyBackward(Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode, Matrix dLogits) { throw new IllegalStateException("simd LogProb.crossEntropyBackward is not built yet"); }
}
