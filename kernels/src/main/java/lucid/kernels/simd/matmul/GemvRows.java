package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;
import static lucid.kernels.simd.vector.Species.X86;
import static lucid.kernels.simd.vector.Transpose.FAR_HIGH;
import static lucid.kernels.simd.vector.Transpose.FAR_LOW;
import static lucid.kernels.simd.vector.Transpose.NEAR_HIGH;
import static lucid.kernels.simd.vector.Transpose.NEAR_LOW;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import jdk.incubator.vector.IntVector;

/// LANES rows of a weight on their way into the tiles of few rows ([GemvTile]): read by address, 4 · LANES bytes of each row in a step, and half
/// exchanged ([lucid.kernels.simd.vector.Transpose]).
///
/// *By address.* The rows' whole extent is checked here, once; the loop then reads from a segment that is all of memory. With a check for every load,
/// and three operations for every address, the loop of four rows of bf16 had 296 instructions where 180 are enough, and what the processor sees ahead
/// is what memory can be asked for. Addresses are masked to 56 bits, distances to 40, steps to 24: so HotSpot knows that no sum of them leaves the
/// segment, and leaves out its own checks.
///
/// *Each row by a load of its own.* AMD's prefetchers know a stream by the instruction that reads it: one that reads four rows in turn is no stream
/// to them. On one core of an AMD EPYC (family 26), a loop in C that reads sixteen rows and does twenty additions for every line has 32 GB/s with
/// sixteen loads, as much as one that reads line by line, and 11 to 13 with one load for all rows.
///
/// *Ahead.* Intel's prefetcher knows a stream of lines by its 4 KiB page and starts anew on the next one. Rows of 2048 bf16
/// are such pages, and all sixteen streams start anew at the same time. So where rows are whole pages long, reading the last KiB of a page touches
/// the lines of the first KiB of the page that follows in its row, or in the rows of the next tile: by one load each, whose value goes nowhere (not
/// on AMD's, where these loads are one more stream, and halve the speed). Sixteen lines are best: with all lines touched, or the next row of pages
/// touched earlier, the touching itself is waited for. Where rows are of another length, their streams start anew one by one, and touching brings
/// nothing. Measured on one core of an Intel Xeon (family 6, model 207), weights of 2048 columns in memory, in turn with a read loop: bf16, 1 and 4
/// rows, 0.83 and 0.78 of it without, 0.95 and 0.90 with both.
///
/// @param at     address of the first row
/// @param pitch  bytes from row to row
/// @param steps  how often each row is read
/// @param window steps of a page that are touched: AHEAD or none
/// @param next   from a row's last KiB to the first of the row that is touched for the next tile; 0 touches again what is there
record GemvRows(long at, long pitch, int steps, int window, long next) {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;
    /// All of memory. HotSpot trusts the length of a constant segment.
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    static final long ADDRESS = (1L << 56) - 1;
    static final long DISTANCE = (1L << 40) - 1;
    private static final int COUNT = (1 << 24) - 1;
    private static final int PAGE = 4096;
    /// Bytes of a row in one step, and of a vector.
    static final long STEP = 4L * LANES;
    /// Rows that are exchanged with each other lie so far apart.
    private static final int QUARTER = LANES / 4;
    /// Turns of a tile's loop for each step.
    static final int TURNS = QUARTER;
    /// Bytes of a step's square.
    static final long SQUARE = STEP * LANES;
    private static final int AHEAD_BYTES = 1024;
    private static final int AHEAD = (int) (AHEAD_BYTES / STEP);
    /// Lines of Linux's description of the first processor, at least.
    private static final int CPUINFO_LINES = 8;
    private static final boolean TOUCHES = !madeByAmd();

    /// @param follows whether the LANES rows after these are in the weight and will be read by this thread next
    static GemvRows of(MemorySegment w, long at, long pitch, int steps, boolean follows) {
        Objects.checkFromIndexSize(at, (LANES - 1) * pitch + steps * STEP, w.byteSize());
        return new GemvRows(w.address() + at, pitch, steps, TOUCHES && pitch % PAGE == 0 ? AHEAD : 0,
                follows && steps >= AHEAD ? LANES * pitch - steps * STEP + AHEAD_BYTES : 0);
    }

