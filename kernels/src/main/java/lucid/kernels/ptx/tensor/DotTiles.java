package lucid.kernels.ptx.tensor;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.number.Formats;

/// [Accumulation#EXACT] in vectors of double: blocks of 8 rows times 8 (or 16) columns of D stay in registers while k runs.
///
/// One accumulator register of a warp is 32 words: lane `4 g + t` holds row g of 8, column `2 t + p` of 8, p the parity of the register. So the two registers
/// of a block hold its even and its odd columns, and a row of a block here is *even columns, then odd ones*, in B's panels as well ([#column]): then a row is two
/// runs of 4 words. Panels of A (8 rows) and of B (8 columns) are both `[k][8]`; A is read one number at a time, into all lanes.
///
/// Every lane does what the plain loop does: `fma(a_k, b_k, acc)` in ascending k, where fma and multiply-then-add agree because the product of two factors of
/// at most 24 bits is exact in double.
///
/// No method here takes or returns a vector: past its node budget C2 stops inlining methods that are not part of the Vector API, and a vector handed to a method that is
/// not inlined is allocated.
final class DotTiles {
    /// 512 bits at most: a row of a block has 8 numbers.
    private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED.length() > 8 ? DoubleVector.SPECIES_512 : DoubleVector.SPECIES_PREFERRED;
    private static final int L = D.length();
    private static final VectorShape HALF_SHAPE = VectorShape.forBitSize(Math.max(64, L * 32));
    private static final VectorSpecies<Float> F = VectorSpecies.of(float.class, HALF_SHAPE);
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, HALF_SHAPE);
    /// Whether there are vectors at all; else the plain path is used.
    static final boolean FAST = L >= 2;
    /// From a vector of a block to the one that holds the odd columns (512 bits: the next row).
    private static final int ODD = Math.max(4, L);
    /// Halves exchanged, and the mask of the upper half: two vectors of (even, odd columns of two rows) to two rows and back.
    private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> (i + 4) % L);
    private static final VectorMask<Float> UPPER = VectorMask.fromLong(F, 0xf0 & (1 << L) - 1);
    private static final VectorShuffle<Integer> SWAP_INTS = SWAP.cast(I);
    private static final VectorMask<Integer> UPPER_INTS = UPPER.cast(I);
    private static final float NAN = Float.intBitsToFloat(Formats.NAN_F32);

    private DotTiles() {}

    /// Where lane i of the register of even columns stands in a block.
    private static int place(int i) { return 8 * (i >> 2) + (i & 3); }

    /// Where column n stands among the columns of B and in a row of a block.
    static int column(int n) { return n & ~7 | (n & 1) << 2 | (n & 7) >> 1; }

    /// A block of two n8 tiles: 8 rows from A's panel at `aAt`, `acc[tile][row][8]`.
    static void multiplyPair(double[] a, int aAt, double[] b, int bAt, int depth, double[] acc) {
        for (int row = 0; row < 8; row += 4) {
            for (int part = 0; part < 8; part += L) four(a, aAt + row, b, bAt + part, bAt + part + 8 * depth, depth, acc, 8 * row + part);
        }
    }

    /// A block of one n8 tile.
    static void multiply(double[] a, int aAt, double[] b, int bAt, int depth, double[] acc, int at) {
        for (int part = 0; part < 8; part += L) eight(a, aAt, b, bAt + part, depth, acc, at + part);
    }

    private static void four(double[] a, int aAt, double[] b, int bAt, int b2, int depth, double[] acc, int at) {
        DoubleVector c00 = DoubleVector.fromArray(D, acc, at);
        DoubleVector c10 = DoubleVector.fromArray(D, acc, at + 8);
        DoubleVector c20 = DoubleVector.fromArray(D, acc, at + 16);
        DoubleVector c30 = DoubleVector.fromArray(D, acc, at + 24);
        DoubleVector c01 = DoubleVector.fromArray(D, acc, at + 64);
        DoubleVector c11 = DoubleVector.fromArray(D, acc, at + 72);
        DoubleVector c21 = DoubleVector.fromArray(D, acc, at + 80);
        DoubleVector c31 = DoubleVector.fromArray(D, acc, at + 88);
        for (int k = 0; k < depth; k++) {
            DoubleVector y0 = DoubleVector.fromArray(D, b, bAt + 8 * k);
            DoubleVector y1 = DoubleVector.fromArray(D, b, b2 + 8 * k);
            DoubleVector x = DoubleVector.broadcast(D, a[aAt + 8 * k]);
            c00 = x.fma(y0, c00);
            c01 = x.fma(y1, c01);
            x = DoubleVector.broadcast(D, a[aAt + 8 * k + 1]);
            c10 = x.fma(y0, c10);
            c11 = x.fma(y1, c11);
            x = DoubleVector.broadcast(D, a[aAt + 8 * k + 2]);
            c20 = x.fma(y0, c20);
            c21 = x.fma(y1, c21);
            x = DoubleVector.broadcast(D, a[aAt + 8 * k + 3]);
            c30 = x.fma(y0, c30);
            c31 = x.fma(y1, c31);
        }
        c00.intoArray(acc, at);
        c10.intoArray(acc, at + 8);
        c20.intoArray(acc, at + 16);
        c30.intoArray(acc, at + 24);
        c01.intoArray(acc, at + 64);
        c11.intoArray(acc, at + 72);
        c21.intoArray(acc, at + 80);
        c31.intoArray(acc, at + 88);
    }

    private static void eight(double[] a, int aAt, double[] b, int bAt, int depth, double[] acc, int at) {
        DoubleVector c0 = DoubleVector.fromArray(D, acc, at);
        DoubleVector c1 = DoubleVector.fromArray(D, acc, at + 8);
        DoubleVector c2 = DoubleVector.fromArray(D, acc, at + 16);
        DoubleVector c3 = DoubleVector.fromArray(D, acc, at + 24);
        DoubleVector c4 = DoubleVector.fromArray(D, acc, at + 32);
        DoubleVector c5 = DoubleVector.fromArray(D, acc, at + 40);
        DoubleVector c6 = DoubleVector.fromArray(D, acc, at + 48);
        DoubleVector c7 = DoubleVector.fromArray(D, acc, at + 56);
        for (int k = 0; k < depth; k++) {
            DoubleVector y = DoubleVector.fromArray(D, b, bAt + 8 * k);
            c0 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k]), c0);
            c1 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 1]), c1);
            c2 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 2]), c2);
            c3 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 3]), c3);
            c4 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 4]), c4);
            c5 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 5]), c5);
            c6 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 6]), c6);
            c7 = y.fma(DoubleVector.broadcast(D, a[aAt + 8 * k + 7]), c7);
        }
        c0.intoArray(acc, at);
        c1.intoArray(acc, at + 8);
        c2.intoArray(acc, at + 16);
        c3.intoArray(acc, at + 24);
        c4.intoArray(acc, at + 32);
        c5.intoArray(acc, at + 40);
        c6.intoArray(acc, at + 48);
        c7.intoArray(acc, at + 56);
    }

    /// Two f32 registers (even columns at `even`, odd ones at `odd`) to a block.
    static void readF32(int[] words, int even, int odd, double[] acc, int at) {
        for (int i = 0; i < 32; i += L) {
            FloatVector e = IntVector.fromArray(I, words, even + i).reinterpretAsFloats();
            FloatVector o = IntVector.fromArray(I, words, odd + i).reinterpretAsFloats();
            FloatVector x = e;
            FloatVector y = o;
            if (L == 8) {
                // Even and odd columns of two rows to two rows.
                x = e.blend(o.rearrange(SWAP), UPPER);
                y = e.rearrange(SWAP).blend(o, UPPER);
            }
            ((DoubleVector) x.convertShape(VectorOperators.F2D, D, 0)).intoArray(acc, at + place(i));
            ((DoubleVector) y.convertShape(VectorOperators.F2D, D, 0)).intoArray(acc, at + place(i) + ODD);
        }
    }

    /// The inverse of [#readF32]: one rounding to f32, NaN as PTX's.
    static void writeF32(double[] acc, int at, int[] words, int even, int odd) {
        for (int i = 0; i < 32; i += L) {
            FloatVector x = (FloatVector) DoubleVector.fromArray(D, acc, at + place(i)).convertShape(VectorOperators.D2F, F, 0);
            FloatVector y = (FloatVector) DoubleVector.fromArray(D, acc, at + place(i) + ODD).convertShape(VectorOperators.D2F, F, 0);
            x = x.blend(NAN, x.compare(VectorOperators.NE, x));
            y = y.blend(NAN, y.compare(VectorOperators.NE, y));
            FloatVector e = x;
            FloatVector o = y;
            if (L == 8) {
                e = x.blend(y.rearrange(SWAP), UPPER);
                o = x.rearrange(SWAP).blend(y, UPPER);
            }
            e.reinterpretAsInts().intoArray(words, even + i);
            o.reinterpretAsInts().intoArray(words, odd + i);
        }
    }

    /// Two s32 registers to a block.
    static void readS32(int[] words, int even, int odd, double[] acc, int at) {
        for (int i = 0; i < 32; i += L) {
            IntVector e = IntVector.fromArray(I, words, even + i);
            IntVector o = IntVector.fromArray(I, words, odd + i);
            IntVector x = e;
            IntVector y = o;
            if (L == 8) {
                x = e.blend(o.rearrange(SWAP_INTS), UPPER_INTS);
                y = e.rearrange(SWAP_INTS).blend(o, UPPER_INTS);
            }
            ((DoubleVector) x.convertShape(VectorOperators.I2D, D, 0)).intoArray(acc, at + place(i));
            ((DoubleVector) y.convertShape(VectorOperators.I2D, D, 0)).intoArray(acc, at + place(i) + ODD);
        }
    }

    /// The inverse of [#readS32]: integers below 2^51 wrap to 32 bits, or stop at the ends. After adding 1.5 2^52 the low bits of the fraction are the
    /// integer in two's complement.
    static void writeS32(double[] acc, int at, boolean saturate, int[] words, int even, int odd) {
        double low = saturate ? Integer.MIN_VALUE : -0x1p51;
        double high = saturate ? Integer.MAX_VALUE : 0x1p51;
        for (int i = 0; i < 32; i += L) {
            LongVector a = DoubleVector.fromArray(D, acc, at + place(i)).max(low).min(high).add(0x1.8p52).reinterpretAsLongs();
            LongVector b = DoubleVector.fromArray(D, acc, at + place(i) + ODD).max(low).min(high).add(0x1.8p52).reinterpretAsLongs();
            IntVector x = (IntVector) a.convertShape(VectorOperators.L2I, I, 0);
            IntVector y = (IntVector) b.convertShape(VectorOperators.L2I, I, 0);
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

    /// Panels from staged words: `stage[word][count]`, a word holding neighbours in k, to `out[count / 8][k][8]` doubles.
    /// One small method per type, so that each is compiled on its own.
    static void expand(Element type, int[] stage, int count, int words, boolean negate, double[] out) {
        for (int panel = 0; panel < count; panel += 8) {
            for (int part = 0; part < 8; part += L) {
                int from = panel + part;
                int to = panel * words * type.perWord() + part;
                switch (type) {
                    case BF16 -> bf16(stage, from, count, words, out, to);
                    case F16 -> f16(stage, from, count, words, out, to);
                    case TF32 -> tf32(stage, from, count, words, out, to);
                    case S8, S4 -> signed(type.bits(), stage, from, count, words, out, to);
                    case U8, U4 -> unsigned(type.bits(), stage, from, count, words, out, to);
                    default -> scalar(type, stage, from, count, words, out, to);
                }
            }
        }
        if (negate) {
            for (int i = 0; i < count * words * type.perWord(); i++) out[i] = -out[i];
        }
    }

    private static void bf16(int[] stage, int from, int count, int words, double[] out, int to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(I, stage, from + w * count);
            FloatVector low = word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector high = word.and(0xffff0000).reinterpretAsFloats();
            ((DoubleVector) low.convertShape(VectorOperators.F2D, D, 0)).intoArray(out, to + 16 * w);
            ((DoubleVector) high.convertShape(VectorOperators.F2D, D, 0)).intoArray(out, to + 16 * w + 8);
        }
    }

    /// Exponent and fraction of f16 moved into f32's place and scaled by 2^(127 - 15), which is exact for subnormals too.
    private static void f16(int[] stage, int from, int count, int words, double[] out, int to) {
        for (int i = 0; i < 2 * words; i++) {
            IntVector upper = IntVector.fromArray(I, stage, from + (i >> 1) * count).lanewise(VectorOperators.LSHL, 16 * (1 - (i & 1)));
            IntVector magnitude = upper.lanewise(VectorOperators.LSHR, 3).and(0x0fffe000);
            IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
            // Infinity and NaN: the largest exponent stays the largest.
            bits = bits.blend(magnitude.or(0x7f800000), magnitude.compare(VectorOperators.GE, 0x0f800000)).or(upper.and(0x80000000));
            ((DoubleVector) bits.reinterpretAsFloats().convertShape(VectorOperators.F2D, D, 0)).intoArray(out, to + 8 * i);
        }
    }

    private static void tf32(int[] stage, int from, int count, int words, double[] out, int to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(I, stage, from + w * count);
            FloatVector whole = word.reinterpretAsFloats();
            FloatVector x = word.and(0xffffe000).reinterpretAsFloats().blend(whole, whole.compare(VectorOperators.NE, whole));
            ((DoubleVector) x.convertShape(VectorOperators.F2D, D, 0)).intoArray(out, to + 8 * w);
        }
    }

    private static void signed(int width, int[] stage, int from, int count, int words, double[] out, int to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += 8) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.ASHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, D, 0)).intoArray(out, to);
            }
        }
    }

    private static void unsigned(int width, int[] stage, int from, int count, int words, double[] out, int to) {
        for (int w = 0; w < words; w++) {
            IntVector word = IntVector.fromArray(I, stage, from + w * count);
            for (int j = 0; j < 32; j += width, to += 8) {
                IntVector value = word.lanewise(VectorOperators.LSHL, 32 - width - j).lanewise(VectorOperators.LSHR, 32 - width);
                ((DoubleVector) value.convertShape(VectorOperators.I2D, D, 0)).intoArray(out, to);
            }
        }
    }

    private static void scalar(Element type, int[] stage, int from, int count, int words, double[] out, int to) {
        for (int w = 0; w < words; w++) {
            for (int j = 0; j < type.perWord(); j++, to += 8) {
                for (int i = 0; i < L; i++) out[to + i] = type.value(stage[from + w * count + i] >>> j * type.bits());
            }
        }
    }
}
