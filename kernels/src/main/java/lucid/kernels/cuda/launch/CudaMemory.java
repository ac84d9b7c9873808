package lucid.kernels.cuda.launch;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.OutOfDeviceMemoryException;
import lucid.kernels.host.IdleBlocks;
import lucid.kernels.host.SizeClass;

/// Buffers of a GPU: counted, and recycled by size classes where the GPU wants that. Everything runs on one stream, so a block may be given out again
/// while the kernels that used it are still queued. Of the blocks of a class the one at the lowest address goes first: a step that begins with the
/// same blocks free then meets the same addresses, in whatever order the step before gave them back, which is what lets [lucid.kernels.gpu.Replay]
/// know it again.
///
/// Idle blocks return to the GPU when more than twice is held of what was ever in use ([IdleBlocks]), or when the GPU has no memory left. Unlike in
/// main memory no buffer takes an idle block of another class: a batch that just fits would no longer fit in blocks of twice its size.
public final class CudaMemory implements AutoCloseable {
    private static final long ALIGNMENT = 256;

    private final Gpu gpu;
    /// From here on classes are [#LARGE_STEP] apart, what the driver gives out itself: an eighth of a weight matrix would be much.
    private static final long LARGE = 64 << 20;
    private static final long LARGE_STEP = 2 << 20;

    private final IdleBlocks idle = new IdleBlocks(IdleBlocks.LOWEST_FIRST, this::giveBack);
    private final List<Runnable> kept = new ArrayList<>();
    private long liveBytes;
    private long peakBytes;
    /// Bytes of the blocks in use, live or kept aside, and the most that there were.
    private long usedBytes;
    private long mostUsedBytes;
    /// Bytes taken from the GPU, in use or idle.
    private long heldBytes;
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
        IdleBlocks.Block block = idle.take(held, held);
        long address = block == null ? fresh(held, dtype + "[" + length + "]") : block.address();
        if (live) liveBytes += bytes;
        peakBytes = Math.max(peakBytes, liveBytes);
        usedBytes += held;
        mostUsedBytes = Math.max(mostUsedBytes, usedBytes);
        return new CudaBuffer(this, dtype, length, address, held, live);
    }

    private static long sizeClass(long bytes) {
        return bytes > LARGE ? (bytes + LARGE_STEP - 1) / LARGE_STEP * LARGE_STEP : SizeClass.of(bytes, ALIGNMENT);
    }

    /// Memory from the GPU; when there is none left, once more without what is kept.
    private long fresh(long held, String what) {
        idle.makeRoom(heldBytes, held, Math.max(mostUsedBytes, usedBytes + held), Long.MAX_VALUE);
        long address;
        try {
            address = gpu.allocate(held, what);
        } catch (OutOfDeviceMemoryException _) {
            close();
            address = gpu.allocate(held, what);
        }
        heldBytes += held;
        return address;
    }

    private void giveBack(IdleBlocks.Block block) {
        gpu.free(block.address());
        heldBytes -= block.size();
    }

    void release(CudaBuffer buffer, long address, long held) {
        if (buffer.live()) liveBytes -= buffer.bytes();
        usedBytes -= held;
        if (ended) return;
        IdleBlocks.Block block = new IdleBlocks.Block(address, held);
        if (gpu.poolsMemory()) idle.add(block);
        else giveBack(block);
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

    /// Bytes taken from the GPU and not given back, whether in use or idle.
    long heldBytes() { return heldBytes; }

    /// Gives back to the GPU what is kept; buffers in use stay.
    @Override public void close() {
        kept.forEach(Runnable::run);
        idle.giveBack(Long.MAX_VALUE);
    }
}
