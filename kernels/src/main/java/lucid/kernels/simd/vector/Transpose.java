package lucid.kernels.simd.vector;

import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.operand.DType;

/// Turns rows into columns on the way into a panel: reads LANES rows of a row-major matrix and writes, for each k, the LANES values side by side.
///
/// A square block of 32-bit lanes is transposed by log2(LANES) rounds of exchanges: the round of distance d swaps bit d of the row number with
/// bit d of the lane number, one two-source permute per vector. Two rounds at a time, four vectors in registers, because a method with all sixteen
/// passes HotSpot's inlining cutoff by node count and then boxes its vectors (measured: 12 times slower). The 16-bit
/// types go through the same exchanges as pairs (k even in the low half, k odd in the high half) and are widened after them, so a bf16 weight
/// costs half the permutes of an f32 one.
public final class Transpose {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int BYTES = 4 * LANES;
    /// Distance of the second round, and number of groups of four rows in the first pass.
    private static final int QUARTER = LANES / 4;
    /// The exchanges, as lane indices into two rows side by side, of what the lower row keeps (LOW) or the upper one (HIGH), at a distance of half a
    /// vector.
    public static final Choice FAR_LOW = lanes(2 * QUARTER, 0);
    /// See [#FAR_LOW].
    public static final Choice FAR_HIGH = lanes(2 * QUARTER, 2 * QUARTER);
    /// At a quarter of a vector, see [#FAR_LOW].
    public static final Choice NEAR_LOW = lanes(QUARTER, 0);
    /// See [#NEAR_LOW].
    public static final Choice NEAR_HIGH = lanes(QUARTER, QUARTER);
    /// At two lanes, see [#FAR_LOW].
    public static final Choice TWO_LOW = lanes(2, 0);
    /// See [#TWO_LOW].
    public static final Choice TWO_HIGH = lanes(2, 2);
    /// At one lane, see [#FAR_LOW].
    public static final Choice ONE_LOW = lanes(1, 0);
    /// See [#ONE_LOW].
    public static final Choice ONE_HIGH = lanes(1, 1);
    /// Steps taken together: their squares stay in L1, and each row is read 512 bytes at a time.
    static final int STEPS = 8;
    /// Ints of scratch.
    public static final int SCRATCH = STEPS * LANES * LANES;

    private Transpose() {}

    /// Which of the 2 · LANES lanes of two rows at distance d the lower row keeps (part 0) or the upper one (part d).
    private static Choice lanes(int d, int part) {
        int[] from = new int[LANES];
        for (int l = 0; l < LANES; l++) from[l] = (l & d) == 0 ? l + part : LANES + l - d + part;
        return Choice.of(from);
    }

    /// Columns that one step takes: LANES, or twice as many 16-bit ones.
    public static int columns(DType type) { return type == DType.F32 ? LANES : 2 * LANES; }

    /// `to[put + k · stride + r] = row r, column k` for r < LANES and k < steps · LANES, all f32. Rows after `last` repeat row `last`.
    /// Writes ascend in k and are LANES wide, so with a stride below LANES the surplus of one is overwritten by the next.
    ///
    /// @param at      byte offset of the first row
    /// @param pitch   bytes from row to row
    /// @param squares scratch of SCRATCH ints
    public static void rows(MemorySegment from, long at, long pitch, int last, int steps, float[] to, int put, int stride, int[] squares) {
        for (int s = 0; s < steps; s += STEPS) {
            int count = Math.min(STEPS, steps - s);
            spreadRows(from, at, pitch, last, count, squares, 0);
            gather(squares, count, to, put, stride);
            at += (long) count * BYTES;
            put += count * LANES * stride;
        }
    }

    /// The same into memory, widened: `to[put + k · stride + 4 r] = row r, column k` for k < steps · columns(type).
    ///
    /// @param put    byte offset in `to`
    /// @param stride bytes from column to column
    public static void panel(MemorySegment from, long at, long pitch, int last, int steps, DType type, MemorySegment to, long put, long stride,
            int[] squares) {
        int columns = columns(type);
        for (int s = 0; s < steps; s += STEPS) {
            int count = Math.min(STEPS, steps - s);
            spreadRows(from, at, pitch, last, count, squares, 0);
            switch (type) {
                case F32 -> gatherF32(squares, count, to, put, stride);
                case BF16 -> gatherBf16(squares, count, to, put, stride);
                default -> gatherF16(squares, count, to, put, stride);
            }
            at += (long) count * BYTES;
            put += count * columns * stride;
        }
    }

