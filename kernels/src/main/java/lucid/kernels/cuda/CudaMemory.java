package lucid.kernels.cuda;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import lucid.kernels.contract.DType;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.OutOfDeviceMemoryException;
import lucid.kernels.host.SizeClass;

/// Buffers of a GPU: counted, and recycled by size classes (eight per power of two) where the GPU wants that. Everything runs on one stream, so a block may be given
/// out again while the kernels that used it are still queued.
public final class CudaMemory implements AutoCloseable {
    private static final long ALIGNMENT = 256;

    private final Gpu gpu;
    private final Map<Long, ArrayDeque<Long>> free = new HashMap<>();
    private long liveBytes;
    private long peakBytes;

    public CudaMemory(Gpu gpu) { this.gpu = gpu; }

    /// A buffer of `length` elements with undefined contents.
    public CudaBuffer allocate(DType dtype, long length) {
        if (length < 0) throw new IllegalArgumentException("allocate " + dtype + "[" + length + "]: wanted a length >= 0");
        long bytes = Math.multiplyExact(length, (long) dtype.bytes());
        long held = gpu.poolsMemory() ? SizeClass.of(bytes, ALIGNMENT) : Math.max(1, bytes);
        ArrayDeque<Long> list = free.get(held);
        Long address = list == null ? null : list.pollLast();
        if (address == null) address = fresh(held, dtype + "[" + length + "]");
        liveBytes += bytes;
        peakBytes = Math.max(peakBytes, liveBytes);
        return new CudaBuffer(this, dtype, length, address, held);
    }

    /// Memory from the GPU; when there is none left, once more without what is kept for other sizes.
    private long fresh(long held, String what) {
        try {
            return gpu.allocate(held, what);
        } catch (OutOfDeviceMemoryException e) {
            if (free.values().stream().allMatch(ArrayDeque::isEmpty)) throw e;
            close();
            return gpu.allocate(held, what);
        }
    }

    void release(CudaBuffer buffer, long address, long held) {
        liveBytes -= buffer.bytes();
        // A graph that is being recorded will use the memory again, each time that it runs.
        if (gpu.recording() != null) gpu.recording().onClose(() -> giveBack(address, held));
        else giveBack(address, held);
    }

    private void giveBack(long address, long held) {
        if (gpu.poolsMemory()) free.computeIfAbsent(held, _ -> new ArrayDeque<>()).addLast(address);
        else gpu.free(address);
    }

    public long liveBytes() { return liveBytes; }

    public long peakBytes() { return peakBytes; }

    /// Gives back to the GPU what is kept; buffers in use stay.
    @Override public void close() {
        free.values().forEach(list -> list.forEach(gpu::free));
        free.clear();
    }
}
