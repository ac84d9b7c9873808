package lucid.kernels.cuda;

import java.lang.foreign.MemorySegment;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.gpu.Gpu;

/// A word on the device in which kernels leave the least row whose index is out of range, and the complaint about it. Asking costs one wait for the GPU.
final class IndexErrors {
    private static final int NONE = -1;

    private final Gpu gpu;
    private final int[] word = {NONE};
    private long address;

    IndexErrors(Gpu gpu) { this.gpu = gpu; }

    /// The word, an unsigned number that kernels lower by `red.min`. It belongs to the device, not to a call.
    long address() {
        if (address == 0) {
            address = gpu.allocate(Integer.BYTES, "error word of the indices");
            gpu.copyIn(address, MemorySegment.ofArray(word));
        }
        return address;
    }

    /// Refuses what the kernels of this call complained about, in the words of [Checks#index].
    void check(String operation, String name, Buffer indices, int limit) {
        gpu.copyOut(address(), MemorySegment.ofArray(word));
        int row = word[0];
        if (row == NONE) return;
        word[0] = NONE;
        gpu.copyIn(address(), MemorySegment.ofArray(word));
        int[] index = new int[1];
        gpu.copyOut(CudaBuffer.address(indices) + 4L * row, MemorySegment.ofArray(index));
        Checks.index(operation, name, row, index[0], limit);
        throw new IllegalStateException(operation + ": the GPU refused " + name + "[" + row + "] = " + index[0] + ", which lies in 0 .. " + (limit - 1));
    }
}
