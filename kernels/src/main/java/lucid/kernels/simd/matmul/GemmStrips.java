package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemmTile.STRIP;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import lucid.kernels.simd.vector.Choice;
import lucid.kernels.simd.vector.Species;

/// Packs a left factor (f32) into strips of STRIP rows, `[k][STRIP]`, which [GemmTile] reads.
///
/// Both orientations are one exchange in registers: four vectors of neighbouring rows, interleaved element by element, then pair by pair; or four
/// vectors of neighbouring chain positions, interleaved strip by strip. No scratch, every permute works for elements that are wanted, and the stores
/// are whole vectors: a quarter of the time of a square transposition into panels as tall as a tile (measured).
public final class GemmStrips {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final long BYTES = 4L * LANES;
    /// Strips side by side in a vector of a row.
    static final int ACROSS = LANES / STRIP;
    private static final Choice ONE_LOW = interleave(1, 0);
    private static final Choice ONE_HIGH = interleave(1, LANES / 2);
    private static final Choice TWO_LOW = interleave(2, 0);
    private static final Choice TWO_HIGH = interleave(2, LANES / 2);
    private static final Choice STRIP_LOW = interleave(STRIP, 0);
    private static final Choice STRIP_HIGH = interleave(STRIP, LANES / 2);

    private GemmStrips() {}

    /// Which of the 2 · LANES lanes of two vectors: units of `unit` lanes, in turn from the first and from the second, from lane `start` of each on.
    private static Choice interleave(int unit, int start) {
        int[] from = new int[LANES];
        for (int l = 0; l < LANES; l++) from[l] = start + l / (2 * unit) * unit + l % unit + l / unit % 2 * LANES;
        return Choice.of(from);
    }

    /// Rows to make room for, with the tallest tile and a whole vector at the end.
    static long room(int rows) {
        return Math.max((rows + GemmTile.HEIGHT - 1) / GemmTile.HEIGHT * GemmTile.HEIGHT, (rows + LANES - 1) / LANES * LANES);
    }

    /// Floats from strip to strip: an odd number of cache lines, because strips are written side by side, and at a power of two they would fall into
    /// a few sets of L1.
    public static int stride(int count) { return ((STRIP * count + 15) / 16 | 1) * 16; }

    /// Floats that `rows` packed rows take.
    public static int floats(int rows, int count) { return Math.toIntExact(room(rows) / STRIP * stride(count)); }

    /// `to[put + s · stride(count) + p · STRIP + r] = element(lane = lane + s · STRIP + r, chain = from + p)` for all lanes `< lane + rows` of the
    /// operand. What stands in rows beyond is not defined.
    public static void pack(Operand a, int lane, int rows, int from, int count, float[] to, int put) {
        int strip = stride(count);
        if (a.lanesInRow()) {
            across(a, lane, rows, from, count, to, put, strip);
        } else {
            for (int r = 0; r < rows; r += STRIP, put += strip) down(a, lane + r, Math.min(STRIP, rows - r) - 1, from, count, to, put);
        }
    }

    /// One strip of rows that lie one below the other. Rows after `last` repeat it.
    private static void down(Operand a, int lane, int last, int from, int count, float[] to, int put) {
        MemorySegment memory = a.memory();
        long at = a.offset(lane, from);
        long b = Math.min(1, last) * a.pitch();
        int whole = count / LANES * LANES;
        fours(memory, at, b, Math.min(2, last) * a.pitch(), Math.min(3, last) * a.pitch(), whole, to, put);
        for (int r = 0; r <= last; r++) {
            for (int p = whole; p < count; p++) to[put + p * STRIP + r] = memory.get(FLOAT, at + r * a.pitch() + 4L * p);
        }
    }

    private static void fours(MemorySegment from, long at, long second, long third, long fourth, int count, float[] to, int put) {
        IntVector oneLow = ONE_LOW.vector(), oneHigh = ONE_HIGH.vector();
        IntVector twoLow = TWO_LOW.vector(), twoHigh = TWO_HIGH.vector();
        for (int i = put, end = put + 4 * count; i < end; i += 4 * LANES, at += BYTES) {
            IntVector a = IntVector.fromMemorySegment(I, from, at, NATIVE), b = IntVector.fromMemorySegment(I, from, at + second, NATIVE);
            IntVector c = IntVector.fromMemorySegment(I, from, at + third, NATIVE), d = IntVector.fromMemorySegment(I, from, at + fourth, NATIVE);
            IntVector e = ONE_LOW.select(oneLow, a, b), f = ONE_HIGH.select(oneHigh, a, b), g = ONE_LOW.select(oneLow, c, d),
                    h = ONE_HIGH.select(oneHigh, c, d);
            TWO_LOW.select(twoLow, e, g).reinterpretAsFloats().intoArray(to, i);
            TWO_HIGH.select(twoHigh, e, g).reinterpretAsFloats().intoArray(to, i + LANES);
            TWO_LOW.select(twoLow, f, h).reinterpretAsFloats().intoArray(to, i + 2 * LANES);
            TWO_HIGH.select(twoHigh, f, h).reinterpretAsFloats().intoArray(to, i + 3 * LANES);
        }
    }