    /// The rounds of distance LANES/2 and LANES/4 on LANES rows: `steps` (at most STEPS) squares, from `put` on.
    static void spreadRows(MemorySegment from, long at, long pitch, int last, int steps, int[] squares, int put) {
        for (int i = 0; i < QUARTER; i++) {
            int row = Math.min(i, last);
            spread(from, at + row * pitch, (Math.min(i + QUARTER, last) - row) * pitch, (Math.min(i + 2 * QUARTER, last) - row) * pitch,
                    (Math.min(i + 3 * QUARTER, last) - row) * pitch, steps, squares, put + i * LANES);
        }
    }

    /// Those rounds on four rows, from memory to the squares. One running offset and three distances: four running
    /// offsets would each be a loop variable with a bounds check of its own.
    private static void spread(MemorySegment from, long at, long q, long r, long s, int steps, int[] squares, int put) {
        IntVector farLow = FAR_LOW.vector(), farHigh = FAR_HIGH.vector();
        IntVector nearLow = NEAR_LOW.vector(), nearHigh = NEAR_HIGH.vector();
        for (int i = put, end = put + steps * LANES * LANES; i < end; i += LANES * LANES, at += BYTES) {
            IntVector a = IntVector.fromMemorySegment(I, from, at, NATIVE), b = IntVector.fromMemorySegment(I, from, at + q, NATIVE);
            IntVector c = IntVector.fromMemorySegment(I, from, at + r, NATIVE), d = IntVector.fromMemorySegment(I, from, at + s, NATIVE);
            IntVector ac = FAR_LOW.select(farLow, a, c), ca = FAR_HIGH.select(farHigh, a, c), bd = FAR_LOW.select(farLow, b, d),
                    db = FAR_HIGH.select(farHigh, b, d);
            NEAR_LOW.select(nearLow, ac, bd).intoArray(squares, i);
            NEAR_HIGH.select(nearHigh, ac, bd).intoArray(squares, i + QUARTER * LANES);
            NEAR_LOW.select(nearLow, ca, db).intoArray(squares, i + 2 * QUARTER * LANES);
            NEAR_HIGH.select(nearHigh, ca, db).intoArray(squares, i + 3 * QUARTER * LANES);
        }
    }

    /// The rounds that are left (distance 2 at 16 lanes, 1 from 8 lanes on), from the squares to the panel.
    private static void gather(int[] squares, int steps, float[] to, int put, int stride) {
        IntVector twoLow = TWO_LOW.vector(), twoHigh = TWO_HIGH.vector();
        IntVector oneLow = ONE_LOW.vector(), oneHigh = ONE_HIGH.vector();
        int end = steps * LANES * LANES;
        for (int i = 0; i < end; i += 4 * LANES, put += 4 * stride) {
            IntVector a = IntVector.fromArray(I, squares, i), b = IntVector.fromArray(I, squares, i + LANES);
            IntVector c = IntVector.fromArray(I, squares, i + 2 * LANES), d = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            if (LANES == 16) {
                t = TWO_LOW.select(twoLow, a, c); c = TWO_HIGH.select(twoHigh, a, c); a = t;
                t = TWO_LOW.select(twoLow, b, d); d = TWO_HIGH.select(twoHigh, b, d); b = t;
            }
            if (LANES >= 8) {
                t = ONE_LOW.select(oneLow, a, b); b = ONE_HIGH.select(oneHigh, a, b); a = t;
                t = ONE_LOW.select(oneLow, c, d); d = ONE_HIGH.select(oneHigh, c, d); c = t;
            }
            a.reinterpretAsFloats().intoArray(to, put);
            b.reinterpretAsFloats().intoArray(to, put + stride);
            c.reinterpretAsFloats().intoArray(to, put + 2 * stride);
            d.reinterpretAsFloats().intoArray(to, put + 3 * stride);
        }
    }

