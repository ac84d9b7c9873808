package lucid.kernels.simd.work;

import java.lang.foreign.MemorySegment;

/// For each thread, a few short runs of floats. The last, partial vector of a run is copied here, goes through the same loop as all others, and its
/// part of the result is copied back; what the spare lanes hold does not matter, because lanes do not see each other. Results that are to be added to
/// an output wait here, too.
public final class Pads {
    /// Floats of a slot.
    public static final int LENGTH = 1024;
    private static final int SLOTS = 5;
    private static final long SLOT = LENGTH * 4L;

    private final MemorySegment[] perThread;

    /// Slots for every thread of the pool.
    public Pads(Workers workers) {
        perThread = new MemorySegment[workers.threads()];
        MemorySegment all = new NativeScratch(workers).floats(perThread.length * SLOTS * LENGTH);
        for (int i = 0; i < perThread.length; i++) perThread[i] = all.asSlice(i * SLOTS * SLOT, SLOTS * SLOT);
    }

    /// A thread's slots.
    public MemorySegment of(int thread) { return perThread[thread]; }

    /// Byte offset of a slot.
    public static long slot(int i) { return i * SLOT; }

    /// Copies n floats into a slot.
    public static void in(MemorySegment pad, int slot, MemorySegment from, long offset, int n) {
        MemorySegment.copy(from, offset, pad, slot(slot), 4L * n);
    }

    /// Copies the first n floats of a slot out.
    public static void out(MemorySegment pad, int slot, MemorySegment to, long offset, int n) {
        MemorySegment.copy(pad, slot(slot), to, offset, 4L * n);
    }
}
