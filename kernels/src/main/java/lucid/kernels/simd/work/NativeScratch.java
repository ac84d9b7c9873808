package lucid.kernels.simd.work;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;

/// Working memory of one kernel family, or of one of its threads, kept from call to call and grown when needed: a chunk of logits, a chunk of
/// patches. It belongs to the pool of threads that work in it and is freed with it. It is not a tensor, so it is not counted among the device's live
/// bytes.
public final class NativeScratch {
    private Arena arena;
    private Buffer buffer;

    public NativeScratch(Workers owner) { owner.own(this); }

    /// A dense f32 matrix of undefined contents, valid until the next call.
    public Matrix matrix(int rows, int cols) {
        long floats = (long) rows * cols;
        if (buffer == null || buffer.length() < floats) {
            free();
            arena = Arena.ofShared();
            buffer = HostBuffer.guest(arena.allocate(Math.max(1, floats) * 4, 64));
        }
        return new Matrix(buffer, 0, rows, cols, cols);
    }

    /// The memory of [#matrix] of one row of so many floats.
    public MemorySegment floats(int n) { return HostBuffer.segment(matrix(1, n)); }

    long bytes() { return buffer == null ? 0 : buffer.length() * 4; }

    void free() {
        if (arena != null) arena.close();
        arena = null;
        buffer = null;
    }
}
