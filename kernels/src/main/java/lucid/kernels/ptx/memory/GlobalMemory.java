package lucid.kernels.ptx.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import lucid.kernels.ptx.memory.shadow.Page;
import lucid.kernels.ptx.memory.shadow.Shadow;
import lucid.kernels.ptx.text.syntax.Space;

/// Global memory: allocations with unmapped gaps of at least 4 KB around them, at addresses that depend on a seed.
///
/// Only pages that somebody touches exist, so that a buffer of many GB costs nothing: index arithmetic past 2^31 can be run. An allocation begins at
/// a multiple of 256, as `cuMemAlloc` promises, and in general at no higher one. Its bytes are 0xFF and uninitialised unless they are given.
public final class GlobalMemory extends CheckedMemory {
    private static final int CHUNK = 1 << 12;
    private static final int GAP = 4096;

    /// A piece of global memory.
    ///
    /// @param name for messages
    /// @param zeroed it starts as zeros instead of uninitialised 0xFF
    public record Allocation(String name, long address, long bytes, boolean zeroed) {
        boolean holds(long at) {
            return at >= address && at < address + bytes;
        }
    }

    private final SplittableRandom random;
    private final Page[][] chunks = new Page[(int) (Windows.GLOBAL_BYTES / Shadow.BYTES / CHUNK)][];
    private final TreeMap<Long, Allocation> allocations = new TreeMap<>();
    private final List<Allocation> freed = new ArrayList<>();
    private long next = Windows.GLOBAL;

    /// @param seed of the gaps and of the order of lanes within an atomic instruction
    public GlobalMemory(long seed) {
        super(seed);
        random = new SplittableRandom(seed);
    }

    /// Uninitialised memory.
    ///
    /// @return its address
    public long allocate(String name, long bytes) {
        return reserve(name, bytes, false);
    }

    /// Memory full of zeros.
    public long allocateZero(String name, long bytes) {
        return reserve(name, bytes, true);
    }

    /// Memory with a content.
    public long allocate(String name, byte[] initial) {
        long address = reserve(name, initial.length, false);
        write(address, initial);
        return address;
    }

    private synchronized long reserve(String name, long bytes, boolean zeroed) {
        if (bytes < 0 || bytes > Windows.GLOBAL_BYTES - (next - Windows.GLOBAL) - 4L * Shadow.BYTES) {
            throw new IllegalArgumentException("allocation '" + name + "': wanted between 0 and "
                    + Math.max(0, Windows.GLOBAL_BYTES - (next - Windows.GLOBAL) - 4L * Shadow.BYTES) + " bytes, found " + bytes);
        }
        long address = next + GAP + 256L * random.nextInt(32);
        long pages = (address + bytes + GAP - next + Shadow.BYTES - 1) / Shadow.BYTES + random.nextInt(3);
        next += pages * Shadow.BYTES;
        allocations.put(address, new Allocation(name, address, bytes, zeroed));
        return address;
    }

    /// Gives memory back; later accesses are findings that name it.
    public synchronized void free(long address) {
        Allocation allocation = allocations.remove(address);
        if (allocation == null) {
            throw new IllegalArgumentException("free: 0x" + Long.toHexString(address) + " is not the address of an allocation; it is "
                    + describe(address, 1));
        }
        freed.add(allocation);
        for (long at = address & -Shadow.BYTES; at < address + allocation.bytes(); at += Shadow.BYTES) {
            Page[] chunk = chunks[chunk(at)];
            if (chunk == null) {
                at |= (long) (CHUNK - 1) * Shadow.BYTES;
            } else {
                chunk[pageInChunk(at)] = null;
            }
        }
    }

    /// What is allocated, by address.
    public synchronized List<Allocation> allocations() {
        return new ArrayList<>(allocations.values());
    }

    /// A kernel boundary: everything before it is ordered before everything after.
    ///
    /// @param threads how many threads will access this memory
    public synchronized void beginLaunch(int threads) {
        setThreads(threads);
        forgetFlights();
        for (Page[] chunk : chunks) {
            if (chunk != null) {
                Arrays.stream(chunk).filter(page -> page != null).forEach(Page::forgetAccesses);
            }
        }
    }

    private static int chunk(long address) {
        return (int) ((address - Windows.GLOBAL) / ((long) Shadow.BYTES * CHUNK));
    }

    private static int pageInChunk(long address) {
        return (int) ((address - Windows.GLOBAL) / Shadow.BYTES) & CHUNK - 1;
    }

    /// Pages are published without a barrier: all their fields that matter are final.
    @Override
    Page page(long address) {
        long offset = address - Windows.GLOBAL;
        if (offset < 0 || offset >= Windows.GLOBAL_BYTES) {
            return null;
        }
        Page[] chunk = chunks[(int) (offset >>> 26)];
        Page page = chunk == null ? null : chunk[(int) (offset >>> 14) & CHUNK - 1];
        return page != null ? page : create(address);
    }

