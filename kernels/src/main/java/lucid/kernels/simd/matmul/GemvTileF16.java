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
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.simd.vector.Transpose;

/// [GemvTile] for a weight of f16: pairs as in [GemvTileBf16], widened as in `Widen`. Sign and exponent are shifted together, and a sum
/// whose sign is that of the comparison stands for a mask. It takes longer than the FMAs of one row, and is a loop of its own: eight times in one
/// body it would pass what HotSpot compiles.
final class GemvTileF16 {
    private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
    private static final int WIDTH = GemmTile.WIDTH;

    private GemvTileF16() {}

    /// Continues the chains of `height` (1, 2, 4 or 8) rows and LANES columns of the result over some turns, 8 positions each.
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

    /// 1 row, f16.
    private static void rows1(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co);
        IntVector kept = IntVector.broadcast(I, 0x8FFFE000), magnitude = IntVector.broadcast(I, 0x7FFFFFFF),
                carry = IntVector.broadcast(I, 0x80000000 - 0x47800000);
        IntVector infinite = IntVector.broadcast(I, 0x7F800000);
        FloatVector rebias = FloatVector.broadcast(F, 0x1p112f);
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
            p.intoMemorySegment(ALL, take, NATIVE); q.intoMemorySegment(ALL, take + STEP, NATIVE); r.intoMemorySegment(ALL, take + 2 * STEP, NATIVE);
            s.intoMemorySegment(ALL, take + 3 * STEP, NATIVE);
            for (int i = 0; i < 4; i++, j += 2) {
                IntVector pair = IntVector.fromMemorySegment(I, ALL, take + i * STEP, NATIVE);
                IntVector x = pair.lanewise(VectorOperators.LSHL, 16);
                x = x.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j]), x0);
                x = pair.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j + 1]), x0);
            }
        }
        x0.intoArray(c, co);
    }

    /// 2 rows, f16.
    private static void rows2(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        IntVector kept = IntVector.broadcast(I, 0x8FFFE000), magnitude = IntVector.broadcast(I, 0x7FFFFFFF),
                carry = IntVector.broadcast(I, 0x80000000 - 0x47800000);
        IntVector infinite = IntVector.broadcast(I, 0x7F800000);
        FloatVector rebias = FloatVector.broadcast(F, 0x1p112f);
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
            p.intoMemorySegment(ALL, take, NATIVE); q.intoMemorySegment(ALL, take + STEP, NATIVE); r.intoMemorySegment(ALL, take + 2 * STEP, NATIVE);
            s.intoMemorySegment(ALL, take + 3 * STEP, NATIVE);
            for (int i = 0; i < 4; i++, j += 4) {
                IntVector pair = IntVector.fromMemorySegment(I, ALL, take + i * STEP, NATIVE);
                IntVector x = pair.lanewise(VectorOperators.LSHL, 16);
                x = x.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
                x = pair.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j + 2]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 3]), x1);
            }
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
    }

    /// 4 rows, f16.
    private static void rows4(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        IntVector kept = IntVector.broadcast(I, 0x8FFFE000), magnitude = IntVector.broadcast(I, 0x7FFFFFFF),
                carry = IntVector.broadcast(I, 0x80000000 - 0x47800000);
        IntVector infinite = IntVector.broadcast(I, 0x7F800000);
        FloatVector rebias = FloatVector.broadcast(F, 0x1p112f);
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
            p.intoMemorySegment(ALL, take, NATIVE); q.intoMemorySegment(ALL, take + STEP, NATIVE); r.intoMemorySegment(ALL, take + 2 * STEP, NATIVE);
            s.intoMemorySegment(ALL, take + 3 * STEP, NATIVE);
            for (int i = 0; i < 4; i++, j += 8) {
                IntVector pair = IntVector.fromMemorySegment(I, ALL, take + i * STEP, NATIVE);
                IntVector x = pair.lanewise(VectorOperators.LSHL, 16);
                x = x.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
                x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
                x = pair.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j + 4]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 5]), x1);
                x2 = v.fma(FloatVector.broadcast(F, a[j + 6]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 7]), x3);
            }
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
    }

    /// 8 rows, f16.
    private static void rows8(long squares, int turns, float[] a, int first, float[] c, int co) {
        IntVector twoLow = Transpose.TWO_LOW.vector(), twoHigh = Transpose.TWO_HIGH.vector();
        IntVector oneLow = Transpose.ONE_LOW.vector(), oneHigh = Transpose.ONE_HIGH.vector();
        FloatVector x0 = FloatVector.fromArray(F, c, co), x1 = FloatVector.fromArray(F, c, co + WIDTH);
        FloatVector x2 = FloatVector.fromArray(F, c, co + 2 * WIDTH), x3 = FloatVector.fromArray(F, c, co + 3 * WIDTH);
        FloatVector x4 = FloatVector.fromArray(F, c, co + 4 * WIDTH), x5 = FloatVector.fromArray(F, c, co + 5 * WIDTH);
        FloatVector x6 = FloatVector.fromArray(F, c, co + 6 * WIDTH), x7 = FloatVector.fromArray(F, c, co + 7 * WIDTH);
        IntVector kept = IntVector.broadcast(I, 0x8FFFE000), magnitude = IntVector.broadcast(I, 0x7FFFFFFF),
                carry = IntVector.broadcast(I, 0x80000000 - 0x47800000);
        IntVector infinite = IntVector.broadcast(I, 0x7F800000);
        FloatVector rebias = FloatVector.broadcast(F, 0x1p112f);
        for (int t = 0, last = GemvRows.count(turns); t < last; t++) {
            int j = first + t * 64;
            long take = GemvRows.take(squares, t);
            Objects.checkIndex(j + 63, a.length);
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
            p.intoMemorySegment(ALL, take, NATIVE); q.intoMemorySegment(ALL, take + STEP, NATIVE); r.intoMemorySegment(ALL, take + 2 * STEP, NATIVE);
            s.intoMemorySegment(ALL, take + 3 * STEP, NATIVE);
            for (int i = 0; i < 4; i++, j += 16) {
                IntVector pair = IntVector.fromMemorySegment(I, ALL, take + i * STEP, NATIVE);
                IntVector x = pair.lanewise(VectorOperators.LSHL, 16);
                x = x.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 1]), x1);
                x2 = v.fma(FloatVector.broadcast(F, a[j + 2]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 3]), x3);
                x4 = v.fma(FloatVector.broadcast(F, a[j + 4]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 5]), x5);
                x6 = v.fma(FloatVector.broadcast(F, a[j + 6]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 7]), x7);
                x = pair.lanewise(VectorOperators.ASHR, 3).and(kept).reinterpretAsFloats().mul(rebias).reinterpretAsInts();
                v = x.or(x.and(magnitude).add(carry).lanewise(VectorOperators.ASHR, 31).and(infinite)).reinterpretAsFloats();
                x0 = v.fma(FloatVector.broadcast(F, a[j + 8]), x0); x1 = v.fma(FloatVector.broadcast(F, a[j + 9]), x1);
                x2 = v.fma(FloatVector.broadcast(F, a[j + 10]), x2); x3 = v.fma(FloatVector.broadcast(F, a[j + 11]), x3);
                x4 = v.fma(FloatVector.broadcast(F, a[j + 12]), x4); x5 = v.fma(FloatVector.broadcast(F, a[j + 13]), x5);
                x6 = v.fma(FloatVector.broadcast(F, a[j + 14]), x6); x7 = v.fma(FloatVector.broadcast(F, a[j + 15]), x7);
            }
        }
        x0.intoArray(c, co); x1.intoArray(c, co + WIDTH);
        x2.intoArray(c, co + 2 * WIDTH); x3.intoArray(c, co + 3 * WIDTH);
        x4.intoArray(c, co + 4 * WIDTH); x5.intoArray(c, co + 5 * WIDTH);
        x6.intoArray(c, co + 6 * WIDTH); x7.intoArray(c, co + 7 * WIDTH);
    }
}
