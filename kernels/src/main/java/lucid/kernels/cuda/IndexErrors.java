package lucid.kernels.cuda;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.gpu.Gpu;

/// A word on the device in which kernels leave the least row whose index is out of range, and the complaint about it. Asking costs one wait for the GPU.
/// While a graph is recorded nothing can be asked: what it finds wrong when it runs, the next call outside says.
final class IndexErrors {
    private static final int NONE = -1;

    private final Gpu gpu;
    private final int[] word = {NONE};
    private final long address;

    /// Sets the word up at once, since nothing can be copied while a graph is recorded.
    IndexErrors(Gpu gpu) {
        this.gpu = gpu;
        this.address = gpu.allocate(Integer.BYTES, "error word of the indices");
        gpu.copyIn(address, MemorySegment.ofArray(word));
    }

    /// The word, an unsigned number that kernels lower by `red.min`. It belongs to the device, not to a call.
    long address() { return address; }

    /// Refuses what the kernels of this call complained about, in the words of [Checks#index].
    void check(String operation, String name, Buffer indices, int limit) {
        if (gpu.recording() != null) return;
        gpu.copyOut(address, MemorySegment.ofArray(word));
        int row = word[0];
        if (row == NONE) return;
        word[0] = NONE;
        gpu.copyIn(address, MemorySegment.ofArray(word));
        if (row >= indices.length()) throw earlier(operation, row);
        int[] index = new int[1];
        gpu.copyOut(CudaBuffer.address(indices) + 4L * row, MemorySegment.ofArray(index));
        Checks.index(operation, name, row, index[0], limit);
        throw earlier(operation, row);
    }

    private static IllegalStateException earlier(String operation, int row) {
        return new IllegalStateException(operation + ": a graph that ran before this call met an index out of range in row " + row + "; wanted the indices of recorded calls to be checked before they are written");
    }
}
