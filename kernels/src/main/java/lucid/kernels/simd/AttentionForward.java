package lucid.kernels.simd;

import static lucid.kernels.simd.AttentionSchedule.KEYS;
import static lucid.kernels.simd.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.AttentionSchedule.Slice;

/// The forward of one unit: some queries of one key/value head. A row is a (query, head of the group); the heads that share keys stand side by side, so that
/// even a single decoded token gives a tile several rows. Key blocks are the outer loop: each is transposed once for all rows of the unit.
record AttentionForward(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows v, AttentionRows out, AttentionRows lse) {
    private static final int L = Species.LANES;
    private static final int TILE = 8;
    private static final FloatVector IOTA = FloatVector.broadcast(F, 0).addIndex(1);

    void run(AttentionSchedule.ForwardUnit unit, AttentionScratch w) {
        int group = plan.heads() / plan.kvHeads(), dims = plan.headDim(), padded = AttentionSchedule.padded(dims);
        int rows = load(unit, w, group, padded);
        Slice[] slices = unit.slices();
        int shared = slices.length > 1 ? slices[0].span().prefixKeys() / KEYS : 0;
        for (int b = 0; b < shared; b++) {
            pack(slices[0].span(), unit.kvHead(), b * KEYS, KEYS, w, padded);
            block(w, 0, rows, b * KEYS, padded);
        }
        int row = 0;
        for (Slice slice : slices) {
            int end = row + (slice.to() - slice.from()) * group;
            int keys = slice.span().visible(slice.to() - 1);
            for (int first = shared * KEYS; first < keys; first += KEYS) {
                pack(slice.span(), unit.kvHead(), first, Math.min(KEYS, keys - first), w, padded);
                block(w, row, end, first, padded);
            }
            row = end;
        }
        store(unit, w, group, padded);
    }

    private int load(AttentionSchedule.ForwardUnit unit, AttentionScratch w, int group, int padded) {
        int rows = unit.queries() * group, dims = plan.headDim();
        reserve(w, rows, padded);
        int row = 0;
        for (Slice slice : unit.slices()) {
            for (int i = slice.from(); i < slice.to(); i++) {
                for (int g = 0; g < group; g++, row++) {
                    q.load(slice.span().queryRow() + i, (unit.kvHead() * group + g) * dims, dims, w.q, row * padded, padded);
                    w.visible[row] = slice.span().visible(i);
                }
            }
        }
        Arrays.fill(w.o, 0, rows * padded, 0f);
        Arrays.fill(w.m, 0, rows, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.l, 0, rows * 16, 0f);
        return rows;
    }

    private static void reserve(AttentionScratch w, int rows, int padded) {
        w.q = AttentionScratch.atLeast(w.q, (long) rows * padded);
        w.o = AttentionScratch.atLeast(w.o, (long) rows * padded);
        w.m = AttentionScratch.atLeast(w.m, rows + 16);
        w.l = AttentionScratch.atLeast(w.l, rows * 16L);
        w.k = AttentionScratch.atLeast(w.k, KEYS * padded);
        w.v = AttentionScratch.atLeast(w.v, KEYS * padded);
        w.kt = AttentionScratch.atLeast(w.kt, KEYS * padded);
        w.s = AttentionScratch.atLeast(w.s, TILE * KEYS);
        if (w.visible.length < rows) w.visible = new int[rows + rows / 4];
    }

    private void pack(AttentionPlan.Span span, int kvHead, int first, int keys, AttentionScratch w, int padded) {
        int dims = plan.headDim(), col = kvHead * dims;
        for (int j = 0; j < keys; j++) {
            int row = span.keyRow(first + j);
            k.load(row, col, dims, w.k, j * padded, padded);
            v.load(row, col, dims, w.v, j * padded, padded);
        }
        AttentionRows.transpose(w.k, 0, padded, keys, dims, w.kt, 0);
    }

