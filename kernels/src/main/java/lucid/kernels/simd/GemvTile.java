package lucid.kernels.simd;

import static lucid.kernels.simd.Species.F;
import static lucid.kernels.simd.Species.I;
import static lucid.kernels.simd.Species.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// The second half of the transposition of an f32 weight (see [Transpose]) and the links of the chains it feeds, in one go: what has been
/// exchanged goes into the FMA from its register, never to a panel. The chain of an element is the same as the register tile's.
///
/// One or two rows take both groups together, because a single chain of LANES columns waits four cycles for each link. Four or eight rows are enough chains,
/// and both groups would pass the register file. Loops count in the index of the squares: counting in that of `a` costs a third (measured).
///
/// Measured on one core of an Intel Xeon (family 6, model 207, AVX-512), cycles per 64 bytes of weight from L1, after the 2.0 to 2.4 of the first half:
/// 1.8 to 2.0 with one row, 2.2 with two, 3.4 with four, 5.9 with eight. Two permutes a vector on the one port that has them make 2 the floor.
final class GemvTile {
    private static final int SQUARE = LANES * LANES;
    private static final int WIDTH = GemmTile.WIDTH;

    private GemvTile() {}

    /// Continues the chains of `height` (1, 2, 4 or 8) rows and two groups of LANES columns over `steps` squares.
    ///
    /// @param squares the groups' squares after [Transpose#spreadRows], the second at [Transpose#SCRATCH]
    /// @param a       panel [k][height], from `ao` on
    /// @param c       chains [height][WIDTH]
    static void run(int height, int[] squares, int steps, float[] a, int ao, float[] c) {
        switch (height) {
            case 1 -> rows1(squares, 0, steps, a, ao, c, 0);
            case 2 -> rows2(squares, 0, steps, a, ao, c, 0);
            case 4 -> {
                rows4(squares, 0, steps, a, ao, c, 0);
                rows4(squares, Transpose.SCRATCH, steps, a, ao, c, LANES);
            }
            default -> {
                rows8(squares, 0, steps, a, ao, c, 0);
                rows8(squares, Transpose.SCRATCH, steps, a, ao, c, LANES);
            }
        }
    }

