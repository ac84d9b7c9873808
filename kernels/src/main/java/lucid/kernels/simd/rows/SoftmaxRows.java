package lucid.kernels.simd.rows;

import static lucid.kernels.simd.vector.Species.F;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.LogProb;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;

/// The running softmax of many rows, fed with pieces of logits in ascending order. One routine for the sampler's logits and the trainer's chunks, so
/// both get the same bits.
///
/// Per vocabulary block B: `m_B = max x`, `s_B = Σ e^(x - m_B)`, `w_B = Σ e^(x - m_B) · (x - m_B)` in 16 virtual lanes and their tree. Blocks merge
/// in ascending order: `M = max(m, m_B)`, `s = s · e^(m - M) + s_B · e^(m_B - M)` (Milakov and Gimelshein 2018, arXiv 1805.02867); w likewise, and
/// first its terms are counted from the new maximum: `w + (m - M) · s`. Then `lse = M + log s` and the entropy is `log s - w / s`: the size of the
/// logits does not enter it, so it is right to a millionth where a token is nearly certain, too.
public final class SoftmaxRows {
    private static final int STRIDE = 4;
    private static final int MAX = 0;
    private static final int SUM = 1;
    private static final int WEIGHTED = 2;
    private static final int TARGET = 3;
    private static final int LANES = Lanes.COUNT;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final float[][] lanes;
    private float[] state = new float[0];
    private float temperature;

    /// Scratch for so many threads.
    public SoftmaxRows(int threads) { lanes = new float[threads][2 * LANES]; }

    /// Starts `rows` rows of nothing.
    public void begin(int rows, float temperature) {
        this.temperature = temperature;
        if (state.length < rows * STRIDE) state = new float[rows * STRIDE];
        for (int r = 0; r < rows; r++) {
            state[r * STRIDE + MAX] = Float.NEGATIVE_INFINITY;
            state[r * STRIDE + SUM] = 0;
            state[r * STRIDE + WEIGHTED] = 0;
            state[r * STRIDE + TARGET] = Float.NaN;
        }
    }

    /// Takes logits [first, first + n) of a row, from byte offset `at` on; `first` is a multiple of the vocabulary block.
    public void absorb(int row, MemorySegment logits, long at, int first, int n, int target, int thread) {
        for (int i = 0; i < n; i += LogProb.VOCAB_BLOCK)
            block(row * STRIDE, logits, at + 4L * i, Math.min(LogProb.VOCAB_BLOCK, n - i), lanes[thread]);
        if (target >= first && target < first + n) state[row * STRIDE + TARGET] = logits.get(FLOAT, at + 4L * (target - first)) / temperature;
    }

    private void block(int at, MemorySegment logits, long offset, int n, float[] lane) {
        // Division is monotone, so the largest quotient is the quotient of the largest.
        float max = Lanes.max(logits, offset, n) / temperature;
        if (max == Float.NEGATIVE_INFINITY) return; // n forbidden tokens: no probability in this block
        terms(logits, offset, n, temperature, max, lane);
        float sum = Lanes.tree(lane, 0);
        float weighted = Lanes.tree(lane, LANES);
        float before = state[at + MAX];
        if (before == Float.NEGATIVE_INFINITY) {
            state[at + MAX] = max;
            state[at + SUM] = sum;
            state[at + WEIGHTED] = weighted;
            return;
        }
        float top = Math.max(before, max);
        float old = ScalarMath.exp(before - top);
        float now = ScalarMath.exp(max - top);
        state[at + MAX] = top;
        state[at + WEIGHTED] = moved(state[at + WEIGHTED], state[at + SUM], before - top, old) + moved(weighted, sum, max - top, now);
        state[at + SUM] = state[at + SUM] * old + sum * now;
    }

    /// A block's w, counted from a maximum that lies `-by` higher, where its weights are `factor` of what they were.
    private static float moved(float weighted, float sum, float by, float factor) {
        return Math.fma(Math.max(by, -Float.MAX_VALUE) * factor, sum, weighted * factor);
    }

    /// Lanes 0 .. 15: `Σ p`, lanes 16 .. 31: `Σ p · d`, with `p = e^d`, `d = x - max`, `x = logit / temperature`. A forbidden token (-infinity) has
    /// p = 0 and counts as the lowest finite d, since 0 · ∞ is not 0.
    private static void terms(MemorySegment logits, long offset, int n, float temperature, float max, float[] lane) {
        FloatVector s0 = FloatVector.zero(F), s1 = s0, s2 = s0, s3 = s0, w0 = s0, w1 = s0, w2 = s0, w3 = s0;
        int width = Species.LANES;
        int i = 0;
        for (; i + LANES <= n; i += LANES, offset += 4 * LANES) {
            FloatVector d = Lanes.load(logits, offset).div(temperature).sub(max);
            FloatVector p = VectorMath.expOfNonPositive(d);
            s0 = s0.add(p);
            w0 = p.fma(d.max(-Float.MAX_VALUE), w0);
            if (Species.LANES <= 8) {
                d = Lanes.load(logits, offset + 4L * width).div(temperature).sub(max);
                p = VectorMath.expOfNonPositive(d);
                s1 = s1.add(p);
                w1 = p.fma(d.max(-Float.MAX_VALUE), w1);
            }
            if (Species.LANES <= 4) {
                d = Lanes.load(logits, offset + 8L * width).div(temperature).sub(max);
                p = VectorMath.expOfNonPositive(d);
                s2 = s2.add(p);
                w2 = p.fma(d.max(-Float.MAX_VALUE), w2);
                d = Lanes.load(logits, offset + 12L * width).div(temperature).sub(max);
                p = VectorMath.expOfNonPositive(d);
                s3 = s3.add(p);
                w3 = p.fma(d.max(-Float.MAX_VALUE), w3);
            }
        }
        s0.intoArray(lane, 0);
        w0.intoArray(lane, LANES);
        if (Species.LANES <= 8) {
            s1.intoArray(lane, width);
            w1.intoArray(lane, LANES + width);
        }
        if (Species.LANES <= 4) {
            s2.intoArray(lane, 2 * width);
            w2.intoArray(lane, LANES + 2 * width);
            s3.intoArray(lane, 3 * width);
            w3.intoArray(lane, LANES + 3 * width);
        }
        rest(logits, offset, n - i, temperature, max, lane);
    }

    /// The last terms, fewer than lanes, on top of what the lanes hold.
    private static void rest(MemorySegment logits, long offset, int n, float temperature, float max, float[] lane) {
        for (int j = 0; j < n; j++) {
            float d = logits.get(FLOAT, offset + 4L * j) / temperature - max;
            float p = ScalarMath.exp(d);
            lane[j] += p;
            lane[LANES + j] = Math.fma(p, Math.max(d, -Float.MAX_VALUE), lane[LANES + j]);
        }
    }

    /// `log Σ e^x` of a row.
    public float lse(int row) { return state[row * STRIDE + MAX] + ScalarMath.log(state[row * STRIDE + SUM]); }

    /// `-Σ softmax · log softmax` of a row.
    public float entropy(int row) { return ScalarMath.log(state[row * STRIDE + SUM]) - state[row * STRIDE + WEIGHTED] / state[row * STRIDE + SUM]; }

    /// The largest x of a row.
    public float max(int row) { return state[row * STRIDE + MAX]; }

    /// `x[target]`.
    public float target(int row) { return state[row * STRIDE + TARGET]; }
}
