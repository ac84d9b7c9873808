package lucid.kernels.simd;

import static lucid.kernels.simd.AttentionSchedule.KEYS;
import static lucid.kernels.simd.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.AttentionPlan.Span;
import lucid.kernels.simd.AttentionSchedule.ForwardUnit;
import lucid.kernels.simd.AttentionSchedule.Slice;

/// Many rows per span, as in prefill and training: lanes are rows, 32 to a panel. Queries are transposed once for all key blocks, keys only copied; scores come out as
/// [key][row], so maximum, sum and rescaling of 16 rows are one vector each, and the values' product finds its left factor already packed.
record AttentionTall(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows out, AttentionRows lse) implements AttentionForward.Layout {
    private static final int L = Species.LANES;
    private static final int TILE = 8;
    private static final int PANEL = AttentionRowTiles.PANEL;
    private static final int STEP = KEYS * PANEL;
    /// Rows of a slice are rounded up to whole vectors of the widest registers.
    private static final int ROUND = 16;

    private int group() { return plan.heads() / plan.kvHeads(); }

    @Override public int rows(Slice slice) { return ((slice.to() - slice.from()) * group() + ROUND - 1) & -ROUND; }

    @Override public void load(ForwardUnit unit, AttentionScratch w) {
        int group = group(), dims = plan.headDim(), rows = 0;
        for (Slice slice : unit.slices()) rows += rows(slice);
        reserve(w, rows);
        AttentionRows joined = w.rows(rows, dims);
        int row = 0;
        for (Slice slice : unit.slices()) {
            int end = row + rows(slice);
            for (int i = slice.from(); i < slice.to(); i++, row += group) {
                for (int g = 0; g < group; g++) q.copyTo(joined, row + g, slice.span().queryRow() + i, (unit.kvHead() * group + g) * dims, 1, dims);
                Arrays.fill(w.visible, row, row + group, slice.span().visible(i));
            }
            // Rows that only fill the last vector repeat the last one; nothing of them is stored.
            Arrays.fill(w.visible, row, end, w.visible[row - 1]);
            for (int last = row - 1; row < end; row++) joined.copyTo(joined, row, last, 0, 1, dims);
        }
        for (int panel = 0; panel < rows; panel += PANEL) joined.transpose(panel, 0, Math.min(PANEL, rows - panel), dims, w.q, panel * dims, w.squares);
        Arrays.fill(w.o, 0, rows * AttentionSchedule.padded(dims), 0f);
        Arrays.fill(w.m, 0, rows, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.l, 0, panels(rows) * 16 * PANEL, 0f);
    }

    private static int panels(int rows) { return (rows + PANEL - 1) / PANEL; }

    private void reserve(AttentionScratch w, int rows) {
        int dims = plan.headDim(), padded = AttentionSchedule.padded(dims);
        w.q = AttentionScratch.atLeast(w.q, (long) panels(rows) * PANEL * dims);
        w.k = AttentionScratch.atLeast(w.k, KEYS * padded);
        w.o = AttentionScratch.atLeast(w.o, (long) rows * padded);
        w.m = AttentionScratch.atLeast(w.m, rows);
        w.l = AttentionScratch.atLeast(w.l, panels(rows) * 16L * PANEL);
        w.s = AttentionScratch.atLeast(w.s, (KEYS + 1) * PANEL);
        if (w.visible.length < rows) w.visible = new int[rows + rows / 4];
    }

    @Override public void keys(Span span, int kvHead, int first, int keys, AttentionScratch w) {
        int dims = plan.headDim(), padded = AttentionSchedule.padded(dims), before = AttentionForward.inPrefix(span, first, keys);
        for (int j = 0; j < keys; j++) k.load(j < before ? span.prefixRow() + first + j : span.keyRow(first + j), kvHead * dims, dims, w.k, j * padded, padded);
    }

    @Override public void block(AttentionScratch w, int from, int to, int firstKey, int keys) {
        for (int row = from; row < to; ) {
            int end = Math.min(to, (row & -PANEL) + PANEL);
            panel(w, row, end, firstKey, keys);
            row = end;
        }
    }

    /// Rows `from .. to` of one panel.
    private void panel(AttentionScratch w, int from, int to, int firstKey, int keys) {
        int dims = plan.headDim(), lane = from % PANEL;
        int seen = Math.min(keys, most(w, from, to) - firstKey);
        if (seen <= 0) return;
        Arrays.fill(w.s, 0, STEP, 0f);
        AttentionRowTiles.multiplyAdd(seen, to - from, dims, w.k, 0, AttentionSchedule.padded(dims), w.q, from / PANEL * PANEL * dims + lane, 0, w.s, lane, PANEL);
        AttentionSoftmax.run(least(w, from, to) - firstKey >= KEYS ? AttentionTallSoftmax.WHOLE : AttentionTallSoftmax.PARTIAL, w, from, to - from, firstKey, scale);
        for (int row = from; row < to; row += TILE) values(w, row, firstKey);
    }

    /// Eight rows of `o = o c + p v`.
    private void values(AttentionScratch w, int row, int firstKey) {
        int padded = AttentionSchedule.padded(plan.headDim()), lane = row % PANEL;
        // Before the first block there is nothing to shrink.
        for (int i = 0; firstKey > 0 && i < TILE; i++) rescale(w.o, (row + i) * padded, (row + i + 1) * padded, w.s[STEP + lane + i]);
        int least = Math.clamp(least(w, row, row + TILE) - firstKey, 0, KEYS);
        AttentionColumnTiles.multiplyAdd(TILE, padded, least, w.s, lane, w.v, 0, STEP, w.o, row * padded, padded);
        for (int i = 0; least < KEYS && i < TILE; i++) {
            int more = Math.clamp(w.visible[row + i] - firstKey, 0, KEYS) - least;
            AttentionColumnTiles.multiplyAdd(1, padded, more, w.s, least * PANEL + lane + i, w.v, least * PANEL, STEP, w.o, (row + i) * padded, padded);
        }
    }

    private static int least(AttentionScratch w, int from, int to) {
        int n = w.visible[from];
        for (int i = from + 1; i < to; i++) n = Math.min(n, w.visible[i]);
        return n;
    }

    private static int most(AttentionScratch w, int from, int to) {
        int n = w.visible[from];
        for (int i = from + 1; i < to; i++) n = Math.max(n, w.visible[i]);
        return n;
    }

    /// Multiplying by exactly one changes no bit, so those rows are skipped: most rows, after their first blocks.
    private static void rescale(float[] o, int from, int to, float factor) {
        if (factor == 1) return;
        for (int x = from; x < to; x += L) FloatVector.fromArray(F, o, x).mul(factor).intoArray(o, x);
    }

    @Override public void store(ForwardUnit unit, AttentionScratch w) {
        int group = group(), dims = plan.headDim(), padded = AttentionSchedule.padded(dims), row = 0;
        for (Slice slice : unit.slices()) {
            int end = row + rows(slice);
            for (int x = row; x < end; x += ROUND) AttentionTallSoftmax.finish(w, x, ROUND);
            for (int i = slice.from(); i < slice.to(); i++) {
                for (int g = 0; g < group; g++, row++) {
                    int head = unit.kvHead() * group + g;
                    out.storeQuotient(slice.span().queryRow() + i, head * dims, dims, w.o, row * padded, w.l[AttentionTallSoftmax.sums(row)]);
                    lse.set(slice.span().queryRow() + i, head, w.m[row]);
                }
            }
            row = end;
        }
    }
}
