package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;
import static lucid.kernels.simd.vector.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.simd.attention.AttentionSchedule.Slice;
import lucid.kernels.simd.vector.Lanes;
import lucid.kernels.simd.vector.Species;

/// Few rows per span, as in decoding: lanes are keys. A row is a (query, head of the group); the heads that share keys stand side by side, so that
/// even a single decoded token gives a tile several rows.
record AttentionFlat(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows out,
        AttentionRows lse) implements AttentionForward.Layout {
    private static final int L = Species.LANES;
    private static final int TILE = 8;
    private static final int PANEL = AttentionRowTiles.PANEL;
    private static final int WIDTH = AttentionRowTiles.WIDTH;
    /// From panel to panel of one key block.
    private static final int STEP = KEYS * PANEL;

    @Override public int keys() { return KEYS; }

    @Override public int rows(Slice slice) { return (slice.to() - slice.from()) * (plan.heads() / plan.kvHeads()); }

    @Override public void load(AttentionSchedule.ForwardUnit unit, AttentionScratch w) {
        int group = plan.heads() / plan.kvHeads(), dims = plan.headDim(), padded = AttentionSchedule.padded(dims), rows = unit.queries() * group;
        reserve(w, rows, padded);
        w.rows = rows;
        int row = 0;
        for (Slice slice : unit.slices()) {
            for (int i = slice.from(); i < slice.to(); i++) {
                for (int g = 0; g < group; g++, row++) {
                    int col = (unit.kvHead() * group + g) * dims;
                    for (int d = 0; d < dims; d += WIDTH)
                        q.load(slice.span().queryRow() + i, col + d, Math.min(WIDTH, dims - d), w.q, d * rows + row * WIDTH);
                    w.visible[row] = slice.span().visible(i);
                }
            }
        }
        Arrays.fill(w.o, 0, rows * padded, 0f);
        Arrays.fill(w.m, 0, rows, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.l, 0, rows * 16, 0f);
    }

    private static void reserve(AttentionScratch w, int rows, int padded) {
        w.q = AttentionScratch.atLeast(w.q, (long) rows * AttentionSchedule.panelled(padded));
        w.o = AttentionScratch.atLeast(w.o, (long) rows * padded);
        w.m = AttentionScratch.atLeast(w.m, rows + 16);
        w.l = AttentionScratch.atLeast(w.l, rows * 16L);
        int block = KEYS * AttentionSchedule.panelled(padded);
        w.kt = AttentionScratch.atLeast(w.kt, block);
        w.v = AttentionScratch.atLeast(w.v, block);
        w.s = AttentionScratch.atLeast(w.s, (TILE + 1) * KEYS);
        if (w.visible.length < rows) w.visible = new int[rows + rows / 4];
    }

    @Override public void keys(AttentionPlan.Span span, int kvHead, int first, int keys, AttentionScratch w) {
        int dims = plan.headDim();
        AttentionForward.keys(k, span, first, keys, kvHead * dims, dims, w).transpose(0, 0, keys, dims, w.kt, 0, w.squares);
    }

    @Override public void values(AttentionRows v, int row, int col, int keys, int at, AttentionScratch w) {
        v.panels(row, col, keys, plan.headDim(), w.v, at * PANEL, STEP);
    }

    @Override public void block(AttentionScratch w, int from, int to, int firstKey, int keys) {
        int dims = plan.headDim(), padded = AttentionSchedule.padded(dims);
        for (int row = from; row < to; row += TILE) {
            int size = Math.min(TILE, to - row);
            int least = KEYS, most = 0;
            for (int i = 0; i < size; i++) {
                int sees = AttentionSoftmax.keys(w, row + i, firstKey);
                least = Math.min(least, sees);
                most = Math.max(most, sees);
            }
            if (most == 0) continue;
            Arrays.fill(w.s, 0, size * KEYS, 0f);
            for (int d = 0; d < dims; d += WIDTH) {
                AttentionRowTiles.multiplyAdd(size, KEYS, Math.min(WIDTH, dims - d), w.q, d * w.rows + row * WIDTH, w.kt, d * PANEL, STEP,
                        w.s, 0, KEYS);
            }
            AttentionSoftmax.run(AttentionSoftmax.FORWARD, w, row, size, firstKey, scale);
            rescale(w, row, size, padded);
            AttentionRowTiles.multiplyAdd(size, padded, least, w.s, 0, w.v, 0, STEP, w.o, row * padded, padded);
            for (int i = 0; most > least && i < size; i++) {
                AttentionRowTiles.multiplyAdd(1, padded, AttentionSoftmax.keys(w, row + i, firstKey) - least, w.s, i * KEYS + least,
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

    @Override public void store(AttentionSchedule.ForwardUnit unit, AttentionScratch w) {
        int row = 0, dims = plan.headDim(), group = plan.heads() / plan.kvHeads(), padded = AttentionSchedule.padded(dims);
        for (Slice slice : unit.slices()) {
            for (int i = slice.from(); i < slice.to(); i++) {
                for (int g = 0; g < group; g++, row++) {
                    int head = unit.kvHead() * group + g;
                    float sum = Lanes.tree(w.l, row * 16);
                    out.storeQuotient(slice.span().queryRow() + i, head * dims, dims, w.o, row * padded, sum);
                    lse.set(slice.span().queryRow() + i, head, w.m[row] + ScalarMath.log(sum));
                }
            }
        }
    }
}
