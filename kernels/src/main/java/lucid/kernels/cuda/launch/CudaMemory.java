package lucid.kernels.cuda.launch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.OutOfDeviceMemoryException;
import lucid.kernels.host.SizeClass;

/// Buffers of a GPU: counted, and recycled by size classes where the GPU wants that. Everything runs on one stream, so a block may be given out again
/// while the kernels that used it are still queued. Of the blocks of a class the one at the lowest address goes first: a step that begins with the
/// same blocks free then meets the same addresses, in whatever order the step before gave them back, which is what lets [lucid.kernels.gpu.Replay]
/// know it again.
public final class CudaMemory implements AutoCloseable {
    private static final long ALIGNMENT = 256;

    private final Gpu gpu;
    /// From here on classes are [#LARGE_STEP] apart, what the driver gives out itself: an eighth of a weight matrix would be much.
    private static final long LARGE = 64 << 20;
    private static final long LARGE_STEP = 2 << 20;

    private final Map<Long, PriorityQueue<Long>> free = new HashMap<>();
    private final List<Runnable> kept = new ArrayList<>();
    private long liveBytes;
    private long peakBytes;
    private boolean ended;

    public CudaMemory(Gpu gpu) { this.gpu = gpu; }

    /// A buffer of `length` elements with undefined contents.
    public CudaBuffer allocate(DType dtype, long length) { return allocate(dtype, length, true); }

    /// A buffer that counts as kept, not as live: its owner gives it back when [#givesWay] asks.
    CudaBuffer aside(DType dtype, long length) { return allocate(dtype, length, false); }

    /// Run when memory is short, and in the end.
    void givesWay(Runnable giveBack) { kept.add(giveBack); }

    private CudaBuffer allocate(DType dtype, long length, boolean live) {
        if (ended) throw refusal("allocate " + dtype + "[" + length + "]");
        if (length < 0) throw new IllegalArgumentException("allocate " + dtype + "[" + length + "]: wanted a length >= 0");
        long bytes = Math.multiplyExact(length, (long) dtype.bytes());
        long held = gpu.poolsMemory() ? sizeClass(bytes) : Math.max(1, bytes);
        PriorityQueue<Long> list = free.get(held);
        Long address = list == null ? null : list.poll();
        if (address == null) address = fresh(held, dtype + "[" + length + "]");
        if (live) liveBytes += bytes;
        peakBytes = Math.max(peakBytes, liveBytes);
        return new CudaBuffer(this, dtype, length, address, held, live);
    }

    private static long sizeClass(long bytes) {
        return bytes > LARGE ? (bytes + LARGE_STEP - 1) / LARGE_STEP * LARGE_STEP : SizeClass.of(bytes, ALIGNMENT);
    }

    /// Memory from the GPU; when there is none left, once more without what is kept.
    private long fresh(long held, String what) {
        try {
            return gpu.allocate(held, what);
        } catch (OutOfDeviceMemoryException _) {
            close();
            return gpu.allocate(held, what);
        }
    }

    void release(CudaBuffer buffer, long address, long held) {
        if (buffer.live()) liveBytes -= buffer.bytes();
        if (ended) return;
        if (gpu.poolsMemory()) free.computeIfAbsent(held, _ -> new PriorityQueue<>()).add(address);
        else gpu.free(address);
    }

    /// Says that the GPU has freed everything with its device: from now on nothing is allocated, freed or used.
    public void end() { ended = true; }

    boolean ended() { return ended; }

    /// Of what cannot be done after [#end].
    IllegalStateException refusal(String what) { return new IllegalStateException(what + ": the device was closed; wanted an open one"); }

    /// Bytes of the buffers that are in use, as they were asked for: neither rounding to size classes nor what is kept for later.
    public long liveBytes() { return liveBytes; }

    /// Largest [#liveBytes] so far.
    public long peakBytes() { return peakBytes; }

    /// Gives back to the GPU what is kept; buffers in use stay.
    @Override public void close() {
        kept.forEach(Runnable::run);
        free.values().forEach(list -> list.forEach(gpu::free));
        free.clear();
    }
}
