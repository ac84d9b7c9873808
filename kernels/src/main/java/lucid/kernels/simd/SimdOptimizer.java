package lucid.kernels.simd;

import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Optimizer;

/// See [Optimizer].
public final class SimdOptimizer implements Optimizer {
    public SimdOptimizer(Workers workers) {}

    @Override public void adamW(AdamW settings, float gradScale, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) { throw new IllegalStateException("simd Optimizer.adamW is not built yet"); }

    @Override public void sgd(Sgd settings, float gradScale, Matrix grad, Matrix param, Matrix momentum) { throw new IllegalStateException("simd Optimizer.sgd is not built yet"); }
}