    private static boolean madeByAmd() {
        String windows = System.getenv("PROCESSOR_IDENTIFIER");
        if (windows != null) return windows.contains("AuthenticAMD");
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.limit(CPUINFO_LINES).anyMatch(line -> line.startsWith("vendor_id") && line.endsWith("AuthenticAMD"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    /// As many turns, as a number that HotSpot knows to be small.
    static int count(int turns) { return turns & COUNT; }

    /// Where turn t finds its four vectors.
    static long take(long squares, int t) { return (squares & ADDRESS) + t * (4 * STEP); }

    /// Touches what steps `first .. first + count` want touched. What it returns must be stored, or HotSpot leaves it out.
    int touch(int first, int count) {
        int touched = 0;
        for (int s = first; s < first + count; s++) {
            if ((s + AHEAD & PAGE / (int) STEP - 1) >= window) continue;
            long there = at + s * STEP + (s + AHEAD < steps ? AHEAD_BYTES : next);
            for (int r = 0; r < LANES; r++) touched |= ALL.get(WORD, (there & ADDRESS) + r * (pitch & DISTANCE));
        }
        return touched;
    }

    /// Reads steps `first .. first + count` of all rows: the exchanges of distance LANES/2 and LANES/4.
    ///
    /// @param squares address of `count` squares
    void load(int first, int count, long squares) {
        Objects.checkFromIndexSize(first, count, steps);
        long row = pitch & DISTANCE;
        for (int s = 0; s < count(count); s++) {
            long x = (at & ADDRESS) + (first + s & COUNT) * STEP, y = (squares & ADDRESS) + s * SQUARE;
            four(x, row, y);
            if (QUARTER == 1) continue;
            four(x + row, row, y + STEP);
            if (QUARTER == 2) continue;
            four(x + 2 * row, row, y + 2 * STEP);
            four(x + 3 * row, row, y + 3 * STEP);
        }
    }

    /// Four rows, QUARTER apart. HotSpot puts a copy of this at each place where it is called, with loads of its own; with a method of ours around
    /// each exchange it no longer does so.
    private static void four(long x, long row, long y) {
        if (!X86) {
            fourByBlends(x, row, y);
            return;
        }
        IntVector farLow = FAR_LOW.vector(), farHigh = FAR_HIGH.vector(), nearLow = NEAR_LOW.vector(), nearHigh = NEAR_HIGH.vector();
        long far = QUARTER * row;
        IntVector a = IntVector.fromMemorySegment(I, ALL, x, NATIVE), b = IntVector.fromMemorySegment(I, ALL, x + far, NATIVE);
        IntVector c = IntVector.fromMemorySegment(I, ALL, x + 2 * far, NATIVE), d = IntVector.fromMemorySegment(I, ALL, x + 3 * far, NATIVE);
        IntVector ac = farLow.selectFrom(a, c), ca = farHigh.selectFrom(a, c), bd = farLow.selectFrom(b, d), db = farHigh.selectFrom(b, d);
        nearLow.selectFrom(ac, bd).intoMemorySegment(ALL, y, NATIVE); nearHigh.selectFrom(ac, bd).intoMemorySegment(ALL, y + QUARTER * STEP, NATIVE);
        nearLow.selectFrom(ca, db).intoMemorySegment(ALL, y + 2 * QUARTER * STEP, NATIVE);
        nearHigh.selectFrom(ca, db).intoMemorySegment(ALL, y + 3 * QUARTER * STEP, NATIVE);
    }

    private static void fourByBlends(long x, long row, long y) {
        IntVector farLow = FAR_LOW.vector(), farHigh = FAR_HIGH.vector(), nearLow = NEAR_LOW.vector(), nearHigh = NEAR_HIGH.vector();
        long far = QUARTER * row;
        IntVector a = IntVector.fromMemorySegment(I, ALL, x, NATIVE), b = IntVector.fromMemorySegment(I, ALL, x + far, NATIVE);
        IntVector c = IntVector.fromMemorySegment(I, ALL, x + 2 * far, NATIVE), d = IntVector.fromMemorySegment(I, ALL, x + 3 * far, NATIVE);
        IntVector ac = FAR_LOW.select(farLow, a, c), ca = FAR_HIGH.select(farHigh, a, c), bd = FAR_LOW.select(farLow, b, d),
                db = FAR_HIGH.select(farHigh, b, d);
        NEAR_LOW.select(nearLow, ac, bd).intoMemorySegment(ALL, y, NATIVE);
        NEAR_HIGH.select(nearHigh, ac, bd).intoMemorySegment(ALL, y + QUARTER * STEP, NATIVE);
        NEAR_LOW.select(nearLow, ca, db).intoMemorySegment(ALL, y + 2 * QUARTER * STEP, NATIVE);
        NEAR_HIGH.select(nearHigh, ca, db).intoMemorySegment(ALL, y + 3 * QUARTER * STEP, NATIVE);
    }
}
