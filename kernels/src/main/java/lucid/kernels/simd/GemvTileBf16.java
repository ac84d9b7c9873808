package lucid.kernels.simd;

import static lucid.kernels.simd.GemvTile.QUARTER;
import static lucid.kernels.simd.GemvTile.STEP;
import static lucid.kernels.simd.Species.F;
import static lucid.kernels.simd.Species.I;
import static lucid.kernels.simd.Species.LANES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// [GemvTile] for a weight of bf16: pairs of neighbouring columns go through the exchanges together and are widened by a shift and a mask just before the FMAs.
///
/// A row's 64 bytes are then two links of its chain, and links of one chain follow each other at the latency of an FMA: for 16 rows of the weight alone that takes
/// longer than reading them. So one and two rows of the result take 2 · LANES rows of the weight in one loop, two chains each: a turn reads four rows of either group and uses
/// half a quarter of a square of both. Measured on an Intel Xeon (family 6, model 207), two threads, in turn with one group at a time: 0.71 to 0.78 and 0.69 to 0.72 instead of 0.61 to 0.65 and
/// 0.62 of a read loop; one core, weight in L2: 2.4 and 2.8 instead of 3.1 and 3.2 ns per 64 bytes. Four and eight rows have chains enough; twice as many did not stay in registers.
final class GemvTileBf16 {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int WIDTH = GemmTile.WIDTH;
    private static final int SQUARE = LANES * LANES;
    /// Turns of the loop for a square of both groups.
    private static final int TURNS = 2 * QUARTER;
    /// Ints of scratch: two squares that are filled and two that are used.
    static final int SCRATCH = 4 * SQUARE;
    /// The exchange of distance 2, its low half and its high half: a turn wants one of them.
    private static final int[] TWO = two();

    private GemvTileBf16() {}

    private static int[] two() {
        int[] both = Arrays.copyOf(Transpose.TWO_LOW, 2 * LANES);
        System.arraycopy(Transpose.TWO_HIGH, 0, both, LANES, LANES);
        return both;
    }

    /// Continues the chains of `height` (1, 2, 4 or 8) rows and 2 · LANES columns of the result over `steps` times 2 · LANES positions.
    ///
    /// @param w       2 · LANES rows of the weight, from byte `at` on, `pitch` bytes from row to row
    /// @param squares scratch of SCRATCH ints
    /// @param a       panel [k][height]
    /// @param c       chains [height][WIDTH]
    static void run(int height, MemorySegment w, long at, long pitch, int steps, int[] squares, float[] a, float[] c) {
        if (height > 2) {
            for (int group = 0; group < 2; group++, at += LANES * pitch) {
                Transpose.spreadRows(w, at, pitch, LANES - 1, 1, squares, 0);
                if (height == 4) rows4(w, at, pitch, steps, squares, a, c, group * LANES);
                else rows8(w, at, pitch, steps, squares, a, c, group * LANES);
            }
            return;
        }
        Transpose.spreadRows(w, at, pitch, LANES - 1, 1, squares, 0);
        Transpose.spreadRows(w, at + LANES * pitch, pitch, LANES - 1, 1, squares, SQUARE);
        if (height == 1) rows1(w, at, pitch, steps, squares, a, c);
        else rows2(w, at, pitch, steps, squares, a, c);
    }

    /// The row that turn t reads first.
    private static int row(int t) { return (t & QUARTER) * 4 + (t & QUARTER - 1); }

    /// Where it puts its first vector: the squares change with every step.
    private static int put(int t) { return (t & TURNS) * (2 * SQUARE / TURNS) + (t & QUARTER) * (SQUARE / QUARTER) + (t & QUARTER - 1) * LANES; }

    /// Where it takes its first vector of the first group: from the other squares.
    private static int take(int t) { return (~t & TURNS) * (2 * SQUARE / TURNS) + (t & TURNS - 2) * 2 * LANES + (LANES == 16 ? 0 : (t & 1) * 2 * LANES); }