    private synchronized Page create(long address) {
        long start = address & -Shadow.BYTES;
        Map.Entry<Long, Allocation> entry = allocations.lowerEntry(start + Shadow.BYTES);
        if (entry == null || entry.getValue().address() + entry.getValue().bytes() <= start) {
            return null;
        }
        int index = chunk(address);
        if (chunks[index] == null) {
            chunks[index] = new Page[CHUNK];
        }
        Page there = chunks[index][pageInChunk(address)];
        return there != null ? there : (chunks[index][pageInChunk(address)] = newPage(start, entry.getValue()));
    }

    private static Page newPage(long start, Allocation allocation) {
        byte[] data = new byte[Shadow.BYTES];
        var shadow = new Shadow(Shadow.BYTES, false);
        if (allocation.zeroed()) {
            shadow.ready.addAll();
        } else {
            Arrays.fill(data, (byte) 0xff);
        }
        int from = (int) Math.max(0, allocation.address() - start);
        int to = (int) Math.min(Shadow.BYTES, allocation.address() + allocation.bytes() - start);
        return new Page(data, 0, start, from, to, shadow);
    }

    /// Host to device.
    public void write(long address, byte[] bytes) {
        check("write", address, bytes.length);
        poke(address, bytes, 0, bytes.length);
    }

    /// Device to host. Bytes that were never written are 0xFF.
    public byte[] read(long address, int bytes) {
        check("read", address, bytes);
        byte[] out = new byte[bytes];
        peek(address, out, 0, bytes);
        return out;
    }

    /// The number of bytes in a range that nobody has written: an output that was not written in full.
    public long uninitialised(long address, long bytes) {
        check("check", address, bytes);
        long count = 0;
        for (long at = address; at < address + bytes; at++) {
            Page page = page(at);
            count += page.shadow.ready.covers((int) (at - page.address), 1) ? 0 : 1;
        }
        return count;
    }

    /// Checks that the lanes' addresses are allocated, and does nothing.
    public void touch(Accessor who, int mask, long[] addresses, int bytes) {
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            checked(who, lane, addresses[lane], bytes, "prefetch");
        }
    }

    /// Makes whole lines uninitialised (`discard`): their content is nobody's any more.
    public void discard(Accessor who, int mask, long[] addresses, int bytes) {
        for (int left = mask; left != 0; left &= left - 1) {
            int lane = Integer.numberOfTrailingZeros(left);
            Page page = checked(who, lane, addresses[lane], bytes, "discard");
            if (page != null) {
                lock(who, page);
                try {
                    int offset = (int) (addresses[lane] - page.address);
                    page.shadow.ready.remove(offset, bytes);
                    Arrays.fill(page.data, offset, offset + bytes, (byte) 0xff);
                } finally {
                    unlock(who, page);
                }
            }
        }
    }

    private synchronized void check(String what, long address, long bytes) {
        Map.Entry<Long, Allocation> entry = allocations.floorEntry(address);
        if (bytes > 0 && (entry == null || !entry.getValue().holds(address) || !entry.getValue().holds(address + bytes - 1))) {
            throw new IllegalArgumentException(what + " of " + bytes + " bytes at 0x" + Long.toHexString(address)
                    + " outside every allocation; it is "
                    + describe(address, (int) Math.min(bytes, Integer.MAX_VALUE)));
        }
    }

    @Override
    public Space space() {
        return Space.GLOBAL;
    }

    @Override
    public synchronized String describe(long address, int bytes) {
        for (Allocation old : freed) {
            if (old.holds(address)) {
                return "byte " + (address - old.address()) + " of '" + old.name() + "', which has been freed";
            }
        }
        Map.Entry<Long, Allocation> below = allocations.floorEntry(address);
        Map.Entry<Long, Allocation> above = allocations.higherEntry(address);
        if (below != null && below.getValue().holds(address)) {
            return inside(below.getValue(), address, bytes);
        }
        long past = below == null ? Long.MAX_VALUE : address - below.getValue().address() - below.getValue().bytes();
        long before = above == null ? Long.MAX_VALUE : above.getKey() - address;
        if (below == null && above == null) {
            return "nowhere: nothing is allocated";
        }
        Allocation nearest = past <= before ? below.getValue() : above.getValue();
        return (past <= before ? past + " bytes past the end of '" : before + " bytes before the start of '") + nearest.name() + "' ("
                + nearest.bytes()
                + " bytes at 0x" + Long.toHexString(nearest.address()) + ")";
    }

    private static String inside(Allocation allocation, long address, int bytes) {
        long offset = address - allocation.address();
        long over = offset + bytes - allocation.bytes();
        return "byte " + offset + " of '" + allocation.name() + "' (" + allocation.bytes() + " bytes)"
                + (over > 0 ? ", reaching " + over + " bytes past its end" : "");
    }
}
