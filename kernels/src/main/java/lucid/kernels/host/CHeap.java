package lucid.kernels.host;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// The C library's heap, whose memory comes as the system gives it: nobody has written zeros into it, as an arena does on one thread. A page comes
/// when it is first written, to the thread that writes.
final class CHeap {
    private static final MethodHandle MALLOC = CLibrary.function("malloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    private static final MethodHandle FREE = CLibrary.function("free", FunctionDescriptor.ofVoid(ADDRESS));

    private CHeap() {}

    /// At least one byte, or null where there is no memory.
    static MemorySegment allocate(long bytes) {
        long size = Math.max(1, bytes);
        MemorySegment at = CLibrary.call(() -> (MemorySegment) MALLOC.invokeExact(size));
        if (at.equals(MemorySegment.NULL)) return null;
        return at.reinterpret(size);
    }

    /// Frees what [#allocate] returned.
    static void free(MemorySegment segment) {
        CLibrary.call(() -> {
            FREE.invokeExact(segment);
            return null;
        });
    }
}
