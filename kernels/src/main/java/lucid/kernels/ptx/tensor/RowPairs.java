package lucid.kernels.ptx.tensor;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import lucid.kernels.ptx.number.Formats;

/// [lucid.kernels.ptx.tensor.form.Accumulation#EXACT] for `wgmma` into f32 with vectors of 512 bits: 8 rows times 16 columns of D stay in vector
/// registers while k runs, with the bits of [DotTiles].
///
/// Eight neighbouring words of an accumulator register are 4 columns of one parity in two neighbouring rows. A vector here is just these eight, so
/// that an accumulator is loaded, widened, multiplied, rounded and stored without a shuffle. The factors are spread out to match, once per
/// instruction: every number of A stands in four lanes (`[k][4 pairs of rows][row 2p: 4 times, row 2p + 1: 4 times]`), every number of B in two
/// (`[k][n8 tile, parity][4 columns, the same 4 columns]`). A step of k then takes 8 loads for 16 FMAs and runs at the FMA peak (2.9 ns on family 6,
/// model 207, where a broadcast of every number of A, with its checks, took 3.8).
///
/// As in [Panels], slices of a constant size and a masked k keep bounds checks out of the loops; panels are followed by [#SLICE] bytes.
final class RowPairs {
    /// Bytes from one k to the next, in panels of A (8 rows) and of B (16 columns).
    static final long STEP = 4 * 64;
    /// No instruction has more.
    private static final int DEEPEST = 32;
    /// What can be looked at from the beginning of a panel on.
    static final long SLICE = DEEPEST * STEP;
    /// What [#spreadLeft] looks at: eight panels.
    static final long LEFT = 8 * SLICE;
    private static final VectorShuffle<Double> ROWS_01 = rows(0);
    private static final VectorShuffle<Double> ROWS_23 = rows(2);
    private static final VectorShuffle<Double> ROWS_45 = rows(4);
    private static final VectorShuffle<Double> ROWS_67 = rows(6);
    private static final VectorShuffle<Double> EVEN = VectorShuffle.fromOp(DotTiles.D, i -> i & 3);
    private static final VectorShuffle<Double> ODD = VectorShuffle.fromOp(DotTiles.D, i -> 4 + (i & 3));

    private RowPairs() {}

    private static VectorShuffle<Double> rows(int first) { return VectorShuffle.fromOp(DotTiles.D, i -> first + (i >> 2)); }

    /// Where the panel of A begins that holds row `row`, a multiple of 8.
    static long left(int row, int depth) { return row / 8 * STEP * depth; }

    /// A factor A of 64 rows.
    ///
    /// @param rows `[k][64]`
    static void spreadLeft(float[] rows, int depth, MemorySegment out) {
        MemorySegment to = out.asSlice(0, LEFT);
        for (int panel = 0; panel < 8; panel++) {
            for (int k = 0; k < depth; k++) {
                long i = STEP * (panel * depth + k & 8 * DEEPEST - 1);
                DoubleVector eight = (DoubleVector) FloatVector.fromArray(DotTiles.F, rows, 64 * k + 8 * panel)
                        .convertShape(VectorOperators.F2D, DotTiles.D, 0);
                eight.rearrange(ROWS_01).intoMemorySegment(to, i, DotTiles.NATIVE);
                eight.rearrange(ROWS_23).intoMemorySegment(to, i + 64, DotTiles.NATIVE);
                eight.rearrange(ROWS_45).intoMemorySegment(to, i + 128, DotTiles.NATIVE);
                eight.rearrange(ROWS_67).intoMemorySegment(to, i + 192, DotTiles.NATIVE);
            }
        }
    }

    /// Two n8 tiles of B to the panel that begins `out`.
    ///
    /// @param columns `[k][count]`, of every eight the even ones first
    /// @param first where the one tile begins among the columns
    /// @param second where the other does
    static void spreadRight(float[] columns, int count, int first, int second, int depth, MemorySegment out) {
        MemorySegment to = out.asSlice(0, SLICE);
        for (int k = 0; k < depth; k++) {
            long i = STEP * (k & DEEPEST - 1);
            DoubleVector one = (DoubleVector) FloatVector.fromArray(DotTiles.F, columns, count * k + first)
                    .convertShape(VectorOperators.F2D, DotTiles.D, 0);
            DoubleVector other = (DoubleVector) FloatVector.fromArray(DotTiles.F, columns, count * k + second)
                    .convertShape(VectorOperators.F2D, DotTiles.D, 0);
            one.rearrange(EVEN).intoMemorySegment(to, i, DotTiles.NATIVE);
            one.rearrange(ODD).intoMemorySegment(to, i + 64, DotTiles.NATIVE);
            other.rearrange(EVEN).intoMemorySegment(to, i + 128, DotTiles.NATIVE);
            other.rearrange(ODD).intoMemorySegment(to, i + 192, DotTiles.NATIVE);
        }
    }

