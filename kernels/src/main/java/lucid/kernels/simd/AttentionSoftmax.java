package lucid.kernels.simd;

import static lucid.kernels.simd.AttentionSchedule.KEYS;
import static lucid.kernels.simd.Species.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The element-wise part of attention over tiles of rows x 32 keys. One `exp` in the source of a loop and no more: HotSpot stops inlining a method at 18,000
/// nodes (NodeCountInliningCutoff), three or four exponentials, and what it then calls instead boxes every vector.
final class AttentionSoftmax {
    private static final int L = Species.LANES;
    private static final FloatVector IOTA = FloatVector.zero(F).addIndex(1);

    private AttentionSoftmax() {}

    /// Scales a row of scores, sets those from `keys` on to -∞, returns the largest.
    static float peak(float[] s, int at, int keys, float scale) {
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int x = 0; x < KEYS; x += L) {
            FloatVector score = FloatVector.fromArray(F, s, at + x).mul(scale);
            if (keys < KEYS) score = score.blend(Float.NEGATIVE_INFINITY, IOTA.compare(VectorOperators.GE, (float) (keys - x)));
            score.intoArray(s, at + x);
            largest = largest.max(score);
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    /// `s = exp(s - peak[row])` for `rows` rows of 32.
    static void exponentials(float[] s, int rows, float[] peak) {
        for (int x = 0; x < rows * KEYS; x += L) VectorMath.exp(FloatVector.fromArray(F, s, x).sub(peak[x / KEYS])).intoArray(s, x);
    }

    /// The running sum of one row in 16 virtual lanes: `L_i = fma(L_i, shrink, p_i) + p_{16+i}`.
    static void accumulate(float[] s, int at, float[] l, int lanes, float shrink) {
        FloatVector factor = FloatVector.broadcast(F, shrink);
        for (int x = 0; x < 16; x += L) {
            FloatVector sum = FloatVector.fromArray(F, l, lanes + x).fma(factor, FloatVector.fromArray(F, s, at + x));
            sum.add(FloatVector.fromArray(F, s, at + x + 16)).intoArray(l, lanes + x);
        }
    }

    /// Scores to probabilities, and gradients of probabilities to gradients of scores, for rows `from .. to`: `p = exp(s·scale - lse)`, `ds = (dp - δ) p`.
    static void gradients(float[] s, float[] ds, int from, int to, float scale, float[] lse, float[] delta) {
        for (int x = from * KEYS; x < to * KEYS; x += L) {
            int row = x / KEYS;
            FloatVector p = VectorMath.exp(FloatVector.fromArray(F, s, x).mul(scale).sub(lse[row]));
            p.intoArray(s, x);
            FloatVector.fromArray(F, ds, x).sub(delta[row]).mul(p).intoArray(ds, x);
        }
    }
}
