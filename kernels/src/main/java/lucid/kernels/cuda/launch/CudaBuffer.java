package lucid.kernels.cuda.launch;

import java.util.HashSet;
import java.util.Set;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// A buffer in device memory.
public final class CudaBuffer implements Buffer {
    private final CudaMemory memory;
    private final DType dtype;
    private final long length;
    private final long address;
    private final long held;
    private final boolean live;
    private long version;
    private Set<Bf16Factors> keepers = Set.of();
    private boolean closed;

    /// @param live whether it counts as live memory
    CudaBuffer(CudaMemory memory, DType dtype, long length, long address, long held, boolean live) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.address = address;
        this.held = held;
        this.live = live;
    }

    /// The device address of element 0. Whoever asks for it may write there, so [#version] grows.
    public long address() {
        version++;
        return source();
    }

    /// The device address of element 0, for somebody who only reads.
    public long source() {
        if (memory.ended()) throw memory.refusal("use of buffer " + dtype + "[" + length + "]");
        return open();
    }

    private long open() {
        if (closed) throw new IllegalStateException("buffer " + dtype + "[" + length + "] was used after it was closed");
        return address;
    }

    /// While it stays the same, so do the contents.
    long version() { return version; }

    boolean live() { return live; }

    /// `factors` hold a copy, which goes when this buffer goes.
    void keptBy(Bf16Factors factors) {
        if (keepers.contains(factors)) return;
        if (keepers.isEmpty()) keepers = new HashSet<>();
        keepers.add(factors);
    }

    /// The device address of a buffer's element 0.
    public static long address(Buffer buffer) { return of(buffer).address(); }

    /// [#address(Buffer)] for somebody who only reads.
    public static long source(Buffer buffer) { return of(buffer).source(); }

    /// The device address of a view's first element.
    public static long address(Matrix m) { return of(m.buffer()).address() + m.offset() * m.dtype().bytes(); }

    /// [#address(Matrix)] for somebody who only reads.
    public static long source(Matrix m) { return of(m.buffer()).source() + m.offset() * m.dtype().bytes(); }

    /// The device buffer behind the contract's opaque one.
    public static CudaBuffer of(Buffer buffer) {
        if (buffer instanceof CudaBuffer cuda) return cuda;
        throw new IllegalArgumentException("a CUDA device got a " + buffer.getClass().getSimpleName() + "; wanted a buffer of its own kind");
    }

    long bytes() { return length * dtype.bytes(); }

    @Override public DType dtype() { return dtype; }

    @Override public long length() { return length; }

    @Override public void close() {
        long at = open();
        keepers.forEach(k -> k.closed(this));
        closed = true;
        memory.release(this, at, held);
    }
}
