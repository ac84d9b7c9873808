package lucid.kernels.host;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import lucid.kernels.contract.operand.DType;

/// Allocates and recycles the buffers of a CPU device. Blocks are rounded up to size classes (eight per power of two), so that a training step finds
/// the blocks of the step before; where there is none of its class, a buffer takes an idle one of up to twice its size. Steps of ever other sizes
/// would leave idle blocks of all classes behind, ten times what is ever live: before more than twice that is held, those that are idle for longest
/// return to the system. Where a [#limit] is set, none is kept beyond it: work that was planned to fit must not fail for what it no longer uses. The
/// rest returns when the device closes; from then on nothing is allocated, and buffers that are still open refuse to be used.
public final class HostMemory implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    /// Idle blocks of so many bytes disturb nobody.
    private static final long SLACK = 64 << 20;

    private final String device;
    /// All that the pool has taken, in use or not, by the address that is handed out.
    private final Map<Long, MemorySegment> pooled = new HashMap<>();
    /// Idle blocks by size, each class in the order in which they became idle.
    private final TreeMap<Long, ArrayDeque<Idle>> free = new TreeMap<>();
    /// What is allocated once, by address.
    private final Map<Long, MemorySegment> once = new HashMap<>();
    private long liveBytes;
    private long peakBytes;
    /// Bytes taken from the system, in use or pooled.
    private long heldBytes;
    private long limit = Long.MAX_VALUE;
    /// How many buffers have been closed.
    private long releases;
    private boolean closed;

    /// @param since which release it was that left it idle
    private record Idle(MemorySegment block, long since) {}

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
        MemorySegment segment = idle(size);
        if (segment == null) segment = reserve(dtype, length, size);
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

    /// The smallest idle block that will do, or null. Half of a block may be lost in this way; once half the limit is held, nothing is.
    private MemorySegment idle(long size) {
        long most = heldBytes > limit / 2 ? size : 2 * size + 1;
        for (var entry = free.ceilingEntry(size); entry != null && entry.getKey() <= most; entry = free.higherEntry(entry.getKey())) {
            if (!entry.getValue().isEmpty()) return entry.getValue().pollLast().block();
        }
        return null;
    }

    private MemorySegment reserve(DType dtype, long length, long size) {
        giveBackIdle(Math.min(2 * Math.max(peakBytes, liveBytes + size) + SLACK, limit) - size);
        MemorySegment block = CHeap.allocate(size + ALIGNMENT);
        if (block == null) {
            giveBackIdle(0);
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

    /// Gives idle blocks back, the longest idle first, until no more than `most` bytes are held or none is idle.
    private void giveBackIdle(long most) {
        while (heldBytes > most) {
            ArrayDeque<Idle> oldest = free.values().stream().filter(blocks -> !blocks.isEmpty())
                    .min(Comparator.comparingLong(blocks -> blocks.peekFirst().since())).orElse(null);
            if (oldest == null) return;
            MemorySegment block = oldest.pollFirst().block();
            CHeap.free(pooled.remove(block.address()));
            heldBytes -= block.byteSize();
        }
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
        if (!closed) free.computeIfAbsent(segment.byteSize(), _ -> new ArrayDeque<>()).addLast(new Idle(segment, releases++));
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
        free.clear();
        pooled.values().forEach(CHeap::free);
        pooled.clear();
        once.values().forEach(CHeap::free);
        once.clear();
    }
}
