package lucid.kernels;

import java.util.Optional;
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
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.simd.SimdConversion;
import lucid.kernels.simd.SimdElementwise;
import lucid.kernels.simd.SimdEmbedding;
import lucid.kernels.simd.SimdLogProb;
import lucid.kernels.simd.SimdNormalization;
import lucid.kernels.simd.SimdOptimizer;
import lucid.kernels.simd.SimdPatchEmbedding;
import lucid.kernels.simd.SimdReduce;
import lucid.kernels.simd.SimdRotary;
import lucid.kernels.simd.SimdSampling;
import lucid.kernels.simd.attention.SimdAttention;
import lucid.kernels.simd.matmul.Intrinsics;
import lucid.kernels.simd.matmul.SimdMatMul;
import lucid.kernels.simd.vector.Jvm;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.work.Workers;

/// The Vector API on a fixed thread pool: the default where there is no GPU. The same bits for any number of threads and any vector width.
public final class SimdDevice extends HostDevice {
    private final Workers workers;
    private final SimdMatMul matMul;
    private final Elementwise elementwise;
    private final Reduce reduce;
    private final Normalization normalization;
    private final Rotary rotary;
    private final Attention attention;
    private final PatchEmbedding patchEmbedding;
    private final Embedding embedding;
    private final LogProb logProb;
    private final Optimizer optimizer;
    private final Sampling sampling;
    private final Conversion conversion;

    /// One thread per processor.
    public SimdDevice() { this(Runtime.getRuntime().availableProcessors()); }

    /// @param threads that work on one kernel, the caller among them; no bit of any result depends on it
    /// @throws IllegalStateException unless Java was started with `--add-modules=jdk.incubator.vector`
    public SimdDevice(int threads) {
        Jvm.demand();
        workers = new Workers(threads);
        matMul = new SimdMatMul(workers);
        elementwise = new SimdElementwise(workers);
        reduce = new SimdReduce(workers);
        normalization = new SimdNormalization(workers);
        rotary = new SimdRotary(workers);
        attention = new SimdAttention(workers);
        patchEmbedding = new SimdPatchEmbedding(workers, matMul);
        embedding = new SimdEmbedding(workers);
        logProb = new SimdLogProb(workers, matMul);
        optimizer = new SimdOptimizer(workers);
        sampling = new SimdSampling(workers);
        conversion = new SimdConversion(workers);
    }

    @Override public void prepack(Matrix w) {
        super.prepack(w);
        matMul.prepack(w);
    }

    @Override public Optional<PackedOrder> packedOrder() { return Optional.of(matMul.packedOrder()); }

    /// Threads that work on one kernel, the caller among them.
    public int threads() { return workers.threads(); }

    @Override public String name() { return "simd"; }

    @Override public String description() {
        return "simd: Vector API, " + Species.BITS + "-bit vectors, " + threads() + (threads() == 1 ? " thread" : " threads");
    }

    @Override public String arithmetic() { return EXACT; }

    /// Runs the hot kernels for at most five seconds and says in one line whether this JVM has made vector instructions of them. Products also watch
    /// themselves while they run, and go over, announced, to a second copy of the tile where it has not.
    public String check() { return Intrinsics.check(); }

    @Override public void close() {
        workers.close();
        super.close();
    }

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