    /// The same into memory.
    private static void gatherF32(int[] squares, int steps, MemorySegment to, long put, long stride) {
        IntVector twoLow = TWO_LOW.vector(), twoHigh = TWO_HIGH.vector();
        IntVector oneLow = ONE_LOW.vector(), oneHigh = ONE_HIGH.vector();
        int end = steps * LANES * LANES;
        for (int i = 0; i < end; i += 4 * LANES, put += 4 * stride) {
            IntVector a = IntVector.fromArray(I, squares, i), b = IntVector.fromArray(I, squares, i + LANES);
            IntVector c = IntVector.fromArray(I, squares, i + 2 * LANES), d = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            if (LANES == 16) {
                t = TWO_LOW.select(twoLow, a, c); c = TWO_HIGH.select(twoHigh, a, c); a = t;
                t = TWO_LOW.select(twoLow, b, d); d = TWO_HIGH.select(twoHigh, b, d); b = t;
            }
            if (LANES >= 8) {
                t = ONE_LOW.select(oneLow, a, b); b = ONE_HIGH.select(oneHigh, a, b); a = t;
                t = ONE_LOW.select(oneLow, c, d); d = ONE_HIGH.select(oneHigh, c, d); c = t;
            }
            a.intoMemorySegment(to, put, NATIVE);
            b.intoMemorySegment(to, put + stride, NATIVE);
            c.intoMemorySegment(to, put + 2 * stride, NATIVE);
            d.intoMemorySegment(to, put + 3 * stride, NATIVE);
        }
    }

    /// The same for pairs of bf16, which are the high halves of f32.
    private static void gatherBf16(int[] squares, int steps, MemorySegment to, long put, long stride) {
        IntVector twoLow = TWO_LOW.vector(), twoHigh = TWO_HIGH.vector();
        IntVector oneLow = ONE_LOW.vector(), oneHigh = ONE_HIGH.vector();
        int end = steps * LANES * LANES;
        for (int i = 0; i < end; i += 4 * LANES, put += 8 * stride) {
            IntVector a = IntVector.fromArray(I, squares, i), b = IntVector.fromArray(I, squares, i + LANES);
            IntVector c = IntVector.fromArray(I, squares, i + 2 * LANES), d = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            if (LANES == 16) {
                t = TWO_LOW.select(twoLow, a, c); c = TWO_HIGH.select(twoHigh, a, c); a = t;
                t = TWO_LOW.select(twoLow, b, d); d = TWO_HIGH.select(twoHigh, b, d); b = t;
            }
            if (LANES >= 8) {
                t = ONE_LOW.select(oneLow, a, b); b = ONE_HIGH.select(oneHigh, a, b); a = t;
                t = ONE_LOW.select(oneLow, c, d); d = ONE_HIGH.select(oneHigh, c, d); c = t;
            }
            widenPair(a, to, put, stride);
            widenPair(b, to, put + 2 * stride, stride);
            widenPair(c, to, put + 4 * stride, stride);
            widenPair(d, to, put + 6 * stride, stride);
        }
    }

    private static void widenPair(IntVector pair, MemorySegment to, long put, long stride) {
        pair.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(to, put, NATIVE);
        pair.and(0xFFFF0000).intoMemorySegment(to, put + stride, NATIVE);
    }

    /// f16 is rare: the exchanges end in the panel as if the pairs were f32 (every other row), then each pair is widened in place.
    private static void gatherF16(int[] squares, int steps, MemorySegment to, long put, long stride) {
        gatherF32(squares, steps, to, put, 2 * stride);
        for (int i = 0; i < steps * LANES; i++, put += 2 * stride) {
            IntVector pair = IntVector.fromMemorySegment(I, to, put, NATIVE);
            Widen.f16(pair.and(0xFFFF)).intoMemorySegment(to, put, NATIVE);
            Widen.f16(pair.lanewise(VectorOperators.LSHR, 16)).intoMemorySegment(to, put + stride, NATIVE);
        }
    }
}
