package lucid.kernels.host;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import lucid.kernels.contract.operand.DType;

/// Allocates and recycles the buffers of a CPU device. Blocks are rounded up to size classes (eight per power of two), so that a training step finds
/// the blocks of the step before; where there is none of its class, a buffer takes an idle one of up to twice its size. Idle blocks return to the
/// system when more than twice is held of what was ever live ([IdleBlocks]), or more than a [#limit]: work that was planned to fit must not fail for
/// what it no longer uses. The rest returns when the device closes; from then on nothing is allocated, and buffers that are still open refuse to be
/// used.
public final class HostMemory implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    private final String device;
    /// All that the pool has taken, in use or not, by the address that is handed out.
    private final Map<Long, MemorySegment> pooled = new HashMap<>();
    private final IdleBlocks idle = new IdleBlocks(IdleBlocks.NEWEST_FIRST, this::giveBack);
    /// What is allocated once, by address.
    private final Map<Long, MemorySegment> once = new HashMap<>();
    private long liveBytes;
    private long peakBytes;
    /// Bytes taken from the system, in use or pooled.
    private long heldBytes;
    private long limit = Long.MAX_VALUE;
    private boolean closed;

    /// @param device whose memory it is, for messages
    public HostMemory(String device) { this.device = device; }

    /// Main memory of this machine, or of the container that Java runs in.
    public static long physicalBytes() { return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize(); }

    /// A buffer of `length` elements with undefined contents.
    public synchronized HostBuffer allocate(DType dtype, long length) {
        if (closed) throw refusal("allocate " + dtype + "[" + length + "]");
        if (length < 0) throw new IllegalArgumentException("allocate " + dtype + "[" + length + "]: wanted a length >= 0");
        long bytes = Math.multiplyExact(length, (long) dtype.bytes());
        long size = SizeClass.of(bytes, ALIGNMENT);
        // A power of two and its eighths are classes, so a block is at most twice as large. Half of it may be lost; once half the limit is held,
        // nothing is.
        IdleBlocks.Block block = idle.take(size, heldBytes > limit / 2 ? size : 2 * size);
        MemorySegment segment = block == null ? reserve(dtype, length, size) : MemorySegment.ofAddress(block.address()).reinterpret(block.size());
        live(bytes);
        return new HostBuffer(this, dtype, length, segment, HostBuffer.Home.POOL);
    }

    /// Keeps nothing idle that would make the whole more than so many bytes. What is live may still be more.
    public synchronized void limit(long bytes) {
        if (bytes < 0) throw new IllegalArgumentException("memory of the device " + device + ": limit " + bytes + ", wanted at least 0 bytes");
        limit = bytes;
    }

    boolean closed() { return closed; }

    /// Of what cannot be done once the memory went back to the system.
    IllegalStateException refusal(String what) {
        return new IllegalStateException(what + ": the device " + device + " was closed; wanted an open one");
    }

    private void live(long bytes) {
        liveBytes += bytes;
        peakBytes = Math.max(peakBytes, liveBytes);
    }

    private MemorySegment reserve(DType dtype, long length, long size) {
        idle.makeRoom(heldBytes, size, Math.max(peakBytes, liveBytes + size), limit);
        MemorySegment block = CHeap.allocate(size + ALIGNMENT);
        if (block == null) {
            idle.giveBack(Long.MAX_VALUE);
            block = CHeap.allocate(size + ALIGNMENT);
        }
        if (block == null) {
            throw new IllegalStateException("no memory for " + dtype + "[" + length + "] (" + size + " bytes); " + liveBytes + " bytes are live, "
                    + heldBytes + " held. Use a smaller batch");
        }
        MemorySegment aligned = block.asSlice(-block.address() & ALIGNMENT - 1, size);
        pooled.put(aligned.address(), block);
        heldBytes += size;
        return aligned;
    }

    private void giveBack(IdleBlocks.Block block) {
        CHeap.free(pooled.remove(block.address()));
        heldBytes -= block.size();
    }

    /// See [HostBuffer#beside].
    synchronized HostBuffer allocateOnce(DType dtype, long length) {
        if (closed) throw refusal("allocate " + dtype + "[" + length + "]");
        long bytes = Math.multiplyExact(length, (long) dtype.bytes());
        MemorySegment segment = CHeap.allocate(bytes);
        if (segment == null) return null;
        PageAdvice.hugePages(segment);
        once.put(segment.address(), segment);
        heldBytes += bytes;
        live(bytes);
        return new HostBuffer(this, dtype, length, segment, HostBuffer.Home.SYSTEM);
    }

    synchronized void giveBack(MemorySegment segment, long bytes) {
        if (once.remove(segment.address()) == null) return;
        liveBytes -= bytes;
        heldBytes -= bytes;
        CHeap.free(segment);
    }

    /// A buffer over memory that somebody else keeps alive (a mapped file), not pooled and not counted.
    public HostBuffer wrap(DType dtype, MemorySegment memory) {
        if (closed) throw refusal("adopt " + dtype);
        HostArray.wholeElements(dtype, memory);
        if (!memory.isNative()) throw new IllegalArgumentException("adopt: heap memory; wanted native memory (one segment kind everywhere)");
        if (memory.address() % dtype.bytes() != 0) {
            throw new IllegalArgumentException("adopt: address " + memory.address() + " is not a multiple of " + dtype.bytes() + " for " + dtype);
        }
        return new HostBuffer(this, dtype, memory.byteSize() / dtype.bytes(), memory, HostBuffer.Home.GUEST);
    }

    synchronized void release(MemorySegment segment, long bytes) {
        liveBytes -= bytes;
        if (!closed) idle.add(new IdleBlocks.Block(segment.address(), segment.byteSize()));
    }

    /// Bytes in buffers that are not closed.
    public synchronized long liveBytes() { return liveBytes; }

    /// Largest value that [#liveBytes()] has had.
    public synchronized long peakBytes() { return peakBytes; }

    /// Bytes taken from the system and not given back, whether in use or idle.
    public synchronized long heldBytes() { return heldBytes; }

    /// A second time does nothing.
    @Override public synchronized void close() {
        if (closed) return;
        closed = true;
        idle.clear();
        pooled.values().forEach(CHeap::free);
        pooled.clear();
        once.values().forEach(CHeap::free);
        once.clear();
    }
}
