package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.IntVector;
import lucid.kernels.simd.vector.Transpose;

/// LANES rows of a weight as a tile reads them ([GemvTile]): by address, 4 · LANES bytes of each row in turn, four rows in a turn of the loop.
///
/// *By address.* The rows' whole extent is checked here, once; the loop then reads from a segment that is all of memory. With a check for every load, and
/// three operations for every address, the loop of four rows of bf16 had 296 instructions where 180 are enough, and what the processor sees ahead is what memory can be asked for.
/// Addresses are masked to 56 bits, distances to 40, steps to 24: so HotSpot knows that no sum of them leaves the segment, and leaves out its own checks.
///
/// *Ahead.* Memory is asked early by the processor's own prefetcher, which knows a stream of lines by its 4 KiB page and starts anew on the next one. Rows of 2048 bf16
/// are such pages, and all sixteen streams start anew at the same time. So where rows are whole pages long, reading the last KiB of a page touches the lines of the first KiB of the
/// page that follows in its row, or in the rows of the next tile: by one load each, whose value goes nowhere. Sixteen lines are best: with all lines touched, or the next row of pages touched
/// earlier, the touching itself is waited for. Where rows are of another length, their streams start anew one by one, and touching brings nothing.
/// Measured on one core of an Intel Xeon (family 6, model 207), weights of 2048 columns in memory, in turn with a read loop: bf16, 1 and 4 rows, 0.83 and 0.78 of it without, 0.95 and 0.90 with both.
///
/// @param at     address of the first row
/// @param pitch  bytes from row to row
/// @param steps  how often each row is read
/// @param window steps of a page that are touched: AHEAD or none
/// @param next   from a row's last KiB to the first of the row that is touched for the next tile; 0 touches again what is there
record GemvRows(long at, long pitch, int steps, int window, long next) {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;
    /// All of memory. HotSpot trusts the length of a constant segment.
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final long ADDRESS = (1L << 56) - 1;
    private static final long DISTANCE = (1L << 40) - 1;
    private static final int COUNT = (1 << 24) - 1;
    private static final int PAGE = 4096;
    /// Bytes of a row in one step, and of a vector.
    static final long STEP = 4L * LANES;
    /// Turns of the loop in a step; rows of a turn lie so far apart.
    static final int QUARTER = LANES / 4;
    /// Bytes of a square of LANES vectors.
    private static final long SQUARE = STEP * LANES;
    /// Bytes of scratch: the square that is filled, and the one that is used.
    static final long SCRATCH = 2 * SQUARE;
    private static final int AHEAD_BYTES = 1024;
    private static final int AHEAD = (int) (AHEAD_BYTES / STEP);

    /// @param follows whether the LANES rows after these are in the weight and will be read by this thread next
    static GemvRows of(MemorySegment w, long at, long pitch, int steps, boolean follows) {
        Objects.checkFromIndexSize(at, (LANES - 1) * pitch + steps * STEP, w.byteSize());
        return new GemvRows(w.address() + at, pitch, steps, pitch % PAGE == 0 ? AHEAD : 0, follows && steps >= AHEAD ? LANES * pitch - steps * STEP + AHEAD_BYTES : 0);
    }

    long base() { return at & ADDRESS; }

    /// Bytes between two rows of a turn.
    long far() { return QUARTER * (pitch & DISTANCE); }

    /// Where turn t reads its first row. Turns begin at QUARTER, for the first step was read before; at the end the last step is read again.
    long here(int t) { return base() + (t & QUARTER - 1) * (pitch & DISTANCE) + Math.min(step(t), steps - 1 & COUNT) * STEP; }

    private static int step(int t) { return t / QUARTER & COUNT; }

    /// The turns since the first, as a number that HotSpot knows to be small.
    static int turn(int t) { return t - QUARTER & COUNT; }

    /// Where turn t puts its first vector: squares change with every step.
    static long put(long scratch, int t) { return (scratch & ADDRESS) + ((t & QUARTER) * (SQUARE / QUARTER) + (t & QUARTER - 1) * STEP); }

    /// Where it takes its four: from the other square.
    static long take(long scratch, int t) { return (scratch & ADDRESS) + ((~t & QUARTER) * (SQUARE / QUARTER) + (t & QUARTER - 1) * (4 * STEP)); }

    /// Touches what turn t wants touched. What it returns must be stored at the end, or HotSpot leaves it out.
    int touch(int t, long here) {
        if ((step(t) + AHEAD & PAGE / (int) STEP - 1) >= window) return 0;
        long there = here + (step(t) + AHEAD < steps ? AHEAD_BYTES : next & DISTANCE);
        long far = far();
        return ALL.get(WORD, there) | ALL.get(WORD, there + far) | ALL.get(WORD, there + 2 * far) | ALL.get(WORD, there + 3 * far);
    }

    /// The first half of the exchanges of the first step.
    void begin(long scratch) {
        IntVector farLow = IntVector.fromArray(I, Transpose.FAR_LOW, 0), farHigh = IntVector.fromArray(I, Transpose.FAR_HIGH, 0);
        IntVector nearLow = IntVector.fromArray(I, Transpose.NEAR_LOW, 0), nearHigh = IntVector.fromArray(I, Transpose.NEAR_HIGH, 0);
        long far = far();
        for (int t = 0; t < QUARTER; t++) {
            long here = here(t), put = put(scratch, t);
            IntVector p = IntVector.fromMemorySegment(I, ALL, here, NATIVE), q = IntVector.fromMemorySegment(I, ALL, here + far, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, ALL, here + 2 * far, NATIVE), s = IntVector.fromMemorySegment(I, ALL, here + 3 * far, NATIVE), u;
            u = farLow.selectFrom(p, r); r = farHigh.selectFrom(p, r); p = u;
            u = farLow.selectFrom(q, s); s = farHigh.selectFrom(q, s); q = u;
            nearLow.selectFrom(p, q).intoMemorySegment(ALL, put, NATIVE); nearHigh.selectFrom(p, q).intoMemorySegment(ALL, put + QUARTER * STEP, NATIVE);
            nearLow.selectFrom(r, s).intoMemorySegment(ALL, put + 2 * QUARTER * STEP, NATIVE); nearHigh.selectFrom(r, s).intoMemorySegment(ALL, put + 3 * QUARTER * STEP, NATIVE);
        }
    }
}
