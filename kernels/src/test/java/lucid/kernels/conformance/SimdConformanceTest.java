package lucid.kernels.conformance;

import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import org.junit.jupiter.api.Nested;

/// The fast CPU device, with three threads so that work is divided unevenly even on a machine with few processors.
class SimdConformanceTest {
    private static Device device() { return new SimdDevice(3); }

    @Nested class MatMul extends MatMulContract {
        MatMul() { super(SimdConformanceTest::device); }
    }

    @Nested class Attention extends AttentionContract {
        Attention() { super(SimdConformanceTest::device); }
    }

    @Nested class Elementwise extends ElementwiseContract {
        Elementwise() { super(SimdConformanceTest::device); }
    }

    @Nested class Reduce extends ReduceContract {
        Reduce() { super(SimdConformanceTest::device); }
    }

    @Nested class Normalization extends NormalizationContract {
        Normalization() { super(SimdConformanceTest::device); }
    }

    @Nested class Rotary extends RotaryContract {
        Rotary() { super(SimdConformanceTest::device); }
    }

    @Nested class Embedding extends EmbeddingContract {
        Embedding() { super(SimdConformanceTest::device); }
    }

    @Nested class Conversion extends ConversionContract {
        Conversion() { super(SimdConformanceTest::device); }
    }

    @Nested class Optimizer extends OptimizerContract {
        Optimizer() { super(SimdConformanceTest::device); }
    }

    @Nested class Sampling extends SamplingContract {
        Sampling() { super(SimdConformanceTest::device); }
    }

    @Nested class LogProb extends LogProbContract {
        LogProb() { super(SimdConformanceTest::device); }
    }

    @Nested class PatchEmbedding extends PatchEmbeddingContract {
        PatchEmbedding() { super(SimdConformanceTest::device); }
    }
}