    /// [#spreadLeft] of bf16 as it is staged, a word being two neighbours in k: without floats between, which would have left the first-level cache.
    static void spreadLeftWords(int[] stage, int words, MemorySegment out) {
        MemorySegment to = out.asSlice(0, LEFT);
        for (int panel = 0; panel < 8; panel++) {
            for (int w = 0; w < words; w++) {
                long i = 2 * STEP * (panel * words + w & 4 * DEEPEST - 1);
                IntVector word = IntVector.fromArray(DotTiles.I, stage, 64 * w + 8 * panel);
                DoubleVector low = (DoubleVector) word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats()
                        .convertShape(VectorOperators.F2D, DotTiles.D, 0);
                DoubleVector high = (DoubleVector) word.and(0xffff0000).reinterpretAsFloats().convertShape(VectorOperators.F2D, DotTiles.D, 0);
                low.rearrange(ROWS_01).intoMemorySegment(to, i, DotTiles.NATIVE);
                low.rearrange(ROWS_23).intoMemorySegment(to, i + 64, DotTiles.NATIVE);
                low.rearrange(ROWS_45).intoMemorySegment(to, i + 128, DotTiles.NATIVE);
                low.rearrange(ROWS_67).intoMemorySegment(to, i + 192, DotTiles.NATIVE);
                high.rearrange(ROWS_01).intoMemorySegment(to, i + STEP, DotTiles.NATIVE);
                high.rearrange(ROWS_23).intoMemorySegment(to, i + STEP + 64, DotTiles.NATIVE);
                high.rearrange(ROWS_45).intoMemorySegment(to, i + STEP + 128, DotTiles.NATIVE);
                high.rearrange(ROWS_67).intoMemorySegment(to, i + STEP + 192, DotTiles.NATIVE);
            }
        }
    }

    /// [#spreadRight] of one n8 tile of bf16 as it is staged.
    ///
    /// @param at 0 for the first tile of the panel, 128 for the second
    static void spreadRightWords(int[] stage, int words, int count, int first, MemorySegment out, long at) {
        MemorySegment to = out.asSlice(at, SLICE - 128);
        for (int w = 0; w < words; w++) {
            long i = 2 * STEP * (w & DEEPEST / 2 - 1);
            IntVector word = IntVector.fromArray(DotTiles.I, stage, count * w + first);
            DoubleVector low = (DoubleVector) word.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats()
                    .convertShape(VectorOperators.F2D, DotTiles.D, 0);
            DoubleVector high = (DoubleVector) word.and(0xffff0000).reinterpretAsFloats().convertShape(VectorOperators.F2D, DotTiles.D, 0);
            low.rearrange(EVEN).intoMemorySegment(to, i, DotTiles.NATIVE);
            low.rearrange(ODD).intoMemorySegment(to, i + 64, DotTiles.NATIVE);
            high.rearrange(EVEN).intoMemorySegment(to, i + STEP, DotTiles.NATIVE);
            high.rearrange(ODD).intoMemorySegment(to, i + STEP + 64, DotTiles.NATIVE);
        }
    }

