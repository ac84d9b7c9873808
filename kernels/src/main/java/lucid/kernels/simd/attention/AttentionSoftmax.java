package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;
import static lucid.kernels.simd.vector.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;

/// The element-wise part of attention over a tile of rows x 32 keys, in steps that are loops of their own.
///
/// HotSpot stops inlining when a method has grown to 18,000 nodes (NodeCountInliningCutoff), about one exponential and ten more vector operations;
/// what it then calls boxes every vector. So no step may be inlined into another's caller: all go through the one call in [#run], which sees five
/// classes and stays a call.
final class AttentionSoftmax {
    /// Works on rows `row .. row + size` of a unit; a step of the forward finds their scores in rows 0 .. size of the scratch, one of the backward in
    /// their own.
    @FunctionalInterface
    interface Step {
        void run(AttentionScratch w, int row, int size, int firstKey, float scale);
    }

    /// Scores to probabilities; running maximum and sum move on.
    static final Step[] FORWARD = {AttentionSoftmax::peaks, AttentionSoftmax::exponentials, AttentionSoftmax::sums};
    /// Scores to probabilities, gradients of probabilities to gradients of scores.
    static final Step[] BACKWARD = {AttentionSoftmax::probabilities, AttentionSoftmax::gradients};

    private static final int L = Species.LANES;
    private static final FloatVector IOTA = FloatVector.zero(F).addIndex(1);

    private AttentionSoftmax() {}

    static void run(Step[] steps, AttentionScratch w, int row, int size, int firstKey, float scale) {
        for (Step step : steps) step.run(w, row, size, firstKey, scale);
    }

    /// Keys of the block that a row sees.
    static int keys(AttentionScratch w, int row, int firstKey) { return Math.max(0, Math.min(KEYS, w.visible[row] - firstKey)); }

    /// The new maxima. What the old sums shrink by rides along as one more row of scores. Nothing that must become 0 goes through the exponential: on
    /// Intel a multiplication that underflows costs 150 cycles.
    private static void peaks(AttentionScratch w, int row, int size, int firstKey, float scale) {
        int extra = size * KEYS;
        Arrays.fill(w.s, extra, extra + 16, 0f);
        for (int i = 0; i < size; i++) {
            int keys = keys(w, row + i, firstKey);
            float old = w.m[row + i];
            float peak = Math.max(old, peak(w.s, i * KEYS, keys, scale));
            boolean first = old == Float.NEGATIVE_INFINITY;
            w.peak[i] = peak;
            w.shrink[i] = first ? 0 : 1;
            w.s[extra + i] = first ? 0 : old - peak;
            w.m[row + i] = peak;
            if (keys < KEYS) hide(w.s, i * KEYS, keys, peak);
        }
        w.peak[size] = 0;
    }

    /// Scales a row of scores and returns the largest of the first `keys`. Compared as integers that sort like the floats: a float maximum takes
    /// four instructions where x86 has one for integers. A NaN may hide from it, not from the exponential of its own score.
    private static float peak(float[] s, int at, int keys, float scale) {
        IntVector largest = IntVector.broadcast(Species.I, Integer.MIN_VALUE);
        for (int x = 0; x < KEYS; x += L) {
            FloatVector score = FloatVector.fromArray(F, s, at + x).mul(scale);
            score.intoArray(s, at + x);
            if (keys < KEYS) score = score.blend(Float.NEGATIVE_INFINITY, IOTA.compare(VectorOperators.GE, (float) (keys - x)));
            IntVector bits = score.reinterpretAsInts();
            largest = largest.max(bits.lanewise(VectorOperators.ASHR, 31).and(Integer.MAX_VALUE).lanewise(VectorOperators.XOR, bits));
        }
        int order = largest.reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(order ^ (order >> 31 & Integer.MAX_VALUE));
    }

    /// Sets the columns from `keys` on.
    private static void hide(float[] s, int at, int keys, float value) {
        for (int x = 0; x < KEYS; x += L) {
            FloatVector.fromArray(F, s, at + x).blend(value, IOTA.compare(VectorOperators.GE, (float) (keys - x))).intoArray(s, at + x);
        }
    }

    private static void exponentials(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s, peak = w.peak;
        for (int x = 0; x < size * KEYS + size; x += L)
            VectorMath.expOfNonPositive(FloatVector.fromArray(F, s, x).sub(peak[x / KEYS])).intoArray(s, x);
    }

    private static void sums(AttentionScratch w, int row, int size, int firstKey, float scale) {
        for (int i = 0; i < size; i++) {
            int keys = keys(w, row + i, firstKey);
            w.shrink[i] = keys == 0 ? 1 : w.shrink[i] * w.s[size * KEYS + i];
            if (keys < KEYS) hide(w.s, i * KEYS, keys, 0);
            if (keys > 0) sum(w.s, i * KEYS, w.l, (row + i) * 16, w.shrink[i]);
        }
    }

    /// The running sum of one row in 16 virtual lanes: `L_i = fma(L_i, shrink, p_i) + p_{16+i}`.
    private static void sum(float[] s, int at, float[] l, int lanes, float shrink) {
        FloatVector factor = FloatVector.broadcast(F, shrink);
        for (int x = 0; x < 16; x += L) {
            FloatVector sum = FloatVector.fromArray(F, l, lanes + x).fma(factor, FloatVector.fromArray(F, s, at + x));
            sum.add(FloatVector.fromArray(F, s, at + x + 16)).intoArray(l, lanes + x);
        }
    }

    /// `p = exp(s·scale - lse)`.
    private static void probabilities(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s, lse = w.m;
        for (int x = row * KEYS; x < (row + size) * KEYS; x += L) {
            VectorMath.expOfNonPositive(FloatVector.fromArray(F, s, x).mul(scale).sub(lse[x / KEYS])).intoArray(s, x);
        }
    }

    /// `ds = (dp - δ) p`.
    private static void gradients(AttentionScratch w, int row, int size, int firstKey, float scale) {
        float[] s = w.s, ds = w.ds, delta = w.delta;
        for (int x = row * KEYS; x < (row + size) * KEYS; x += L) {
            FloatVector.fromArray(F, ds, x).sub(delta[x / KEYS]).mul(FloatVector.fromArray(F, s, x)).intoArray(ds, x);
        }
    }
}
