package lucid.kernels.host;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// A buffer in main memory. Its segment is always native and of global scope: kernels see one kind of segment only,
/// because HotSpot slows a call site down 3.6-fold for good once it has met a second kind.
public final class HostBuffer implements Buffer {
    private final HostMemory memory;
    private final DType dtype;
    private final long length;
    private final boolean pooled;
    private MemorySegment segment;

    HostBuffer(HostMemory memory, DType dtype, long length, MemorySegment segment, boolean pooled) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.segment = segment;
        this.pooled = pooled;
    }

    /// The memory itself, at least `length · dtype.bytes()` bytes.
    public MemorySegment segment() {
        if (segment == null) throw new IllegalStateException("buffer " + dtype + "[" + length + "] was used after it was closed");
        return segment;
    }

    /// The segment behind a view.
    public static MemorySegment segment(Matrix m) { return of(m.buffer()).segment(); }

    /// Byte address of a view's first element inside its segment.
    public static long byteOffset(Matrix m) { return m.offset() * m.dtype().bytes(); }

    /// The host buffer behind the contract's opaque one.
    public static HostBuffer of(Buffer buffer) {
        if (buffer instanceof HostBuffer host) return host;
        throw new IllegalArgumentException("a CPU device got a " + buffer.getClass().getSimpleName() + "; wanted a buffer of its own kind");
    }

    @Override public DType dtype() { return dtype; }

    @Override public long length() { return length; }

    @Override public void close() {
        MemorySegment s = segment();
        segment = null;
        if (pooled) memory.release(s, length * dtype.bytes());
    }
}
