package lucid.kernels.host;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;

/// The Java arrays that go in and out of buffers.
public final class HostArray {
    private HostArray() {}

    /// The array as memory, when its element type is the one that the dtype goes with.
    ///
    /// @param what the operation, for messages
    public static MemorySegment segment(DType dtype, Object array, String what) {
        Objects.requireNonNull(array, what + ": array");
        return switch (array) {
            case float[] a when dtype == DType.F32 -> MemorySegment.ofArray(a);
            case int[] a when dtype == DType.I32 -> MemorySegment.ofArray(a);
            case long[] a when dtype == DType.I64 -> MemorySegment.ofArray(a);
            case short[] a when dtype == DType.BF16 || dtype == DType.F16 -> MemorySegment.ofArray(a);
            case byte[] a when dtype == DType.U8 -> MemorySegment.ofArray(a);
            default -> throw new IllegalArgumentException(what + ": a " + array.getClass().getSimpleName() + " does not hold " + dtype
                    + "; wanted float[] for F32, int[] for I32, long[] for I64, short[] for BF16 and F16, byte[] for U8");
        };
    }

    /// Refuses memory that ends inside an element.
    public static void wholeElements(DType dtype, MemorySegment memory) {
        if (memory.byteSize() % dtype.bytes() == 0) return;
        throw new IllegalArgumentException("adopt: " + memory.byteSize() + " bytes as " + dtype + "; wanted a multiple of " + dtype.bytes()
                + " bytes");
    }

    /// `bytes` bytes from element `offset` on lie inside the buffer; the byte offset.
    ///
    /// @throws IndexOutOfBoundsException otherwise
    public static long byteOffset(Buffer buffer, long offset, long bytes, String what) {
        long size = buffer.dtype().bytes();
        if (offset < 0 || offset > buffer.length() - bytes / size) {
            throw new IndexOutOfBoundsException(what + ": " + bytes / size + " elements at " + offset + " of a buffer of " + buffer.length());
        }
        return offset * size;
    }
}