    /// Rows that lie side by side. Memory is read in its order; where the operand goes on, the last vector is taken whole all the same.
    private static void across(Operand a, int lane, int rows, int from, int count, float[] to, int put, int strip) {
        MemorySegment memory = a.memory();
        long at = a.offset(lane, from);
        int vectors = Math.min(panels(rows), (a.lanes() - lane) / LANES);
        int whole = ACROSS == 1 ? count : count / 4 * 4;
        if (ACROSS == 1) copy(memory, at, a.pitch(), vectors, count, to, put, strip);
        else blocks(memory, at, a.pitch(), vectors, whole, to, put, strip);
        int done = vectors * LANES;
        int rest = put + done / STRIP * strip;
        if (done < rows && ACROSS > 1)
            edge(memory, at + 4L * done, a.pitch(), I.indexInRange(0, Math.min(LANES, a.lanes() - lane - done)), whole, to, rest, strip);
        scalars(a, lane, 0, rows, from, whole, count, to, put, strip);
        if (ACROSS == 1) scalars(a, lane, done, rows, from, 0, count, to, put, strip);
    }

    private static int panels(int rows) { return (rows + LANES - 1) / LANES; }

    /// Rows `r .. rows` at chain positions `p .. count`.
    private static void scalars(Operand a, int lane, int first, int rows, int from, int p, int count, float[] to, int put, int strip) {
        for (; p < count; p++) {
            long row = a.offset(lane, from + p);
            for (int r = first; r < rows; r++) to[put + r / STRIP * strip + p * STRIP + r % STRIP] = a.memory().get(FLOAT, row + 4L * r);
        }
    }

    private static void copy(MemorySegment from, long at, long pitch, int vectors, int count, float[] to, int put, int strip) {
        for (int p = 0; p < count; p++, at += pitch) {
            for (int v = 0; v < vectors; v++)
                FloatVector.fromMemorySegment(Species.F, from, at + v * BYTES, NATIVE).intoArray(to, put + v * strip + p * LANES);
        }
    }

    private static void blocks(MemorySegment from, long at, long pitch, int vectors, int count, float[] to, int put, int strip) {
        IntVector low = STRIP_LOW.vector(), high = STRIP_HIGH.vector();
        for (int p = 0; p < count; p += 4, at += 4 * pitch) {
            long x = at;
            for (int v = 0, i = put + p * STRIP; v < vectors; v++, i += ACROSS * strip, x += BYTES) {
                IntVector a = IntVector.fromMemorySegment(I, from, x, NATIVE), b = IntVector.fromMemorySegment(I, from, x + pitch, NATIVE);
                IntVector c = IntVector.fromMemorySegment(I, from, x + 2 * pitch, NATIVE),
                        d = IntVector.fromMemorySegment(I, from, x + 3 * pitch, NATIVE);
                store(a, b, c, d, low, high, to, i, strip);
            }
        }
    }

    /// The operand's last rows, fewer than a vector.
    private static void edge(MemorySegment from, long at, long pitch, VectorMask<Integer> mask, int count, float[] to, int put, int strip) {
        IntVector low = STRIP_LOW.vector(), high = STRIP_HIGH.vector();
        for (int i = put, end = put + STRIP * count; i < end; i += 4 * STRIP, at += 4 * pitch) {
            IntVector a = IntVector.fromMemorySegment(I, from, at, NATIVE, mask), b = IntVector.fromMemorySegment(I, from, at + pitch, NATIVE, mask);
            IntVector c = IntVector.fromMemorySegment(I, from, at + 2 * pitch, NATIVE, mask),
                    d = IntVector.fromMemorySegment(I, from, at + 3 * pitch, NATIVE, mask);
            store(a, b, c, d, low, high, to, i, strip);
        }
    }

    /// Four neighbouring positions of ACROSS strips, each strip's together.
    private static void store(IntVector a, IntVector b, IntVector c, IntVector d, IntVector low, IntVector high, float[] to, int i, int strip) {
        if (ACROSS == 2) {
            STRIP_LOW.select(low, a, b).reinterpretAsFloats().intoArray(to, i);
            STRIP_LOW.select(low, c, d).reinterpretAsFloats().intoArray(to, i + LANES);
            STRIP_HIGH.select(high, a, b).reinterpretAsFloats().intoArray(to, i + strip);
            STRIP_HIGH.select(high, c, d).reinterpretAsFloats().intoArray(to, i + strip + LANES);
            return;
        }
        IntVector e = STRIP_LOW.select(low, a, c), f = STRIP_HIGH.select(high, a, c), g = STRIP_LOW.select(low, b, d),
                h = STRIP_HIGH.select(high, b, d);
        STRIP_LOW.select(low, e, g).reinterpretAsFloats().intoArray(to, i);
        STRIP_HIGH.select(high, e, g).reinterpretAsFloats().intoArray(to, i + strip);
        STRIP_LOW.select(low, f, h).reinterpretAsFloats().intoArray(to, i + 2 * strip);
        STRIP_HIGH.select(high, f, h).reinterpretAsFloats().intoArray(to, i + 3 * strip);
    }
}
