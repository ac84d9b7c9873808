package lucid.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
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
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.cuda.CudaConversion;
import lucid.kernels.cuda.CudaElementwise;
import lucid.kernels.cuda.CudaEmbedding;
import lucid.kernels.cuda.CudaNormalization;
import lucid.kernels.cuda.CudaOptimizer;
import lucid.kernels.cuda.CudaPatchEmbedding;
import lucid.kernels.cuda.CudaReduce;
import lucid.kernels.cuda.CudaRotary;
import lucid.kernels.cuda.CudaSampling;
import lucid.kernels.cuda.CudaTensorPatchEmbedding;
import lucid.kernels.cuda.CudnnPatchEmbedding;
import lucid.kernels.cuda.PatchKernels;
import lucid.kernels.cuda.Precision;
import lucid.kernels.cuda.attention.CudaAttention;
import lucid.kernels.cuda.launch.Bf16Factors;
import lucid.kernels.cuda.launch.CudaBuffer;
import lucid.kernels.cuda.launch.CudaMemory;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.cuda.matmul.CublasMatMul;
import lucid.kernels.cuda.matmul.CudaLogProb;
import lucid.kernels.cuda.matmul.CudaMatMul;
import lucid.kernels.cuda.matmul.CudaTensorMatMul;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.host.HostArray;

/// Hand-written PTX on a GPU, or in the emulator. The f32 kernels keep the CPU's orders, so they give the CPU's bits (`BIT-CONTRACT.md`), unless
/// another [Precision] is chosen.
public final class CudaDevice implements Device {
    private final Gpu gpu;
    private final Precision precision;
    private final PatchKernels patchKernels;
    private final CudaMemory memory;
    private final Kernels kernels;
    private final Elementwise elementwise;
    private final Reduce reduce;
    private final Normalization normalization;
    private final Conversion conversion;
    private final Optimizer optimizer;
    private final Rotary rotary;
    private final MatMul matMul;
    private final Embedding embedding;
    private final PatchEmbedding patchEmbedding;
    private final Attention attention;
    private final LogProb logProb;
    private final Sampling sampling;
    private boolean closed;

    /// With the CPU's bits. Takes the GPU over and closes it in the end.
    public CudaDevice(Gpu gpu) { this(gpu, Precision.EXACT); }

    /// Takes the GPU over and closes it in the end.
    public CudaDevice(Gpu gpu, Precision precision) { this(gpu, precision, PatchKernels.OWN); }

    /// Takes the GPU over and closes it in the end.
    public CudaDevice(Gpu gpu, Precision precision, PatchKernels patchKernels) {
        this.gpu = gpu;
        this.precision = precision;
        this.patchKernels = patchKernels;
        this.memory = new CudaMemory(gpu);
        kernels = new Kernels(gpu, memory);
        this.elementwise = new CudaElementwise(kernels);
        this.reduce = new CudaReduce(kernels);
        this.normalization = new CudaNormalization(kernels);
        this.conversion = new CudaConversion(kernels);
        this.optimizer = new CudaOptimizer(kernels);
        this.rotary = new CudaRotary(kernels);
        Bf16Factors factors = new Bf16Factors(kernels, conversion, elementwise);
        this.matMul = switch (precision) {
            case EXACT -> new CudaMatMul(kernels);
            case TENSOR, WGMMA -> new CudaTensorMatMul(kernels, factors, precision == Precision.WGMMA);
            case CUBLAS -> new CublasMatMul(kernels, factors, elementwise);
        };
        this.embedding = new CudaEmbedding(kernels);
        this.patchEmbedding = switch (patchKernels) {
            case OWN -> precision == Precision.EXACT ? new CudaPatchEmbedding(kernels) : new CudaTensorPatchEmbedding(kernels, factors);
            case CUDNN -> new CudnnPatchEmbedding(kernels, conversion, elementwise);
        };
        this.attention = new CudaAttention(kernels, precision);
        this.logProb = new CudaLogProb(kernels, matMul, elementwise);
        this.sampling = new CudaSampling(kernels);
    }

    @Override public String name() { return gpu instanceof EmulatedGpu ? "emulated" : "cuda"; }

    @Override public String description() {
        String own = patchKernels == PatchKernels.OWN ? " and patch embedding" : "";
        return name() + ": " + gpu.description() + (precision == Precision.EXACT ? "" : ", bf16 factors in products, attention" + own + " ("
                + precision + ")")
                + (patchKernels == PatchKernels.CUDNN ? ", patch embedding by cuDNN (TF32 factors)" : "");
    }

    /// What tensor cores and NVIDIA's libraries do inside is theirs, so other bits than the exact ones are those of one kind of GPU.
    @Override public String arithmetic() {
        if (precision == Precision.EXACT && patchKernels == PatchKernels.OWN) return EXACT;
        return precision.name().toLowerCase(Locale.ROOT) + (patchKernels == PatchKernels.OWN ? "" : ", patches by cudnn") + " on "
                + (gpu instanceof EmulatedGpu ? name() : "sm_" + gpu.computeCapability());
    }

    @Override public Buffer allocate(DType dtype, long length) { return memory.allocate(dtype, length); }

    /// Copies: the kernels cannot reach host memory.
    @Override public Buffer adopt(DType dtype, MemorySegment segment) {
        HostArray.wholeElements(dtype, segment);
        CudaBuffer buffer = memory.allocate(dtype, segment.byteSize() / dtype.bytes());
        gpu.copyIn(buffer.address(), segment);
        return buffer;
    }

    @Override public void prepack(Matrix w) { ProductArguments.prepack(w); }

    @Override public Optional<PackedOrder> packedOrder() { return Optional.empty(); }

    @Override public void write(Buffer target, long offset, Object array) {
        MemorySegment source = HostArray.segment(target.dtype(), array, "write");
        gpu.copyIn(CudaBuffer.address(target) + HostArray.byteOffset(target, offset, source.byteSize(), "write"), source);
    }

    @Override public void read(Buffer source, long offset, Object array) {
        MemorySegment target = HostArray.segment(source.dtype(), array, "read");
        kernels.complaints().read(CudaBuffer.source(source) + HostArray.byteOffset(source, offset, target.byteSize(), "read"), target);
    }

    @Override public Repetition repetition() { return gpu.replay(); }

    @Override public long liveBytes() { return memory.liveBytes(); }

    @Override public long peakBytes() { return memory.peakBytes(); }

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

    /// The GPU frees all that is left, kept memory as well.
    @Override public void close() {
        if (closed) return;
        closed = true;
        memory.end();
        gpu.close();
    }

    @Override public String toString() { return description(); }
}
