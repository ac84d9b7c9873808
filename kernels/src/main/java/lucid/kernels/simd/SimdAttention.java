package lucid.kernels.simd;

import lucid.kernels.contract.Attention;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.Matrix;

/// See [Attention].
public final class SimdAttention implements Attention {
    public SimdAttention(Workers workers) {}

    @Override public void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) { throw new IllegalStateException("simd Attention.forward is not built yet"); }

    @Override public void backward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut, Matrix dq, Matrix dk, Matrix dv) { throw new IllegalStateException("simd Attention.backward is not built yet"); }
}
