package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;
import static lucid.kernels.simd.vector.Species.F;
import static lucid.kernels.simd.vector.Species.I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.simd.matmul.GemmTile;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;

/// The element-wise part of [AttentionTall], one key block at a time: scores `[32 keys][rows]`, below them one more row for what old sums and outputs
/// shrink by. Each lane is a row, so nothing crosses lanes, and a step takes a whole panel of rows. The steps are those of [AttentionSoftmax], and
/// separate loops for its reason; there is a second set for blocks in which some keys are hidden.
final class AttentionTallSoftmax {
    static final AttentionSoftmax.Step[] WHOLE = {AttentionTallSoftmax::peaks, AttentionTallSoftmax::exponentials, AttentionTallSoftmax::sums};
    static final AttentionSoftmax.Step[] PARTIAL = {AttentionTallSoftmax::cover, AttentionTallSoftmax::scaledPeaks,
            AttentionTallSoftmax::exponentials, AttentionTallSoftmax::hide,
        AttentionTallSoftmax::sums};

    private static final int L = Species.LANES;
    static final int PANEL = GemmTile.WIDTH;
    private static final int END = KEYS * PANEL;
    /// From key block to key block of the scores.
    static final int BLOCK = END + PANEL;

    private AttentionTallSoftmax() {}

    /// Where the running sums of a row begin: `[panel][16 virtual lanes][rows]`.
    static int sums(int row) { return row / PANEL * (16 * PANEL) + row % PANEL; }

    /// Scales; scores of hidden keys become that of key 0 of the block, if the row sees it, or minus infinity: then they raise no maximum.
    private static void cover(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s;
        int top = w.block, end = top + END;
        for (int x = 0; x < size; x += L) {
            IntVector sees = IntVector.fromArray(I, w.visible, row + x).sub(firstKey);
            FloatVector first = FloatVector.fromArray(F, s, top + x).mul(scale)
                    .blend(Float.NEGATIVE_INFINITY, sees.compare(VectorOperators.LE, 0).cast(F));
            for (int j = 0, at = top + x; at < end; j++, at += PANEL) {
                VectorMask<Float> hidden = sees.compare(VectorOperators.LE, j).cast(F);
                FloatVector.fromArray(F, s, at).mul(scale).blend(first, hidden).intoArray(s, at);
            }
        }
    }

    /// Scales, and finds the new maxima; the old ones go to the row below the scores. Floats are compared as integers that sort like them: a float
    /// maximum takes four instructions where x86 has one for integers. A NaN may hide from it, not from the exponential of its own score.
    private static void peaks(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s;
        int top = w.block, end = top + END;
        for (int x = 0; x < size; x += L) {
            FloatVector old = FloatVector.fromArray(F, w.m, row + x);
            old.intoArray(s, end + x);
            IntVector largest = sortable(old);
            for (int at = top + x; at < end; at += PANEL) {
                FloatVector score = FloatVector.fromArray(F, s, at).mul(scale);
                score.intoArray(s, at);
                largest = largest.max(sortable(score));
            }
            sortable(largest.reinterpretAsFloats()).reinterpretAsFloats().intoArray(w.m, row + x);
        }
    }

    /// After [#cover].
    private static void scaledPeaks(AttentionScratch w, int row, int size, int firstKey, float scale) { peaks(w, row, size, firstKey, 1); }

    /// An involution: negative numbers have their magnitude inverted.
    private static IntVector sortable(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        return bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1).lanewise(VectorOperators.XOR, bits);
    }

    private static void exponentials(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s;
        int top = w.block, end = top + END;
        for (int x = 0; x < size; x += L) {
            FloatVector peak = FloatVector.fromArray(F, w.m, row + x);
            for (int at = top + x; at < end + PANEL; at += PANEL)
                VectorMath.expOfNonPositive(FloatVector.fromArray(F, s, at).sub(peak)).intoArray(s, at);
        }
    }

    /// Hidden keys have no weight.
    private static void hide(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s;
        int top = w.block, end = top + END;
        for (int x = 0; x < size; x += L) {
            IntVector sees = IntVector.fromArray(I, w.visible, row + x).sub(firstKey);
            for (int j = 0, at = top + x; at < end; j++, at += PANEL) {
                FloatVector.fromArray(F, s, at).blend(0, sees.compare(VectorOperators.LE, j).cast(F)).intoArray(s, at);
            }
        }
    }

    /// `L_i = fma(L_i, shrink, p_i) + p_{16+i}`.
    private static void sums(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s, l = w.l;
        int top = w.block, end = top + END, sums = sums(row);
        for (int x = 0; x < size; x += L) {
            FloatVector shrink = FloatVector.fromArray(F, s, end + x);
            for (int at = top + x, to = sums + x; at < end - END / 2; at += PANEL, to += PANEL) {
                FloatVector sum = FloatVector.fromArray(F, l, to).fma(shrink, FloatVector.fromArray(F, s, at));
                sum.add(FloatVector.fromArray(F, s, at + END / 2)).intoArray(l, to);
            }
        }
    }

    /// The tree over the virtual lanes of `size` rows, left in the first; `lse = m + log(sum)`, left in m.
    static void finish(AttentionScratch w, int row, int size) {
        float[] l = w.l;
        int sums = sums(row);
        for (int width = 8 * PANEL; width >= PANEL; width /= 2) {
            for (int i = sums; i < sums + width; i += PANEL) {
                for (int x = i; x < i + size; x += L) FloatVector.fromArray(F, l, x).add(FloatVector.fromArray(F, l, x + width)).intoArray(l, x);
            }
        }
        for (int x = 0; x < size; x += L)
            VectorMath.log(FloatVector.fromArray(F, l, sums + x)).add(FloatVector.fromArray(F, w.m, row + x)).intoArray(w.m, row + x);
    }
}
