package lucid.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.host.HostMemory;

/// What the two CPU devices share: memory and transfers. Everything is synchronous.
abstract sealed class HostDevice implements Device permits ReferenceDevice, SimdDevice {
    private final HostMemory memory = new HostMemory();

    @Override public Buffer allocate(DType dtype, long length) { return memory.allocate(dtype, length); }

    @Override public Buffer adopt(DType dtype, MemorySegment segment) { return memory.wrap(dtype, segment); }

    @Override public void write(Buffer target, long offset, Object array) {
        MemorySegment source = heap(target.dtype(), array, "write");
        MemorySegment to = slice(target, offset, source.byteSize(), "write");
        MemorySegment.copy(source, 0, to, 0, source.byteSize());
    }

    @Override public void read(Buffer source, long offset, Object array) {
        MemorySegment target = heap(source.dtype(), array, "read");
        MemorySegment from = slice(source, offset, target.byteSize(), "read");
        MemorySegment.copy(from, 0, target, 0, target.byteSize());
    }

    private static MemorySegment slice(Buffer buffer, long offset, long bytes, String what) {
        long size = buffer.dtype().bytes();
        if (offset < 0 || offset * size + bytes > buffer.length() * size) {
            throw new IndexOutOfBoundsException(what + ": " + bytes / size + " elements at " + offset + " of a buffer of " + buffer.length());
        }
        return HostBuffer.of(buffer).segment().asSlice(offset * size, bytes);
    }

    private static MemorySegment heap(DType dtype, Object array, String what) {
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

    @Override public long liveBytes() { return memory.liveBytes(); }

    @Override public long peakBytes() { return memory.peakBytes(); }

    @Override public void close() { memory.close(); }

    @Override public String toString() { return description(); }
}