    /// 1 row, pairs of bf16, both groups.
    private static void rows1(MemorySegment w, long at, long pitch, int steps, int[] squares, float[] a, float[] c) {
        IntVector farLow = IntVector.fromArray(I, Transpose.FAR_LOW, 0), farHigh = IntVector.fromArray(I, Transpose.FAR_HIGH, 0);
        IntVector nearLow = IntVector.fromArray(I, Transpose.NEAR_LOW, 0), nearHigh = IntVector.fromArray(I, Transpose.NEAR_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        long far = QUARTER * pitch;
        for (int t = TURNS, j = 0, end = TURNS * (steps + 1); t < end; t++, j += 4) {
            long here = at + row(t) * pitch + Math.min(t / TURNS, steps - 1) * STEP;
            IntVector p = IntVector.fromMemorySegment(I, w, here, NATIVE), q = IntVector.fromMemorySegment(I, w, here + far, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, w, here + 2 * far, NATIVE), s = IntVector.fromMemorySegment(I, w, here + 3 * far, NATIVE), u;
            u = farLow.selectFrom(p, r); r = farHigh.selectFrom(p, r); p = u;
            u = farLow.selectFrom(q, s); s = farHigh.selectFrom(q, s); q = u;
            int put = put(t), i = take(t);
            nearLow.selectFrom(p, q).intoArray(squares, put); nearHigh.selectFrom(p, q).intoArray(squares, put + QUARTER * LANES);
            nearLow.selectFrom(r, s).intoArray(squares, put + 2 * QUARTER * LANES); nearHigh.selectFrom(r, s).intoArray(squares, put + 3 * QUARTER * LANES);
            IntVector two = IntVector.fromArray(I, TWO, (t & 1) * LANES);
            p = IntVector.fromArray(I, squares, i); q = IntVector.fromArray(I, squares, i + LANES);
            if (LANES == 16) {
                p = two.selectFrom(p, IntVector.fromArray(I, squares, i + 2 * LANES)); q = two.selectFrom(q, IntVector.fromArray(I, squares, i + 3 * LANES));
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
            }
            r = IntVector.fromArray(I, squares, i + SQUARE); s = IntVector.fromArray(I, squares, i + SQUARE + LANES);
            if (LANES == 16) {
                r = two.selectFrom(r, IntVector.fromArray(I, squares, i + SQUARE + 2 * LANES)); s = two.selectFrom(s, IntVector.fromArray(I, squares, i + SQUARE + 3 * LANES));
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v, z, b;
            v = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(); z = r.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            v = p.and(0xFFFF0000).reinterpretAsFloats(); z = r.and(0xFFFF0000).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 1]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            v = q.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(); z = s.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 2]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            v = q.and(0xFFFF0000).reinterpretAsFloats(); z = s.and(0xFFFF0000).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 3]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
    }

