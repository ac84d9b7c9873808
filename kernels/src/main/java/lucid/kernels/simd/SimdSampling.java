package lucid.kernels.simd;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Sampling;

/// See [Sampling].
public final class SimdSampling implements Sampling {
    public SimdSampling(Workers workers) {}

    @Override public void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids) { throw new IllegalStateException("simd Sampling.sample is not built yet"); }

    @Override public void probabilities(Rule rule, Matrix logits, Matrix y) { throw new IllegalStateException("simd Sampling.probabilities is not built yet"); }

    @Override public void normal(long key, float mean, float std, Matrix y) { throw new IllegalStateException("simd Sampling.normal is not built yet"); }
}
