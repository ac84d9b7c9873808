package lucid.kernels.cuda;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;

/// A buffer in device memory.
public final class CudaBuffer implements Buffer {
    private final CudaMemory memory;
    private final DType dtype;
    private final long length;
    private final long address;
    private final long held;
    private boolean closed;

    CudaBuffer(CudaMemory memory, DType dtype, long length, long address, long held) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.address = address;
        this.held = held;
    }

    /// The device address of element 0.
    public long address() {
        if (closed) throw new IllegalStateException("buffer " + dtype + "[" + length + "] was used after it was closed");
        return address;
    }

    /// The device address of a buffer's element 0.
    public static long address(Buffer buffer) { return of(buffer).address(); }

    /// The device address of a view's first element.
    public static long address(Matrix m) { return of(m.buffer()).address() + m.offset() * m.dtype().bytes(); }

    /// The device buffer behind the contract's opaque one.
    public static CudaBuffer of(Buffer buffer) {
        if (buffer instanceof CudaBuffer cuda) return cuda;
        throw new IllegalArgumentException("a CUDA device got a " + buffer.getClass().getSimpleName() + "; wanted a buffer of its own kind");
    }

    long bytes() { return length * dtype.bytes(); }

    @Override public DType dtype() { return dtype; }

    @Override public long length() { return length; }

    @Override public void close() {
        long at = address();
        closed = true;
        memory.release(this, at, held);
    }
}
