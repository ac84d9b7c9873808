package lucid.kernels.simd;

import static lucid.kernels.simd.AttentionSchedule.KEYS;
import static lucid.kernels.simd.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.AttentionSchedule.Slice;

/// The forward of one unit: some queries of one key/value head. A row is a (query, head of the group); the heads that share keys stand side by side, so that
/// even a single decoded token gives a tile several rows. Key blocks are the outer loop: each is transposed once for all rows of the unit.
record AttentionForward(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows v, AttentionRows out, AttentionRows lse) {
    private static final int L = Species.LANES;
    private static final int TILE = 8;
    private static final int PANEL = AttentionRowTiles.PANEL;
    /// From panel to panel of one key block.
    private static final int STEP = KEYS * PANEL;

    void run(AttentionSchedule.ForwardUnit unit, AttentionScratch w) {
        int group = plan.heads() / plan.kvHeads(), dims = plan.headDim(), padded = AttentionSchedule.padded(dims);
        int rows = load(unit, w, group, padded);
        Slice[] slices = unit.slices();
        int shared = slices.length > 1 ? slices[0].span().prefixKeys() / KEYS : 0;
        for (int b = 0; b < shared; b++) {
            pack(slices[0].span(), unit.kvHead(), b * KEYS, KEYS, w);
            block(w, 0, rows, b * KEYS, padded);
        }
        int row = 0;
        for (Slice slice : slices) {
            int end = row + (slice.to() - slice.from()) * group;
            int keys = slice.span().visible(slice.to() - 1);
            for (int first = shared * KEYS; first < keys; first += KEYS) {
                pack(slice.span(), unit.kvHead(), first, Math.min(KEYS, keys - first), w);
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
        int block = KEYS * AttentionSchedule.panelled(padded);
        w.v = AttentionScratch.atLeast(w.v, block);
        w.kt = AttentionScratch.atLeast(w.kt, block);
        w.s = AttentionScratch.atLeast(w.s, (TILE + 1) * KEYS);
        if (w.visible.length < rows) w.visible = new int[rows + rows / 4];
    }

    /// Keys transposed and values in panels, for `keys` keys from `first` on: up to two runs of rows, the prefix's and the span's own.
    private void pack(AttentionPlan.Span span, int kvHead, int first, int keys, AttentionScratch w) {
        int dims = plan.headDim(), col = kvHead * dims;
        int before = Math.clamp(span.prefixKeys() - first, 0, keys);
        int row = span.keyRow(first);
        if (before == 0 || before == keys) {
            k.transpose(row, col, keys, dims, w.kt, 0, w.squares);
            v.panels(row, col, keys, dims, w.v, 0, STEP);
            return;
        }
        AttentionRows joined = w.rows(KEYS, dims);
        k.copyTo(joined, 0, row, col, before, dims);
        k.copyTo(joined, before, span.ownRow(), col, keys - before, dims);
        joined.transpose(0, 0, keys, dims, w.kt, 0, w.squares);
        v.panels(row, col, before, dims, w.v, 0, STEP);
        v.panels(span.ownRow(), col, keys - before, dims, w.v, before * PANEL, STEP);
    }

    /// One key block for rows `from .. to`.
    private void block(AttentionScratch w, int from, int to, int firstKey, int padded) {
        for (int row = from; row < to; row += TILE) {
            int size = Math.min(TILE, to - row);
            int least = KEYS, most = 0;
            for (int i = 0; i < size; i++) {
                int keys = AttentionSoftmax.keys(w, row + i, firstKey);
                least = Math.min(least, keys);
                most = Math.max(most, keys);
            }
            if (most == 0) continue;
            Arrays.fill(w.s, 0, size * KEYS, 0f);
            AttentionRowTiles.multiplyAdd(size, KEYS, plan.headDim(), w.q, row * padded, padded, w.kt, 0, STEP, w.s, 0, KEYS);
            AttentionSoftmax.run(AttentionSoftmax.FORWARD, w, row, size, firstKey, scale);
            rescale(w, row, size, padded);
            AttentionRowTiles.multiplyAdd(size, padded, least, w.s, 0, KEYS, w.v, 0, STEP, w.o, row * padded, padded);
            for (int i = 0; most > least && i < size; i++) {
                AttentionRowTiles.multiplyAdd(1, padded, AttentionSoftmax.keys(w, row + i, firstKey) - least, w.s, i * KEYS + least, KEYS,
                        w.v, least * PANEL, STEP, w.o, (row + i) * padded, padded);
            }
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
