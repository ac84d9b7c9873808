package lucid.kernels.ptx.tensor;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Accumulators between registers and blocks of [DotTiles] in memory, 8 rows of 8 doubles: for types, and vectors, that do not go from registers to
/// registers.
final class Blocks {
    private static final int L = DotTiles.L;
    /// From a vector of a block to the one that holds the odd columns (512 bits: the next row).
    private static final int ODD = Math.max(4, L);
    private static final VectorShuffle<Integer> SWAP_INTS = DotTiles.SWAP.cast(DotTiles.I);
    private static final VectorMask<Integer> UPPER_INTS = DotTiles.UPPER.cast(DotTiles.I);

    private Blocks() {}

    /// Where lane i of the register of even columns stands in a block.
    private static int place(int i) { return 8 * (i >> 2) + (i & 3); }

    /// Two f32 registers (even columns at `even`, odd ones at `odd`) to a block.
    static void readF32(int[] words, int even, int odd, double[] acc, int at) {
        for (int i = 0; i < 32; i += L) {
            FloatVector e = IntVector.fromArray(DotTiles.I, words, even + i).reinterpretAsFloats();
            FloatVector o = IntVector.fromArray(DotTiles.I, words, odd + i).reinterpretAsFloats();
            FloatVector x = e;
            FloatVector y = o;
            if (L == 8) {
                // Even and odd columns of two rows to two rows.
                x = e.blend(o.rearrange(DotTiles.SWAP), DotTiles.UPPER);
                y = e.rearrange(DotTiles.SWAP).blend(o, DotTiles.UPPER);
            }
            ((DoubleVector) x.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoArray(acc, at + place(i));
            ((DoubleVector) y.convertShape(VectorOperators.F2D, DotTiles.D, 0)).intoArray(acc, at + place(i) + ODD);
        }
    }

    /// The inverse of [#readF32]: one rounding to f32, NaN as PTX's.
    static void writeF32(double[] acc, int at, int[] words, int even, int odd) {
        for (int i = 0; i < 32; i += L) {
            FloatVector x = (FloatVector) DoubleVector.fromArray(DotTiles.D, acc, at + place(i)).convertShape(VectorOperators.D2F, DotTiles.F, 0);
            FloatVector y = (FloatVector) DoubleVector.fromArray(DotTiles.D, acc, at + place(i) + ODD)
                    .convertShape(VectorOperators.D2F, DotTiles.F, 0);
            x = x.blend(DotTiles.NAN, x.compare(VectorOperators.NE, x));
            y = y.blend(DotTiles.NAN, y.compare(VectorOperators.NE, y));
            FloatVector e = x;
            FloatVector o = y;
            if (L == 8) {
                e = x.blend(y.rearrange(DotTiles.SWAP), DotTiles.UPPER);
                o = x.rearrange(DotTiles.SWAP).blend(y, DotTiles.UPPER);
            }
            e.reinterpretAsInts().intoArray(words, even + i);
            o.reinterpretAsInts().intoArray(words, odd + i);
        }
    }

    /// Two s32 registers to a block.
    static void readS32(int[] words, int even, int odd, double[] acc, int at) {
        for (int i = 0; i < 32; i += L) {
            IntVector e = IntVector.fromArray(DotTiles.I, words, even + i);
            IntVector o = IntVector.fromArray(DotTiles.I, words, odd + i);
            IntVector x = e;
            IntVector y = o;
            if (L == 8) {
                x = e.blend(o.rearrange(SWAP_INTS), UPPER_INTS);
                y = e.rearrange(SWAP_INTS).blend(o, UPPER_INTS);
            }
            ((DoubleVector) x.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoArray(acc, at + place(i));
            ((DoubleVector) y.convertShape(VectorOperators.I2D, DotTiles.D, 0)).intoArray(acc, at + place(i) + ODD);
        }
    }

    /// The inverse of [#readS32]: integers below 2^51 wrap to 32 bits, or stop at the ends. After adding 1.5 2^52 the low bits of the fraction are
    /// the integer in two's complement.
    static void writeS32(double[] acc, int at, boolean saturate, int[] words, int even, int odd) {
        double low = saturate ? Integer.MIN_VALUE : -0x1p51;
        double high = saturate ? Integer.MAX_VALUE : 0x1p51;
        for (int i = 0; i < 32; i += L) {
            LongVector a = DoubleVector.fromArray(DotTiles.D, acc, at + place(i)).max(low).min(high).add(0x1.8p52).reinterpretAsLongs();
            LongVector b = DoubleVector.fromArray(DotTiles.D, acc, at + place(i) + ODD).max(low).min(high).add(0x1.8p52).reinterpretAsLongs();
            IntVector x = (IntVector) a.convertShape(VectorOperators.L2I, DotTiles.I, 0);
            IntVector y = (IntVector) b.convertShape(VectorOperators.L2I, DotTiles.I, 0);
            IntVector e = x;
            IntVector o = y;
            if (L == 8) {
                e = x.blend(y.rearrange(SWAP_INTS), UPPER_INTS);
                o = x.rearrange(SWAP_INTS).blend(y, UPPER_INTS);
            }
            e.intoArray(words, even + i);
            o.intoArray(words, odd + i);
        }
    }
}
