package lucid.kernels.simd.rows;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;
import lucid.kernels.simd.vector.VectorMath;

/// One thread's scratch for one row of logits: the scaled logits and the weights `exp(logit/temperature - maximum)`, 0 for a token that a filter
/// dropped. Everything happens in the order of the ids, so a row's result depends on nothing else.
public final class SamplingRow {
    /// Ids whose weights are added in 16 lanes before they enter the running sum.
    private static final int BLOCK = 256;

    private float[] scaled = new float[0];
    private float[] weights = new float[0];
    private long[] order = new long[0];
    private float[] heap = new float[0];
    private int size;
    private double total;

    /// Fills the weights of a row; false if its maximum is not a finite number.
    public boolean weigh(Rule rule, MemorySegment x, long xo, int n) {
        size = n;
        if (weights.length < n) {
            scaled = new float[n];
            weights = new float[n];
        }
        float largest = Lanes.max(x, xo, n);
        if (!rule.possible(largest)) return false;
        float max = largest / rule.temperature();
        weigh(x, xo, rule.temperature(), max);
        if (rule.topK() > 0 && rule.topK() < n) topK(rule.topK());
        if (rule.topP() < 1) topP(rule.topP(), max);
        if (rule.minP() > 0) minP(rule.minP());
        total = 0;
        for (int from = 0; from < n; from += BLOCK) total += Lanes.sum(weights, from, Math.min(BLOCK, n - from));
        return true;
    }

    private void weigh(MemorySegment x, long xo, float temperature, float max) {
        int bound = Species.F.loopBound(size);
        int i = 0;
        for (; i < bound; i += Species.LANES, xo += Species.LANES * 4L) {
            FloatVector s = Lanes.load(x, xo).div(temperature);
            s.intoArray(scaled, i);
            VectorMath.expOfNonPositive(s.sub(max)).intoArray(weights, i);
        }
        if (i == size) return;
        FloatVector s = Lanes.load(x, xo, size - i).div(temperature);
        s.intoArray(scaled, i, Lanes.mask(size - i));
        VectorMath.expOfNonPositive(s.sub(max)).intoArray(weights, i, Lanes.mask(size - i));
    }

    private void drop(int id) {
        weights[id] = 0;
        scaled[id] = Float.NEGATIVE_INFINITY;
    }

    /// Drops what is below the k-th largest; its ties stay.
    private void topK(int k) {
        float threshold = largest(k);
        for (int id = 0; id < size; id++) {
            if (scaled[id] < threshold) drop(id);
        }
    }

    /// The k-th largest scaled logit: a heap of the k largest so far, its smallest on top.
    private float largest(int k) {
        if (heap.length < k) heap = new float[k];
        System.arraycopy(scaled, 0, heap, 0, k);
        for (int i = k / 2 - 1; i >= 0; i--) sink(heap, i, k);
        for (int id = k; id < size; id++) {
            if (scaled[id] > heap[0]) {
                heap[0] = scaled[id];
                sink(heap, 0, k);
            }
        }
        return heap[0];
    }

    private static void sink(float[] heap, int at, int k) {
        float v = heap[at];
        for (int child = 2 * at + 1; child < k; child = 2 * at + 1) {
            if (child + 1 < k && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= v) break;
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = v;
    }

    /// Drops, from the least probable on (of equals the lowest id first), while the cumulative weight is at most `(1 - p)` of the total; the most
    /// probable stays.
    ///
    /// Only candidates are sorted: n tokens of weight below `limit / n` cannot exceed the limit together, so they go unsorted. A tenth in the
    /// exponent is kept as a margin for the rounding of exp and log.
    private void topP(float p, float max) {
        double limit = 0;
        for (int id = 0; id < size; id++) limit += weights[id];
        limit *= 1 - (double) p;
        float surelyDropped = max + ScalarMath.log((float) (limit / size)) - 0.1f;
        if (order.length < size) order = new long[size];
        double cumulative = 0;
        int candidates = 0;
        for (int id = 0; id < size; id++) {
            if (scaled[id] < surelyDropped) {
                cumulative += weights[id];
                drop(id);
            } else {
                order[candidates++] = (long) ascending(scaled[id]) << 32 | id;
            }
        }
        Arrays.sort(order, 0, candidates);
        for (int i = 0; i < candidates - 1; i++) {
            int id = (int) order[i];
            cumulative += weights[id];
            if (cumulative > limit) break;
            drop(id);
        }
    }

    /// Integers in the order of floats. -0 and +0 are one value.
    private static int ascending(float x) {
        int bits = Float.floatToRawIntBits(x + 0f);
        return bits ^ bits >> 31 & 0x7FFFFFFF;
    }

    /// The largest weight is 1, so weights are already relative to it.
    private void minP(float minP) {
        for (int id = 0; id < size; id++) {
            if (weights[id] < minP) drop(id);
        }
    }

    /// The first id whose cumulative weight exceeds `u · total`. Blocks are skipped by their sums; where the rounding of a sum leaves no such id, the
    /// last possible one of the block (of the row) is it.
    public int choose(float u) {
        double target = u * total;
        double cumulative = 0;
        for (int from = 0; from < size; from += BLOCK) {
            int to = Math.min(size, from + BLOCK);
            double after = cumulative + Lanes.sum(weights, from, to - from);
            if (after > target) return chooseIn(from, to, target - cumulative);
            cumulative = after;
        }
        return chooseIn(0, size, Double.POSITIVE_INFINITY);
    }

    private int chooseIn(int from, int to, double target) {
        double cumulative = 0;
        int last = from;
        for (int id = from; id < to; id++) {
            if (weights[id] == 0) continue;
            last = id;
            cumulative += weights[id];
            if (cumulative > target) return id;
        }
        return last;
    }

    /// `y = weight / total`.
    public void probabilities(MemorySegment y, long yo) {
        float sum = (float) total;
        int bound = Species.F.loopBound(size);
        int i = 0;
        for (; i < bound; i += Species.LANES, yo += Species.LANES * 4L) Lanes.store(FloatVector.fromArray(Species.F, weights, i).div(sum), y, yo);
        if (i < size) Lanes.store(Lanes.load(weights, i, size - i).div(sum), y, yo, size - i);
    }
}
