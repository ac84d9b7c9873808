package lucid.kernels;

import lucid.kernels.contract.Attention;
import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.Sampling;
import lucid.kernels.reference.ReferenceAttention;
import lucid.kernels.reference.ReferenceConversion;
import lucid.kernels.reference.ReferenceElementwise;
import lucid.kernels.reference.ReferenceEmbedding;
import lucid.kernels.reference.ReferenceLogProb;
import lucid.kernels.reference.ReferenceMatMul;
import lucid.kernels.reference.ReferenceNormalization;
import lucid.kernels.reference.ReferenceOptimizer;
import lucid.kernels.reference.ReferencePatchEmbedding;
import lucid.kernels.reference.ReferenceReduce;
import lucid.kernels.reference.ReferenceRotary;
import lucid.kernels.reference.ReferenceSampling;

/// Plain loops in double, results rounded once to f32: slow, obvious, the oracle.
public final class ReferenceDevice extends HostDevice {
    @Override public String name() { return "reference"; }

    @Override public String description() { return "reference: plain loops in double, one thread"; }

    @Override public String arithmetic() { return name(); }

    private final MatMul matMul = new ReferenceMatMul();
    private final Elementwise elementwise = new ReferenceElementwise();
    private final Reduce reduce = new ReferenceReduce();
    private final Normalization normalization = new ReferenceNormalization();
    private final Rotary rotary = new ReferenceRotary();
    private final Attention attention = new ReferenceAttention();
    private final PatchEmbedding patchEmbedding = new ReferencePatchEmbedding();
    private final Embedding embedding = new ReferenceEmbedding();
    private final LogProb logProb = new ReferenceLogProb();
    private final Optimizer optimizer = new ReferenceOptimizer();
    private final Sampling sampling = new ReferenceSampling();
    private final Conversion conversion = new ReferenceConversion();

    @Override public MatMul matMul() { return matMul; }

    @Override public Elementwise elementwise() { return elementwise; }

    @Override public Reduce reduce() { return reduce; }

    @Override public Normalization normalization() { return normalization; }

    @Override public Rotary rotary() { return rotary; }

    @Override public Attention attention() { return attention; }

    @Override public PatchEmbedding patchEmbedding() { return patchEmbedding; }

    @Override public Embedding embedding() { return embedding; }

    @Override public LogProb logProb() { return logProb; }

    @Override public Optimizer optimizer() { return optimizer; }

    @Override public Sampling sampling() { return sampling; }

    @Override public Conversion conversion() { return conversion; }
}
