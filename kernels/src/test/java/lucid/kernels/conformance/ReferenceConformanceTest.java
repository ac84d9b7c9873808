package lucid.kernels.conformance;

import lucid.kernels.ReferenceDevice;
import org.junit.jupiter.api.Nested;

/// The textbook itself: here the comparison with the oracle only shows that it is deterministic; the hand-computed cases, identities and central
/// differences are what tests it.
class ReferenceConformanceTest {
    @Nested class MatMul extends MatMulContract {
        MatMul() { super(ReferenceDevice::new); }
    }

    @Nested class Elementwise extends ElementwiseContract {
        Elementwise() { super(ReferenceDevice::new); }
    }

    @Nested class Reduce extends ReduceContract {
        Reduce() { super(ReferenceDevice::new); }
    }

    @Nested class Normalization extends NormalizationContract {
        Normalization() { super(ReferenceDevice::new); }
    }

    @Nested class Rotary extends RotaryContract {
        Rotary() { super(ReferenceDevice::new); }
    }

    @Nested class Attention extends AttentionContract {
        Attention() { super(ReferenceDevice::new); }
    }

    @Nested class Embedding extends EmbeddingContract {
        Embedding() { super(ReferenceDevice::new); }
    }

    @Nested class PatchEmbedding extends PatchEmbeddingContract {
        PatchEmbedding() { super(ReferenceDevice::new); }
    }

    @Nested class LogProb extends LogProbContract {
        LogProb() { super(ReferenceDevice::new); }
    }

    @Nested class Optimizer extends OptimizerContract {
        Optimizer() { super(ReferenceDevice::new); }
    }

    @Nested class Sampling extends SamplingContract {
        Sampling() { super(ReferenceDevice::new); }
    }

    @Nested class Conversion extends ConversionContract {
        Conversion() { super(ReferenceDevice::new); }
    }
}
