package lucid.kernels.simd.matmul;

import static lucid.kernels.simd.matmul.GemvRows.ALL;
import static lucid.kernels.simd.matmul.GemvRows.STEP;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.I;
import static lucid.kernels.simd.vector.Species.LANES;

import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import lucid.kernels.simd.vector.Transpose;

/// A weight of f32, transposed in registers on its way into the chains of at most eight rows: a product that decoding needs.
///
/// LANES rows of W are turned into columns in two halves (see [Transpose]): [GemvRows] leaves half exchanged squares; a pass over four vectors
/// of such a square finishes them here and feeds each to the FMAs from its register. [Gemv] reads the next squares before these are used, so the
/// processor computes while it waits. Sixteen rows at a time: with 32 the processor follows too many streams at once; longer runs in each row change
/// nothing.
///
/// No vector may pass through a method of ours: these loops are near HotSpot's inlining cutoff by node count, beyond which
/// only the vectors' own methods are inlined, and what is not inlined boxes its vectors (a tenth of the speed).
final class GemvTile {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int WIDTH = GemmTile.WIDTH;

    private GemvTile() {}

    /// Continues the chains of `height` (1, 2, 4 or 8) rows and LANES columns of the result over some turns, 4 positions each.
    ///
    /// @param squares where [GemvRows#load] put them
    /// @param turns   GemvRows.TURNS for each step
    /// @param a       panel `[k][height]`, the first position at `first`
    /// @param c       chains [height][WIDTH], the first at `co`
    static void run(int height, long squares, int turns, float[] a, int first, float[] c, int co) {
        switch (height) {
            case 1 -> rows1(squares, turns, a, first, c, co);
            case 2 -> rows2(squares, turns, a, first, c, co);
            case 4 -> rows4(squares, turns, a, first, c, co);
            default -> rows8(squares, turns, a, first, c, co);
        }
    }

    /// 1 row, f32.
    private static void rows1(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co);
        for (int t = 0, last = GemvRows.count(turns); t < last; t++) {
            int j = first + t * 4;
            long take = GemvRows.take(squares, t);
            Objects.checkIndex(j + 3, a.length);
            IntVector p = IntVector.fromMemorySegment(I, ALL, take, NATIVE), q = IntVector.fromMemorySegment(I, ALL, take + STEP, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, ALL, take + 2 * STEP, NATIVE),
                    s = IntVector.fromMemorySegment(I, ALL, take + 3 * STEP, NATIVE), u;
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0);
            v = q.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 1]), x0);
            v = r.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 2]), x0);
            v = s.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 3]), x0);
        }
        x0.intoArray(c, co);
    }

    /// 2 rows, f32.
    private static void rows2(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        for (int t = 0, last = GemvRows.count(turns); t < last; t++) {
            int j = first + t * 8;
            long take = GemvRows.take(squares, t);
            Objects.checkIndex(j + 7, a.length);
            IntVector p = IntVector.fromMemorySegment(I, ALL, take, NATIVE), q = IntVector.fromMemorySegment(I, ALL, take + STEP, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, ALL, take + 2 * STEP, NATIVE),
                    s = IntVector.fromMemorySegment(I, ALL, take + 3 * STEP, NATIVE), u;
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            v = q.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 2]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 3]), x1);
            v = r.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 4]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 5]), x1);
            v = s.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 6]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 7]), x1);
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
    }

    /// 4 rows, f32.
    private static void rows4(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        for (int t = 0, last = GemvRows.count(turns); t < last; t++) {
            int j = first + t * 16;
            long take = GemvRows.take(squares, t);
            Objects.checkIndex(j + 15, a.length);
            IntVector p = IntVector.fromMemorySegment(I, ALL, take, NATIVE), q = IntVector.fromMemorySegment(I, ALL, take + STEP, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, ALL, take + 2 * STEP, NATIVE),
                    s = IntVector.fromMemorySegment(I, ALL, take + 3 * STEP, NATIVE), u;
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            v = q.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 4]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 5]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 6]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 7]), x3);
            v = r.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            v = s.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 12]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 13]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 14]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 15]), x3);
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
    }

    /// 8 rows, f32.
    private static void rows8(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        FloatVector x4 = FloatVector.fromArray(F, c, co + 4 * WIDTH), x5 = FloatVector.fromArray(F, c, co + 5 * WIDTH);
        FloatVector x6 = FloatVector.fromArray(F, c, co + 6 * WIDTH), x7 = FloatVector.fromArray(F, c, co + 7 * WIDTH);
        for (int t = 0, last = GemvRows.count(turns); t < last; t++) {
            int j = first + t * 32;
            long take = GemvRows.take(squares, t);
            Objects.checkIndex(j + 31, a.length);
            IntVector p = IntVector.fromMemorySegment(I, ALL, take, NATIVE), q = IntVector.fromMemorySegment(I, ALL, take + STEP, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, ALL, take + 2 * STEP, NATIVE),
                    s = IntVector.fromMemorySegment(I, ALL, take + 3 * STEP, NATIVE), u;
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 4]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 5]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 6]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 7]), x7);
            v = q.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 12]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 13]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 14]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 15]), x7);
            v = r.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 16]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 17]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 18]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 19]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 20]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 21]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 22]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 23]), x7);
            v = s.reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 24]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 25]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 26]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 27]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 28]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 29]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 30]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 31]), x7);
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
        x4.intoArray(c, co + 4 * WIDTH); x5.intoArray(c, co + 5 * WIDTH);
        x6.intoArray(c, co + 6 * WIDTH); x7.intoArray(c, co + 7 * WIDTH);
    }
}
