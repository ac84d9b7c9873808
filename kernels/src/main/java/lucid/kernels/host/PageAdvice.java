package lucid.kernels.host;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// What Linux is told about pages of memory before they are used (`madvise`). Advice only: it changes no content, and where it is refused nothing is
/// lost but time.
public final class PageAdvice {
    private static final long PAGE = 4096;
    private static final int WILL_NEED = 3;
    private static final int HUGE_PAGES = 14;
    private static final int POPULATE_READ = 22;
    /// Null on other systems, where the numbers mean something else.
    private static final MethodHandle ADVISE = System.getProperty("os.name").equals("Linux")
            ? CLibrary.function("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)) : null;

    private PageAdvice() {}

    /// Reads the pages of a mapped file that are not in main memory, in one go, and maps all of them, so that who uses them first does not fault.
    /// Nobody touches their contents, which for pages that are in memory already is nearly all of the cost of [MemorySegment#load].
    ///
    /// @return false where the system was not asked, or does not know how (Linux before 5.14)
    public static boolean populate(MemorySegment mapped) { return advise(mapped, WILL_NEED) && advise(mapped, POPULATE_READ); }

    /// New memory may come in pages of 2 MiB, of which a weight needs 512 times fewer.
    static void hugePages(MemorySegment memory) { advise(memory, HUGE_PAGES); }

    // From the first whole page on.
    private static boolean advise(MemorySegment memory, int advice) {
        long before = -memory.address() & PAGE - 1;
        if (ADVISE == null || memory.byteSize() < before + PAGE) return false;
        MemorySegment pages = memory.asSlice(before);
        return CLibrary.call(() -> (int) ADVISE.invokeExact(pages, pages.byteSize(), advice)) == 0;
    }
}
