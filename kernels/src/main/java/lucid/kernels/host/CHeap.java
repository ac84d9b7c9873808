package lucid.kernels.host;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// The C library's heap, whose memory comes as the system gives it: nobody has written zeros into it, and Linux is asked for pages of 2 MiB, of which a weight needs 512 times fewer.
final class CHeap {
    /// `MADV_HUGEPAGE` of Linux.
    private static final int HUGE_PAGES = 14;
    private static final long PAGE = 4096;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MALLOC = handle("malloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(ADDRESS));
    /// Null on other systems, where the number means something else.
    private static final MethodHandle ADVISE = System.getProperty("os.name").equals("Linux") ? handle("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)) : null;

    private CHeap() {}

    private static MethodHandle handle(String name, FunctionDescriptor type) { return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type); }

    /// At least one byte, or null where there is no memory.
    static MemorySegment allocate(long bytes) {
        long size = Math.max(1, bytes);
        MemorySegment at = call(() -> (MemorySegment) MALLOC.invokeExact(size));
        if (at.equals(MemorySegment.NULL)) return null;
        MemorySegment memory = at.reinterpret(size);
        adviseHugePages(memory);
        return memory;
    }

    // Advice only: where it is refused, pages are small.
    private static void adviseHugePages(MemorySegment memory) {
        long before = -memory.address() & PAGE - 1;
        if (ADVISE == null || memory.byteSize() < before + PAGE) return;
        MemorySegment pages = memory.asSlice(before);
        call(() -> {
            int _ = (int) ADVISE.invokeExact(pages, pages.byteSize(), HUGE_PAGES);
            return null;
        });
    }

    /// Frees what [#allocate] returned.
    static void free(MemorySegment segment) {
        call(() -> {
            FREE.invokeExact(segment);
            return null;
        });
    }

    private interface Call {
        MemorySegment run() throws Throwable;
    }

    private static MemorySegment call(Call call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException("the C library's heap: " + t.getMessage(), t);
        }
    }
}
