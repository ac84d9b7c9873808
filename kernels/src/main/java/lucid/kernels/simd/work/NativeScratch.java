package lucid.kernels.simd.work;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.host.HostMemory;

/// f32 working memory of one kernel family, kept from call to call and grown when needed: a chunk of logits, a chunk of patches.
/// It is not a tensor, so it is not counted among the device's live bytes.
public final class NativeScratch {
    private final HostMemory views = new HostMemory();
    private MemorySegment owner;
    private Buffer buffer;

    /// A dense matrix of undefined contents, valid until the next call.
    public Matrix matrix(int rows, int cols) {
        long floats = (long) rows * cols;
        if (buffer == null || buffer.length() < floats) {
            // The automatic arena frees the block when this object, which alone holds the owning segment, is unreachable.
            owner = Arena.ofAuto().allocate(Math.max(1, floats) * 4, 64);
            buffer = views.wrap(DType.F32, owner);
        }
        return new Matrix(buffer, 0, rows, cols, cols);
    }
}
