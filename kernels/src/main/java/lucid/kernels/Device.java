package lucid.kernels;

import java.lang.foreign.MemorySegment;
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
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.Repetition;

/// A place where tensors live and kernels run. Kernels may run asynchronously: their results are seen through [#read], which waits.
/// One thread at a time may use a device, whichever it is; [SimdDevice] refuses a second one where it notices. Several devices do not know of each
/// other.
public sealed interface Device extends AutoCloseable permits HostDevice, CudaDevice {
    /// [#arithmetic()] of the devices that keep the orders of `BIT-CONTRACT.md`: SIMD of any vector width, CUDA and the emulator with
    /// [lucid.kernels.cuda.Precision#EXACT].
    String EXACT = "exact";

    /// Short name, as on the command line: `reference`, `simd`, `cuda`, `emulated`.
    String name();

    /// One line for people: what this device runs on.
    String description();

    /// Which bits results have: devices of one arithmetic give the same ones, those of two others. What is begun on one device can be gone on with on
    /// another of its arithmetic.
    String arithmetic();

    /// A buffer of `length` elements; its contents are undefined.
    Buffer allocate(DType dtype, long length);

    /// Uses memory that the caller keeps alive for as long as the buffer (a mapped weight file) where it lies, if the device can; otherwise copies
    /// it. A whole number of elements, or it is refused.
    Buffer adopt(DType dtype, MemorySegment memory);

    /// Says that many products `a · wᵀ` will come, and that nobody writes w until its buffer is closed. A device may then keep a copy of w in the
    /// order in which its products read it: made at one of them, counted among its bytes, freed with w's buffer. If w lies in a mapped file, its
    /// pages go back to the system, which reads them again for whoever asks. No bit changes. Devices that gain nothing do nothing.
    ///
    /// @param w f32, bf16 or f16 [n, k], the whole of its buffer
    void prepack(Matrix w);

    /// The order that [#prepack] makes, for those who keep it in a file; empty where weights are best as they lie.
    Optional<PackedOrder> packedOrder();

    /// Host to device. The array (`float[]` for F32, `int[]` for I32, `long[]` for I64, `short[]` for BF16 and F16, `byte[]` for U8) is written
    /// whole, from element `offset` on.
    void write(Buffer target, long offset, Object array);

    /// Device to host, into the whole array, from element `offset` on; waits for the kernels before it. What a kernel found wrong in numbers that lie
    /// on the device (an index outside its table) is said here at the latest: the first wrong call since the last read is refused as if it were made
    /// now, and the array's contents are undefined.
    void read(Buffer source, long offset, Object array);

    /// A step that will be done again and again: decoding. Close it when it is over.
    Repetition repetition();

    /// Bytes of buffers that are open.
    long liveBytes();

    /// Largest [#liveBytes()] so far.
    long peakBytes();

    // The families of kernels. Formulas, shapes, types and accumulation orders stand in their interfaces; types and shapes are checked before
    // anything runs.

    MatMul matMul();

    Elementwise elementwise();

    Reduce reduce();

    Normalization normalization();

    Rotary rotary();

    Attention attention();

    PatchEmbedding patchEmbedding();

    Embedding embedding();

    LogProb logProb();

    Optimizer optimizer();

    Sampling sampling();

    Conversion conversion();

    /// Gives back all memory, that of buffers which are still open as well: using them, or the device, is refused from then on, closing them or it
    /// again does nothing.
    @Override void close();
}