    /// 1 row, f32, both groups of rows of W.
    private static void rows1(int[] squares, int so, int steps, float[] a, int ao, float[] c, int co) {
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co), y0 = FloatVector.fromArray(F, c, co + LANES);
        for (int i = so, j = ao, end = so + steps * SQUARE; i < end; i += 4 * LANES, j += 4) {
            IntVector p = IntVector.fromArray(I, squares, i), q = IntVector.fromArray(I, squares, i + LANES);
            IntVector r = IntVector.fromArray(I, squares, i + 2 * LANES), s = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            IntVector e = IntVector.fromArray(I, squares, Transpose.SCRATCH + i), f = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + LANES);
            IntVector g = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + 2 * LANES), h = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + 3 * LANES);
            if (LANES == 16) {
                t = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = t;
                t = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = t;
                t = twoLow.selectFrom(e, g); g = twoHigh.selectFrom(e, g); e = t;
                t = twoLow.selectFrom(f, h); h = twoHigh.selectFrom(f, h); f = t;
            }
            if (LANES >= 8) {
                t = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = t;
                t = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = t;
                t = oneLow.selectFrom(e, f); f = oneHigh.selectFrom(e, f); e = t;
                t = oneLow.selectFrom(g, h); h = oneHigh.selectFrom(g, h); g = t;
            }
            FloatVector u, v;
            u = p.reinterpretAsFloats(); v = e.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j]), y0);
            u = q.reinterpretAsFloats(); v = f.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 1]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 1]), y0);
            u = r.reinterpretAsFloats(); v = g.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 2]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 2]), y0);
            u = s.reinterpretAsFloats(); v = h.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 3]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 3]), y0);
        }
        x0.intoArray(c, co); y0.intoArray(c, co + LANES);
    }

    /// 2 rows, f32, both groups of rows of W.
    private static void rows2(int[] squares, int so, int steps, float[] a, int ao, float[] c, int co) {
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co), y0 = FloatVector.fromArray(F, c, co + LANES);
        FloatVector x1 = FloatVector.fromArray(F, c, co + WIDTH), y1 = FloatVector.fromArray(F, c, co + WIDTH + LANES);
        for (int i = so, j = ao, end = so + steps * SQUARE; i < end; i += 4 * LANES, j += 8) {
            IntVector p = IntVector.fromArray(I, squares, i), q = IntVector.fromArray(I, squares, i + LANES);
            IntVector r = IntVector.fromArray(I, squares, i + 2 * LANES), s = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            IntVector e = IntVector.fromArray(I, squares, Transpose.SCRATCH + i), f = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + LANES);
            IntVector g = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + 2 * LANES), h = IntVector.fromArray(I, squares, Transpose.SCRATCH + i + 3 * LANES);
            if (LANES == 16) {
                t = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = t;
                t = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = t;
                t = twoLow.selectFrom(e, g); g = twoHigh.selectFrom(e, g); e = t;
                t = twoLow.selectFrom(f, h); h = twoHigh.selectFrom(f, h); f = t;
            }
            if (LANES >= 8) {
                t = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = t;
                t = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = t;
                t = oneLow.selectFrom(e, f); f = oneHigh.selectFrom(e, f); e = t;
                t = oneLow.selectFrom(g, h); h = oneHigh.selectFrom(g, h); g = t;
            }
            FloatVector u, v;
            u = p.reinterpretAsFloats(); v = e.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j]), y0);
            x1 = u.fma(FloatVector.broadcast(F, a[j + 1]), x1); y1 = v.fma(FloatVector.broadcast(F, a[j + 1]), y1);
            u = q.reinterpretAsFloats(); v = f.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 2]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 2]), y0);
            x1 = u.fma(FloatVector.broadcast(F, a[j + 3]), x1); y1 = v.fma(FloatVector.broadcast(F, a[j + 3]), y1);
            u = r.reinterpretAsFloats(); v = g.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 4]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 4]), y0);
            x1 = u.fma(FloatVector.broadcast(F, a[j + 5]), x1); y1 = v.fma(FloatVector.broadcast(F, a[j + 5]), y1);
            u = s.reinterpretAsFloats(); v = h.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 6]), x0); y0 = v.fma(FloatVector.broadcast(F, a[j + 6]), y0);
            x1 = u.fma(FloatVector.broadcast(F, a[j + 7]), x1); y1 = v.fma(FloatVector.broadcast(F, a[j + 7]), y1);
        }
        x0.intoArray(c, co); y0.intoArray(c, co + LANES);
        x1.intoArray(c, co + WIDTH); y1.intoArray(c, co + WIDTH + LANES);
    }

    /// 4 rows, f32.
    private static void rows4(int[] squares, int so, int steps, float[] a, int ao, float[] c, int co) {
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co);
        FloatVector x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH);
        FloatVector x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        for (int i = so, j = ao, end = so + steps * SQUARE; i < end; i += 4 * LANES, j += 16) {
            IntVector p = IntVector.fromArray(I, squares, i), q = IntVector.fromArray(I, squares, i + LANES);
            IntVector r = IntVector.fromArray(I, squares, i + 2 * LANES), s = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            if (LANES == 16) {
                t = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = t;
                t = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = t;
            }
            if (LANES >= 8) {
                t = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = t;
                t = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = t;
            }
            FloatVector u;
            u = p.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            u = q.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 4]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 5]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 6]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 7]), x3);
            u = r.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            u = s.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 12]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 13]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 14]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 15]), x3);
        }
        x0.intoArray(c, co);
        x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH);
        x3.intoArray(c, co + 3 * WIDTH);
    }

    /// 8 rows, f32.
    private static void rows8(int[] squares, int so, int steps, float[] a, int ao, float[] c, int co) {
        IntVector twoLow = IntVector.fromArray(I, Transpose.TWO_LOW, 0), twoHigh = IntVector.fromArray(I, Transpose.TWO_HIGH, 0);
        IntVector oneLow = IntVector.fromArray(I, Transpose.ONE_LOW, 0), oneHigh = IntVector.fromArray(I, Transpose.ONE_HIGH, 0);
        FloatVector x0 = FloatVector.fromArray(F, c, co);
        FloatVector x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH);
        FloatVector x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        FloatVector x4 = FloatVector.fromArray(F, c, co + 4 * WIDTH);
        FloatVector x5 = FloatVector.fromArray(F, c, co + 5 * WIDTH);
        FloatVector x6 = FloatVector.fromArray(F, c, co + 6 * WIDTH);
        FloatVector x7 = FloatVector.fromArray(F, c, co + 7 * WIDTH);
        for (int i = so, j = ao, end = so + steps * SQUARE; i < end; i += 4 * LANES, j += 32) {
            IntVector p = IntVector.fromArray(I, squares, i), q = IntVector.fromArray(I, squares, i + LANES);
            IntVector r = IntVector.fromArray(I, squares, i + 2 * LANES), s = IntVector.fromArray(I, squares, i + 3 * LANES), t;
            if (LANES == 16) {
                t = twoLow.selectFrom(p, r); r = twoHigh.selectFrom(p, r); p = t;
                t = twoLow.selectFrom(q, s); s = twoHigh.selectFrom(q, s); q = t;
            }
            if (LANES >= 8) {
                t = oneLow.selectFrom(p, q); q = oneHigh.selectFrom(p, q); p = t;
                t = oneLow.selectFrom(r, s); s = oneHigh.selectFrom(r, s); r = t;
            }
            FloatVector u;
            u = p.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 1]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 3]), x3);
            x4 = u.fma(FloatVector.broadcast(F, a[j + 4]), x4); x5 = u.fma(FloatVector.broadcast(F, a[j + 5]), x5);
            x6 = u.fma(FloatVector.broadcast(F, a[j + 6]), x6); x7 = u.fma(FloatVector.broadcast(F, a[j + 7]), x7);
            u = q.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 9]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 11]), x3);
            x4 = u.fma(FloatVector.broadcast(F, a[j + 12]), x4); x5 = u.fma(FloatVector.broadcast(F, a[j + 13]), x5);
            x6 = u.fma(FloatVector.broadcast(F, a[j + 14]), x6); x7 = u.fma(FloatVector.broadcast(F, a[j + 15]), x7);
            u = r.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 16]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 17]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 18]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 19]), x3);
            x4 = u.fma(FloatVector.broadcast(F, a[j + 20]), x4); x5 = u.fma(FloatVector.broadcast(F, a[j + 21]), x5);
            x6 = u.fma(FloatVector.broadcast(F, a[j + 22]), x6); x7 = u.fma(FloatVector.broadcast(F, a[j + 23]), x7);
            u = s.reinterpretAsFloats();
            x0 = u.fma(FloatVector.broadcast(F, a[j + 24]), x0); x1 = u.fma(FloatVector.broadcast(F, a[j + 25]), x1);
            x2 = u.fma(FloatVector.broadcast(F, a[j + 26]), x2); x3 = u.fma(FloatVector.broadcast(F, a[j + 27]), x3);
            x4 = u.fma(FloatVector.broadcast(F, a[j + 28]), x4); x5 = u.fma(FloatVector.broadcast(F, a[j + 29]), x5);
            x6 = u.fma(FloatVector.broadcast(F, a[j + 30]), x6); x7 = u.fma(FloatVector.broadcast(F, a[j + 31]), x7);
        }
        x0.intoArray(c, co);
        x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH);
        x3.intoArray(c, co + 3 * WIDTH);
        x4.intoArray(c, co + 4 * WIDTH);
        x5.intoArray(c, co + 5 * WIDTH);
        x6.intoArray(c, co + 6 * WIDTH);
        x7.intoArray(c, co + 7 * WIDTH);
    }
}