    /// Two n8 tiles of accumulators, 8 rows, in place.
    ///
    /// @param aAt the byte where A's panel begins in `a`
    /// @param b begins with B's panel
    /// @param w registers of the first tile: even columns at `w0`, odd ones at `w1`
    /// @param v the same for the second tile
    static void multiply(MemorySegment a, long aAt, MemorySegment b, int depth, int[] w, int w0, int w1, int[] v, int v0, int v1) {
        MemorySegment left = a.asSlice(aAt, SLICE);
        MemorySegment right = b.asSlice(0, SLICE);
        DoubleVector x00 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w0).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x10 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w0 + 8).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x20 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w0 + 16).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x30 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w0 + 24).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x01 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w1).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x11 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w1 + 8).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x21 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w1 + 16).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x31 = (DoubleVector) IntVector.fromArray(DotTiles.I, w, w1 + 24).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x02 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v0).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x12 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v0 + 8).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x22 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v0 + 16).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x32 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v0 + 24).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x03 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v1).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x13 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v1 + 8).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x23 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v1 + 16).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        DoubleVector x33 = (DoubleVector) IntVector.fromArray(DotTiles.I, v, v1 + 24).reinterpretAsFloats()
                .convertShape(VectorOperators.F2D, DotTiles.D, 0);
        // Two steps a turn: with one, C2 sometimes unrolls by four and sometimes not, and what it unrolls is a tenth slower (turns before and after
        // the unrolled ones).
        for (int k = 0; k < depth; k += 2) {
            long i = STEP * (k & DEEPEST - 2);
            DoubleVector b0 = DoubleVector.fromMemorySegment(DotTiles.D, right, i, DotTiles.NATIVE);
            DoubleVector b1 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + 64, DotTiles.NATIVE);
            DoubleVector b2 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + 128, DotTiles.NATIVE);
            DoubleVector b3 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + 192, DotTiles.NATIVE);
            DoubleVector s = DoubleVector.fromMemorySegment(DotTiles.D, left, i, DotTiles.NATIVE);
            x00 = b0.fma(s, x00);
            x01 = b1.fma(s, x01);
            x02 = b2.fma(s, x02);
            x03 = b3.fma(s, x03);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + 64, DotTiles.NATIVE);
            x10 = b0.fma(s, x10);
            x11 = b1.fma(s, x11);
            x12 = b2.fma(s, x12);
            x13 = b3.fma(s, x13);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + 128, DotTiles.NATIVE);
            x20 = b0.fma(s, x20);
            x21 = b1.fma(s, x21);
            x22 = b2.fma(s, x22);
            x23 = b3.fma(s, x23);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + 192, DotTiles.NATIVE);
            x30 = b0.fma(s, x30);
            x31 = b1.fma(s, x31);
            x32 = b2.fma(s, x32);
            x33 = b3.fma(s, x33);
            b0 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + STEP, DotTiles.NATIVE);
            b1 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + STEP + 64, DotTiles.NATIVE);
            b2 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + STEP + 128, DotTiles.NATIVE);
            b3 = DoubleVector.fromMemorySegment(DotTiles.D, right, i + STEP + 192, DotTiles.NATIVE);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + STEP, DotTiles.NATIVE);
            x00 = b0.fma(s, x00);
            x01 = b1.fma(s, x01);
            x02 = b2.fma(s, x02);
            x03 = b3.fma(s, x03);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + STEP + 64, DotTiles.NATIVE);
            x10 = b0.fma(s, x10);
            x11 = b1.fma(s, x11);
            x12 = b2.fma(s, x12);
            x13 = b3.fma(s, x13);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + STEP + 128, DotTiles.NATIVE);
            x20 = b0.fma(s, x20);
            x21 = b1.fma(s, x21);
            x22 = b2.fma(s, x22);
            x23 = b3.fma(s, x23);
            s = DoubleVector.fromMemorySegment(DotTiles.D, left, i + STEP + 192, DotTiles.NATIVE);
            x30 = b0.fma(s, x30);
            x31 = b1.fma(s, x31);
            x32 = b2.fma(s, x32);
            x33 = b3.fma(s, x33);
        }
        FloatVector y00 = (FloatVector) x00.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y00.reinterpretAsInts().intoArray(w, w0);
        FloatVector y10 = (FloatVector) x10.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y10.reinterpretAsInts().intoArray(w, w0 + 8);
        FloatVector y20 = (FloatVector) x20.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y20.reinterpretAsInts().intoArray(w, w0 + 16);
        FloatVector y30 = (FloatVector) x30.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y30.reinterpretAsInts().intoArray(w, w0 + 24);
        FloatVector s0 = y00.add(y10).add(y20.add(y30));
        FloatVector y01 = (FloatVector) x01.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y01.reinterpretAsInts().intoArray(w, w1);
        FloatVector y11 = (FloatVector) x11.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y11.reinterpretAsInts().intoArray(w, w1 + 8);
        FloatVector y21 = (FloatVector) x21.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y21.reinterpretAsInts().intoArray(w, w1 + 16);
        FloatVector y31 = (FloatVector) x31.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y31.reinterpretAsInts().intoArray(w, w1 + 24);
        FloatVector s1 = y01.add(y11).add(y21.add(y31));
        FloatVector y02 = (FloatVector) x02.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y02.reinterpretAsInts().intoArray(v, v0);
        FloatVector y12 = (FloatVector) x12.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y12.reinterpretAsInts().intoArray(v, v0 + 8);
        FloatVector y22 = (FloatVector) x22.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y22.reinterpretAsInts().intoArray(v, v0 + 16);
        FloatVector y32 = (FloatVector) x32.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y32.reinterpretAsInts().intoArray(v, v0 + 24);
        FloatVector s2 = y02.add(y12).add(y22.add(y32));
        FloatVector y03 = (FloatVector) x03.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y03.reinterpretAsInts().intoArray(v, v1);
        FloatVector y13 = (FloatVector) x13.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y13.reinterpretAsInts().intoArray(v, v1 + 8);
        FloatVector y23 = (FloatVector) x23.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y23.reinterpretAsInts().intoArray(v, v1 + 16);
        FloatVector y33 = (FloatVector) x33.convertShape(VectorOperators.D2F, DotTiles.F, 0);
        y33.reinterpretAsInts().intoArray(v, v1 + 24);
        FloatVector s3 = y03.add(y13).add(y23.add(y33));
        // A sum of 128 numbers is a NaN if one of them is (or if infinities cancel): one comparison instead of 16.
        FloatVector sum = s0.add(s1).add(s2.add(s3));
        if (sum.compare(VectorOperators.NE, sum).anyTrue()) {
            canonical(w, w0);
            canonical(w, w1);
            canonical(v, v0);
            canonical(v, v1);
        }
    }

    /// NaN as PTX's in one register.
    private static void canonical(int[] w, int at) {
        for (int i = at; i < at + 32; i++) {
            if ((w[i] & 0x7fffffff) > 0x7f800000) w[i] = Formats.NAN_F32;
        }
    }
}
