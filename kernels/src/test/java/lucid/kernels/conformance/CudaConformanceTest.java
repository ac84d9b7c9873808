package lucid.kernels.conformance;

import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.api.Nested;

/// The CUDA device over the emulator, all checks on, or over hardware ([TestGpu]).
class CudaConformanceTest {
    private static Device device() { return new CudaDevice(TestGpu.open(EmulatedGpu.Settings.DEFAULT)); }

    @Nested class MatMul extends MatMulContract {
        MatMul() { super(CudaConformanceTest::device); }
    }

    @Nested class Embedding extends EmbeddingContract {
        Embedding() { super(CudaConformanceTest::device); }
    }

    @Nested class PatchEmbedding extends PatchEmbeddingContract {
        PatchEmbedding() { super(CudaConformanceTest::device); }
    }

    @Nested class Elementwise extends ElementwiseContract {
        Elementwise() { super(CudaConformanceTest::device); }
    }

    @Nested class Sampling extends SamplingContract {
        Sampling() { super(CudaConformanceTest::device); }
    }

    @Nested class LogProb extends LogProbContract {
        LogProb() { super(CudaConformanceTest::device); }
    }

    @Nested class Rotary extends RotaryContract {
        Rotary() { super(CudaConformanceTest::device); }
    }

    @Nested class Conversion extends ConversionContract {
        Conversion() { super(CudaConformanceTest::device); }
    }

    @Nested class Optimizer extends OptimizerContract {
        Optimizer() { super(CudaConformanceTest::device); }
    }

    @Nested class Reduce extends ReduceContract {
        Reduce() { super(CudaConformanceTest::device); }
    }

    @Nested class Normalization extends NormalizationContract {
        Normalization() { super(CudaConformanceTest::device); }
    }

    @Nested class Attention extends AttentionContract {
        Attention() { super(CudaConformanceTest::device); }
    }
}
