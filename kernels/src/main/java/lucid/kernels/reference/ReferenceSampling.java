package lucid.kernels.reference;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Sampling;

/// See [Sampling].
public final class ReferenceSampling implements Sampling {
    @Override public void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids) { throw new IllegalStateException("reference Sampling.sample is not built yet"); }

    @Override public void probabilities(Rule rule, Matrix logits, Matrix y) { throw new IllegalStateException("reference Sampling.probabilities is not built yet"); }

    @Override public void normal(long key, float mean, float std, Matrix y) { throw new IllegalStateException("reference Sampling.normal is not built yet"); }
}
