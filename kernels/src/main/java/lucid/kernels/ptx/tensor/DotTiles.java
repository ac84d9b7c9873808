package lucid.kernels.ptx.tensor;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import lucid.kernels.ptx.number.Formats;

/// [Accumulation#EXACT] in vectors of double, in the order in which registers lie.
///
/// One accumulator register of a warp is 32 words: lane `4 g + t` holds row g (8 rows), column `2 t + p` of an n8 tile, p the parity of the register. A vector of
/// L doubles is `L / 4` rows times 4 columns. So D needs no shuffling at all if A comes as vectors with every element repeated 4 times,
/// and B as vectors of the 4 columns repeated `L / 4` times. Both are unpacked once per instruction:
///
/// ```
/// A panel (L rows):  [k][q]   q = 0..3   vector = row q L/4, repeated 4 times, row q L/4 + 1, ...
/// B tile (8 columns): [k][p]  p = 0, 1   vector = columns p, 2 + p, 4 + p, 6 + p, repeated
/// accumulator tile:   [p][32] doubles in lane order
/// ```
/// Every lane does what the plain loop does: `fma(a_k, b_k, acc)` in ascending k, where fma and multiply-then-add agree because products of two factors of
/// at most 24 bits are exact in double.
final class DotTiles {
    /// 512 bits at most: wider vectors would hold more than the 8 rows of a register.
    private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED.length() > 8 ? DoubleVector.SPECIES_512 : DoubleVector.SPECIES_PREFERRED;
    /// Doubles in a vector: also the rows of an A panel.
    static final int L = D.length();
    private static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, L * 32)));
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(Math.max(64, L * 32)));
    /// Rows in a vector.
    private static final int R = Math.max(1, L / 4);
    /// Whether this machine's vectors fit (4 or 8 doubles). With 2 the plain path is used.
    static final boolean FAST = L == 4 || L == 8;

    private static final VectorShuffle<Double> ROWS_0 = rows(0);
    private static final VectorShuffle<Double> ROWS_1 = rows(1);
    private static final VectorShuffle<Double> ROWS_2 = rows(2);
    private static final VectorShuffle<Double> ROWS_3 = rows(3);
    private static final VectorShuffle<Double> LANES_0 = lanes(0);
    private static final VectorShuffle<Double> LANES_1 = lanes(1);
    private static final VectorShuffle<Double> LANES_2 = lanes(2);
    private static final VectorShuffle<Double> LANES_3 = lanes(3);
    private static final VectorShuffle<Double> EVEN = VectorShuffle.fromOp(D, i -> i & 3);
    private static final VectorShuffle<Double> ODD = VectorShuffle.fromOp(D, i -> (4 + (i & 3)) % L);

    private DotTiles() {}

    private static VectorShuffle<Double> rows(int q) { return VectorShuffle.fromOp(D, i -> (q * R + i / 4) % L); }

    private static VectorShuffle<Double> lanes(int t) { return VectorShuffle.fromOp(D, i -> (i & ~3) % L + t % L); }

    /// Where column n of a staged B stands in its row: even columns of a tile first, so that [#expandB] needs no two-vector shuffle.
    static int column(int n) { return n & ~7 | (n & 1) << 2 | (n & 7) >> 1; }

    /// Doubles of an A of `m x k` in panels.
    static int sizeA(int m, int k) { return m * k * 4; }

    /// Doubles of a B of `k x n` in tiles.
    static int sizeB(int k, int n) { return k * n * R; }

    /// Panels of A from a staged `stage[k][m]`.
    static void expandA(float[] stage, int m, int depth, double[] a) {
        int to = 0;
        for (int row = 0; row < m; row += L) {
            for (int k = 0; k < depth; k++, to += 4 * L) {
                DoubleVector v = widen(stage, k * m + row);
                v.rearrange(ROWS_0).intoArray(a, to);
                v.rearrange(ROWS_1).intoArray(a, to + L);
                v.rearrange(ROWS_2).intoArray(a, to + 2 * L);
                v.rearrange(ROWS_3).intoArray(a, to + 3 * L);
            }
        }
    }

    /// One register of A, already unpacked: `lanes[32 j + lane]` is place j of the register of a lane, j < e; it holds row g of the 8 rows from `m`
    /// and `k = depthFrom + e t + j`. `depth` is the k of the whole A.
    static void expandRegisterA(float[] lanes, int e, int m, int depthFrom, int depth, double[] a) {
        for (int j = 0; j < e; j++) {
            for (int v = 0; v < 32; v += L) {
                // Rows m + v/4 .. of the panel: vector number q inside it.
                int row = m + v / 4;
                int to = (row / L * depth + depthFrom + j) * 4 * L + row % L / R * L;
                DoubleVector x = widen(lanes, 32 * j + v);
                x.rearrange(LANES_0).intoArray(a, to);
                x.rearrange(LANES_1).intoArray(a, to + 4 * L * e);
                x.rearrange(LANES_2).intoArray(a, to + 8 * L * e);
                x.rearrange(LANES_3).intoArray(a, to + 12 * L * e);
            }
        }
    }

    /// Tiles of B from a staged `stage[k][column(n)]`.
    static void expandB(float[] stage, int n, int depth, double[] b) {
        int to = 0;
        for (int tile = 0; tile < n; tile += 8) {
            for (int k = 0; k < depth; k++, to += 2 * L) {
                DoubleVector even = widen(stage, k * n + tile);
                if (L == 8) {
                    even.rearrange(ODD).intoArray(b, to + L);
                    even = even.rearrange(EVEN);
                } else {
                    widen(stage, k * n + tile + 4).intoArray(b, to + L);
                }
                even.intoArray(b, to);
            }
        }
    }

    private static DoubleVector widen(float[] from, int at) {
        return (DoubleVector) FloatVector.fromArray(F, from, at).convertShape(VectorOperators.F2D, D, 0);
    }

    /// The 8 rows from `m` times the n8 tile `tile`, added to the accumulator tile `acc[at .. at + 64]`.
    static void multiply(double[] a, int m, double[] b, int tile, int depth, double[] acc, int at) {
        int bAt = tile * depth * 2 * L;
        for (int row = 0; row < 8; row += L) panel(a, (m + row) * depth * 4, b, bAt, depth, acc, at + 4 * row);
    }

    private static void panel(double[] a, int aAt, double[] b, int bAt, int depth, double[] acc, int at) {
        DoubleVector c00 = DoubleVector.fromArray(D, acc, at);
        DoubleVector c01 = DoubleVector.fromArray(D, acc, at + L);
        DoubleVector c02 = DoubleVector.fromArray(D, acc, at + 2 * L);
        DoubleVector c03 = DoubleVector.fromArray(D, acc, at + 3 * L);
        DoubleVector c10 = DoubleVector.fromArray(D, acc, at + 32);
        DoubleVector c11 = DoubleVector.fromArray(D, acc, at + 32 + L);
        DoubleVector c12 = DoubleVector.fromArray(D, acc, at + 32 + 2 * L);
        DoubleVector c13 = DoubleVector.fromArray(D, acc, at + 32 + 3 * L);
        for (int k = 0; k < depth; k++) {
            DoubleVector even = DoubleVector.fromArray(D, b, bAt + k * 2 * L);
            DoubleVector odd = DoubleVector.fromArray(D, b, bAt + k * 2 * L + L);
            DoubleVector x = DoubleVector.fromArray(D, a, aAt + k * 4 * L);
            c00 = x.fma(even, c00);
            c10 = x.fma(odd, c10);
            x = DoubleVector.fromArray(D, a, aAt + k * 4 * L + L);
            c01 = x.fma(even, c01);
            c11 = x.fma(odd, c11);
            x = DoubleVector.fromArray(D, a, aAt + k * 4 * L + 2 * L);
            c02 = x.fma(even, c02);
            c12 = x.fma(odd, c12);
            x = DoubleVector.fromArray(D, a, aAt + k * 4 * L + 3 * L);
            c03 = x.fma(even, c03);
            c13 = x.fma(odd, c13);
        }
        c00.intoArray(acc, at);
        c01.intoArray(acc, at + L);
        c02.intoArray(acc, at + 2 * L);
        c03.intoArray(acc, at + 3 * L);
        c10.intoArray(acc, at + 32);
        c11.intoArray(acc, at + 32 + L);
        c12.intoArray(acc, at + 32 + 2 * L);
        c13.intoArray(acc, at + 32 + 3 * L);
    }

    /// 32 f32 words to doubles.
    static void readF32(int[] words, int from, double[] acc, int at) {
        for (int i = 0; i < 32; i += L) {
            IntVector.fromArray(I, words, from + i).reinterpretAsFloats().convertShape(VectorOperators.F2D, D, 0).reinterpretAsDoubles().intoArray(acc, at + i);
        }
    }

    /// 32 doubles to f32 words, NaN as PTX's.
    static void writeF32(double[] acc, int at, int[] words, int to) {
        for (int i = 0; i < 32; i += L) {
            FloatVector x = (FloatVector) DoubleVector.fromArray(D, acc, at + i).convertShape(VectorOperators.D2F, F, 0);
            IntVector bits = x.reinterpretAsInts();
            bits.blend(Formats.NAN_F32, x.test(VectorOperators.IS_NAN).cast(I)).intoArray(words, to + i);
        }
    }
}