    /// One key block for rows `from .. to`.
    private void block(AttentionScratch w, int from, int to, int firstKey, int padded) {
        for (int row = from; row < to; row += TILE) {
            int size = Math.min(TILE, to - row);
            int least = KEYS, most = 0;
            for (int i = 0; i < size; i++) {
                int keys = keys(w, row + i, firstKey);
                least = Math.min(least, keys);
                most = Math.max(most, keys);
            }
            if (most == 0) continue;
            Arrays.fill(w.s, 0, size * KEYS, 0f);
            AttentionRowTiles.multiplyAdd(size, KEYS, plan.headDim(), w.q, row * padded, padded, w.kt, 0, KEYS, w.s, 0, KEYS);
            softmax(w, row, size, firstKey);
            rescale(w, row, size, padded);
            AttentionRowTiles.multiplyAdd(size, padded, least, w.s, 0, KEYS, w.v, 0, padded, w.o, row * padded, padded);
            for (int i = 0; most > least && i < size; i++) {
                AttentionRowTiles.multiplyAdd(1, padded, keys(w, row + i, firstKey) - least, w.s, i * KEYS + least, KEYS,
                        w.v, least * padded, padded, w.o, (row + i) * padded, padded);
            }
        }
    }

    private static int keys(AttentionScratch w, int row, int firstKey) { return Math.max(0, Math.min(KEYS, w.visible[row] - firstKey)); }

    /// Scores to probabilities for a tile of rows; running maximum and sum move on.
    private void softmax(AttentionScratch w, int row, int size, int firstKey) {
        for (int i = 0; i < size; i++) {
            float old = w.m[row + i];
            float peak = Math.max(old, peak(w.s, i * KEYS, keys(w, row + i, firstKey)));
            w.peak[i] = peak;
            w.shrink[i] = old - peak;
            w.m[row + i] = peak;
        }
        for (int i = 0; i < size; i += L) VectorMath.exp(FloatVector.fromArray(F, w.shrink, i)).intoArray(w.shrink, i);
        for (int i = 0; i < size; i++) {
            if (keys(w, row + i, firstKey) == 0) w.shrink[i] = 1;
            else probabilities(w, i * KEYS, (row + i) * 16, w.peak[i], w.shrink[i]);
        }
    }

    /// Scales a row of scores, sets those of invisible keys to -∞, returns the largest.
    private float peak(float[] s, int at, int keys) {
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int x = 0; x < KEYS; x += L) {
            FloatVector score = FloatVector.fromArray(F, s, at + x).mul(scale);
            if (keys < KEYS) {
                VectorMask<Float> hidden = IOTA.compare(VectorOperators.GE, (float) (keys - x));
                score = score.blend(Float.NEGATIVE_INFINITY, hidden);
            }
            score.intoArray(s, at + x);
            largest = largest.max(score);
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    private static void probabilities(AttentionScratch w, int at, int lanes, float peak, float shrink) {
        for (int x = 0; x < 16; x += L) {
            FloatVector low = VectorMath.exp(FloatVector.fromArray(F, w.s, at + x).sub(peak));
            FloatVector high = VectorMath.exp(FloatVector.fromArray(F, w.s, at + x + 16).sub(peak));
            low.intoArray(w.s, at + x);
            high.intoArray(w.s, at + x + 16);
            FloatVector sum = FloatVector.fromArray(F, w.l, lanes + x);
            sum.fma(FloatVector.broadcast(F, shrink), low).add(high).intoArray(w.l, lanes + x);
        }
    }

    /// Multiplying by exactly one changes no bit, so those rows are skipped: most rows, after their first blocks.
    private static void rescale(AttentionScratch w, int row, int size, int padded) {
        for (int i = 0; i < size; i++) {
            float factor = w.shrink[i];
            if (factor == 1) continue;
            int end = (row + i + 1) * padded;
            for (int x = (row + i) * padded; x < end; x += L) FloatVector.fromArray(F, w.o, x).mul(factor).intoArray(w.o, x);
        }
    }

    private void store(AttentionSchedule.ForwardUnit unit, AttentionScratch w, int group, int padded) {
        int row = 0, dims = plan.headDim();
        for (Slice slice : unit.slices()) {
            for (int i = slice.from(); i < slice.to(); i++) {
                for (int g = 0; g < group; g++, row++) {
                    int head = unit.kvHead() * group + g;
                    float sum = AttentionScratch.tree(w.l, row * 16);
                    out.storeQuotient(slice.span().queryRow() + i, head * dims, dims, w.o, row * padded, sum);
                    lse.set(slice.span().queryRow() + i, head, w.m[row] + ScalarMath.log(sum));
                }
            }
        }
    }
}
