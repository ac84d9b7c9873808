package lucid.kernels.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// For each thread, room for a few vectors in memory: the last, partial vector of a run of floats is copied here, goes through the same loop as all
/// others, and its part of the result is copied back. What the spare lanes hold does not matter: lanes do not see each other.
final class Pads {
    private static final int SLOTS = 5;
    private static final long SLOT = 64;

    private final MemorySegment[] perThread;

    Pads(int threads) {
        perThread = new MemorySegment[threads];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < threads; i++) perThread[i] = arena.allocate(SLOTS * SLOT, SLOT);
    }

    MemorySegment of(int thread) { return perThread[thread]; }

    /// Byte offset of a slot.
    static long slot(int i) { return i * SLOT; }

    /// Copies n floats into a slot.
    static void in(MemorySegment pad, int slot, MemorySegment from, long offset, int n) { MemorySegment.copy(from, offset, pad, slot(slot), 4L * n); }

    /// Copies the first n floats of a slot out.
    static void out(MemorySegment pad, int slot, MemorySegment to, long offset, int n) { MemorySegment.copy(pad, slot(slot), to, offset, 4L * n); }
}