    /// 2 rows, pairs of bf16, both groups.
    private static void rows2(MemorySegment w, long at, long pitch, int steps, int[] squares, float[] a, float[] c) {
        IntVector farLow = IntVector.fromArray(I, Transpose.FAR_LOW, 0), farHigh = IntVector.fromArray(I, Transpose.FAR_HIGH, 0);
        IntVector nearLow = IntVector.fromArray(I, Transpose.NEAR_LOW, 0), nearHigh = IntVector.fromArray(I, Transpose.NEAR_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, 0), y0 = FloatVector.fromArray(F, c, LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, WIDTH), y1 = FloatVector.fromArray(F, c, WIDTH + LANES);
        long far = QUARTER * pitch;
        for (int t = TURNS, j = 0, end = TURNS * (steps + 1); t < end; t++, j += 8) {
            long here = at + row(t) * pitch + Math.min(t / TURNS, steps - 1) * STEP;
            IntVector p = IntVector.fromMemorySegment(I, w, here, NATIVE), q = IntVector.fromMemorySegment(I, w, here + far, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, w, here + 2 * far, NATIVE), s = IntVector.fromMemorySegment(I, w, here + 3 * far, NATIVE), u;
            u = farLow.selectFrom(p, r); r = farHigh.selectFrom(p, r); p = u;
            u = farLow.selectFrom(q, s); s = farHigh.selectFrom(q, s); q = u;
            int put = put(t), i = take(t);
            nearLow.selectFrom(p, q).intoArray(squares, put); nearHigh.selectFrom(p, q).intoArray(squares, put + QUARTER * LANES);
            nearLow.selectFrom(r, s).intoArray(squares, put + 2 * QUARTER * LANES); nearHigh.selectFrom(r, s).intoArray(squares, put + 3 * QUARTER * LANES);
            IntVector two = IntVector.fromArray(I, TWO, (t & 1) * LANES);
            p = IntVector.fromArray(I, squares, i); q = IntVector.fromArray(I, squares, i + LANES);
            if (LANES == 16) {
                p = two.selectFrom(p, IntVector.fromArray(I, squares, i + 2 * LANES)); q = two.selectFrom(q, IntVector.fromArray(I, squares, i + 3 * LANES));
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
            }
            r = IntVector.fromArray(I, squares, i + SQUARE); s = IntVector.fromArray(I, squares, i + SQUARE + LANES);
            if (LANES == 16) {
                r = two.selectFrom(r, IntVector.fromArray(I, squares, i + SQUARE + 2 * LANES)); s = two.selectFrom(s, IntVector.fromArray(I, squares, i + SQUARE + 3 * LANES));
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v, z, b;
            v = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(); z = r.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            b = FloatVector.broadcast(F, a[j + 1]); x1 = v.fma(b, x1); y1 = z.fma(b, y1);
            v = p.and(0xFFFF0000).reinterpretAsFloats(); z = r.and(0xFFFF0000).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 2]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            b = FloatVector.broadcast(F, a[j + 3]); x1 = v.fma(b, x1); y1 = z.fma(b, y1);
            v = q.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(); z = s.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 4]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            b = FloatVector.broadcast(F, a[j + 5]); x1 = v.fma(b, x1); y1 = z.fma(b, y1);
            v = q.and(0xFFFF0000).reinterpretAsFloats(); z = s.and(0xFFFF0000).reinterpretAsFloats();
            b = FloatVector.broadcast(F, a[j + 6]); x0 = v.fma(b, x0); y0 = z.fma(b, y0);
            b = FloatVector.broadcast(F, a[j + 7]); x1 = v.fma(b, x1); y1 = z.fma(b, y1);
        }
        x0.intoArray(c, 0); y0.intoArray(c, LANES);
        x1.intoArray(c, WIDTH); y1.intoArray(c, WIDTH + LANES);
    }
    /// 4 rows, pairs of bf16, one group.
    private static void rows4(MemorySegment w, long at, long pitch, int steps, int[] squares, float[] a, float[] c, int co) {
        IntVector farLow = IntVector.fromArray(I, Transpose.FAR_LOW, 0), farHigh = IntVector.fromArray(I, Transpose.FAR_HIGH, 0);
        IntVector nearLow = IntVector.fromArray(I, Transpose.NEAR_LOW, 0), nearHigh = IntVector.fromArray(I, Transpose.NEAR_HIGH, 0);
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        long far = QUARTER * pitch;
        for (int t = QUARTER, j = 0, end = QUARTER * (steps + 1); t < end; t++, j += 32) {
            long here = at + (t & QUARTER - 1) * pitch + Math.min(t / QUARTER, steps - 1) * STEP;
            IntVector p = IntVector.fromMemorySegment(I, w, here, NATIVE), q = IntVector.fromMemorySegment(I, w, here + far, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, w, here + 2 * far, NATIVE), s = IntVector.fromMemorySegment(I, w, here + 3 * far, NATIVE), u;
            u = farLow.selectFrom(p, r); r = farHigh.selectFrom(p, r); p = u;
            u = farLow.selectFrom(q, s); s = farHigh.selectFrom(q, s); q = u;
            int put = GemvTile.put(t), i = GemvTile.take(t);
            nearLow.selectFrom(p, q).intoArray(squares, put); nearHigh.selectFrom(p, q).intoArray(squares, put + QUARTER * LANES);
            nearLow.selectFrom(r, s).intoArray(squares, put + 2 * QUARTER * LANES); nearHigh.selectFrom(r, s).intoArray(squares, put + 3 * QUARTER * LANES);
            p = IntVector.fromArray(I, squares, i); q = IntVector.fromArray(I, squares, i + LANES);
            r = IntVector.fromArray(I, squares, i + 2 * LANES); s = IntVector.fromArray(I, squares, i + 3 * LANES);
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            v = p.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 4]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 5]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 6]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 7]), x3);
            v = q.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            v = q.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 12]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 13]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 14]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 15]), x3);
            v = r.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 16]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 17]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 18]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 19]), x3);
            v = r.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 20]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 21]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 22]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 23]), x3);
            v = s.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 24]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 25]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 26]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 27]), x3);
            v = s.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 28]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 29]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 30]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 31]), x3);
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
    }

    /// 8 rows, pairs of bf16, one group.
    private static void rows8(MemorySegment w, long at, long pitch, int steps, int[] squares, float[] a, float[] c, int co) {
        IntVector farLow = IntVector.fromArray(I, Transpose.FAR_LOW, 0), farHigh = IntVector.fromArray(I, Transpose.FAR_HIGH, 0);
        IntVector nearLow = IntVector.fromArray(I, Transpose.NEAR_LOW, 0), nearHigh = IntVector.fromArray(I, Transpose.NEAR_HIGH, 0);
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        FloatVector x4 = FloatVector.fromArray(F, c, co + 4 * WIDTH), x5 = FloatVector.fromArray(F, c, co + 5 * WIDTH);
        FloatVector x6 = FloatVector.fromArray(F, c, co + 6 * WIDTH), x7 = FloatVector.fromArray(F, c, co + 7 * WIDTH);
        long far = QUARTER * pitch;
        for (int t = QUARTER, j = 0, end = QUARTER * (steps + 1); t < end; t++, j += 64) {
            long here = at + (t & QUARTER - 1) * pitch + Math.min(t / QUARTER, steps - 1) * STEP;
            IntVector p = IntVector.fromMemorySegment(I, w, here, NATIVE), q = IntVector.fromMemorySegment(I, w, here + far, NATIVE);
            IntVector r = IntVector.fromMemorySegment(I, w, here + 2 * far, NATIVE), s = IntVector.fromMemorySegment(I, w, here + 3 * far, NATIVE), u;
            u = farLow.selectFrom(p, r); r = farHigh.selectFrom(p, r); p = u;
            u = farLow.selectFrom(q, s); s = farHigh.selectFrom(q, s); q = u;
            int put = GemvTile.put(t), i = GemvTile.take(t);
            nearLow.selectFrom(p, q).intoArray(squares, put); nearHigh.selectFrom(p, q).intoArray(squares, put + QUARTER * LANES);
            nearLow.selectFrom(r, s).intoArray(squares, put + 2 * QUARTER * LANES); nearHigh.selectFrom(r, s).intoArray(squares, put + 3 * QUARTER * LANES);
            p = IntVector.fromArray(I, squares, i); q = IntVector.fromArray(I, squares, i + LANES);
            r = IntVector.fromArray(I, squares, i + 2 * LANES); s = IntVector.fromArray(I, squares, i + 3 * LANES);
            if (LANES == 16) {
                u = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = u;
                u = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = u;
            }
            if (LANES >= 8) {
                u = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = u;
                u = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = u;
            }
            FloatVector v;
            v = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 4]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 5]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 6]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 7]), x7);
            v = p.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 12]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 13]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 14]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 15]), x7);
            v = q.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 16]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 17]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 18]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 19]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 20]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 21]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 22]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 23]), x7);
            v = q.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 24]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 25]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 26]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 27]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 28]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 29]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 30]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 31]), x7);
            v = r.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 32]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 33]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 34]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 35]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 36]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 37]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 38]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 39]), x7);
            v = r.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 40]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 41]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 42]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 43]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 44]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 45]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 46]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 47]), x7);
            v = s.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 48]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 49]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 50]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 51]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 52]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 53]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 54]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 55]), x7);
            v = s.and(0xFFFF0000).reinterpretAsFloats();
            x0 = v.fma(FloatVector.broadcast(F, a[j + 56]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 57]), x1);
            x2 = v.fma(FloatVector.broadcast(F, a[j + 58]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 59]), x3);
            x4 = v.fma(FloatVector.broadcast(F, a[j + 60]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 61]), x5);
            x6 = v.fma(FloatVector.broadcast(F, a[j + 62]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 63]), x7);
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
        x4.intoArray(c, co + 4 * WIDTH); x5.intoArray(c, co + 5 * WIDTH);
        x6.intoArray(c, co + 6 * WIDTH); x7.intoArray(c, co + 7 * WIDTH);
    }
}
