package lucid.kernels.host;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// A buffer in main memory. Its segment is always native and of global scope: kernels see one kind of segment only,
/// because HotSpot slows a call site down 3.6-fold for good once it has met a second kind.
public final class HostBuffer implements Buffer {
    /// Something that a device keeps for a buffer, and that ends with it.
    public interface Companion {
        void free();
    }

    /// Where the memory goes when the buffer is closed.
    enum Home {
        /// To the pool.
        POOL,
        /// To the system.
        SYSTEM,
        /// Nowhere: it is somebody else's.
        GUEST
    }

    private final HostMemory memory;
    private final DType dtype;
    private final long length;
    private final Home home;
    private final MemorySegment given;
    private MemorySegment segment;
    private Companion companion;

    /// @param memory null: memory of no device, see [#guest]
    /// @param given  the segment as it came
    HostBuffer(HostMemory memory, DType dtype, long length, MemorySegment given, Home home) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.given = given;
        // One segment kind everywhere: a global-scope native segment, whatever arena the memory came from.
        segment = MemorySegment.ofAddress(given.address()).reinterpret(given.byteSize());
        this.home = home;
    }

    /// f32 memory that belongs to no device: its owner takes care that nobody uses it when it has gone.
    public static HostBuffer guest(MemorySegment floats) {
        return new HostBuffer(null, DType.F32, floats.byteSize() / Float.BYTES, floats, Home.GUEST);
    }

    /// The memory itself, at least `length · dtype.bytes()` bytes.
    public MemorySegment segment() {
        if (memory != null && memory.closed()) throw memory.refusal("use of buffer " + dtype + "[" + length + "]");
        return open();
    }

    private MemorySegment open() {
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

    /// What was kept for this buffer, or null.
    public Companion companion() { return companion; }

    /// Keeps something for this buffer until it is closed.
    public void keep(Companion companion) { this.companion = companion; }

    /// A buffer of the same type from the same memory, with undefined contents. It goes back to the system when it is closed, so it suits what is
    /// large and made once; its pages come when they are first written, to the thread that writes. Null where there is no memory.
    public HostBuffer beside(long length) { return memory.allocateOnce(dtype, length); }

    /// Gives the pages of a mapped file back to the system, which reads them again if somebody asks.
    public void unload() {
        if (given.isMapped()) given.unload();
    }

    @Override public DType dtype() { return dtype; }

    @Override public long length() { return length; }

    @Override public void close() {
        MemorySegment s = open();
        segment = null;
        if (companion != null) companion.free();
        switch (home) {
            case POOL -> memory.release(s, length * dtype.bytes());
            case SYSTEM -> memory.giveBack(s, length * dtype.bytes());
            case GUEST -> { }
        }
    }
}
