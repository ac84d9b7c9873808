package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.attention.AttentionSchedule.ForwardUnit;
import lucid.kernels.simd.attention.AttentionSchedule.Slice;
import lucid.kernels.simd.matmul.GemmStrips;
import lucid.kernels.simd.matmul.GemmTile;
import lucid.kernels.simd.matmul.Intrinsics;
import lucid.kernels.simd.matmul.Operand;

/// Many rows per span, as in prefill and training: lanes are rows, as many to a panel as the product's register tile is wide. Scores are products of
/// that tile: queries are its right factor, transposed once for all key blocks, keys its left one. They come out as `[key][row]`, so maximum, sum and
/// rescaling of 16 rows are one vector each, and the values' product finds its left factor already packed.
record AttentionTall(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows out,
        AttentionRows lse) implements AttentionForward.Layout {
    private static final int TILE = 8;
    /// Rows of a panel: the tile's width.
    private static final int PANEL = AttentionTallSoftmax.PANEL;
    private static final int COLUMNS = AttentionRowTiles.PANEL;
    /// Key blocks taken at a time: a panel's queries, scores and 32 columns of the values then stay in 48 KiB of L1, and its outputs pass through
    /// registers once for all of them.
    private static final int BLOCKS = 4;
    private static final int BLOCK = AttentionTallSoftmax.BLOCK;
    /// Below the scores: what leaves outputs as they are.
    private static final int ONES = BLOCKS * BLOCK + GemmTile.SIZE;
    /// From panel to panel of the values.
    private static final int STEP = BLOCKS * KEYS * COLUMNS;
    /// Rows of a slice are rounded up to whole panels of the widest registers, so that a panel never holds two slices.
    private static final int ROUND = 32;

    @Override public int keys() { return BLOCKS * KEYS; }

    private int group() { return plan.heads() / plan.kvHeads(); }

    @Override public int rows(Slice slice) { return ((slice.to() - slice.from()) * group() + ROUND - 1) & -ROUND; }

    @Override public void load(ForwardUnit unit, AttentionScratch w) {
        int group = group(), dims = plan.headDim(), rows = 0;
        for (Slice slice : unit.slices()) rows += rows(slice);
        reserve(w, rows);
        Matrix panels = w.queries.matrix(rows / PANEL * dims, PANEL);
        w.queryPanels = panels;
        int row = 0;
        for (Slice slice : unit.slices()) {
            int end = row + rows(slice), size = (slice.to() - slice.from()) * group;
            for (int i = 0; i < size; i++) w.visible[row + i] = slice.span().visible(slice.from() + i / group);
            // Rows that only fill the last panel see what the last one sees; nothing of them is stored.
            Arrays.fill(w.visible, row + size, end, w.visible[row + size - 1]);
            Operand queries = queries(unit.kvHead(), slice, w);
            for (int x = 0; x < size; x += PANEL)
                w.panel.pack(queries, x, 0, panels.rows((row + x) / PANEL * dims, (row + x + PANEL) / PANEL * dims));
            row = end;
        }
        Arrays.fill(w.o, 0, rows * AttentionSchedule.padded(dims), 0f);
        Arrays.fill(w.m, 0, rows, Float.NEGATIVE_INFINITY);
        Arrays.fill(w.l, 0, rows * 16, 0f);
    }

    /// Queries of a slice, one row for each head of the group; where a group has one head they are read in place.
    private Operand queries(int kvHead, Slice slice, AttentionScratch w) {
        int group = group(), dims = plan.headDim(), first = slice.span().queryRow() + slice.from(), size = slice.to() - slice.from();
        if (group == 1) return q.lanes(first, kvHead * dims, size);
        AttentionRows joined = w.rows(size * group, dims);
        for (int i = 0; i < size; i++) {
            for (int g = 0; g < group; g++) q.copyTo(joined, i * group + g, first + i, (kvHead * group + g) * dims, 1, dims);
        }
        return joined.lanes(0, 0, size * group);
    }

    private void reserve(AttentionScratch w, int rows) {
        int dims = plan.headDim(), padded = AttentionSchedule.padded(dims);
        w.k = AttentionScratch.atLeast(w.k, GemmStrips.floats(BLOCKS * KEYS, dims));
        w.valuePanels = HostBuffer.segment(w.values.matrix(BLOCKS * KEYS, AttentionSchedule.panelled(dims)));
        w.o = AttentionScratch.atLeast(w.o, (long) rows * padded);
        w.m = AttentionScratch.atLeast(w.m, rows);
        w.l = AttentionScratch.atLeast(w.l, rows * 16L);
        // The last tile of a block may be taller than what is left of it.
        w.s = AttentionScratch.atLeast(w.s, ONES + PANEL);
        Arrays.fill(w.s, ONES, ONES + PANEL, 1f);
        if (w.visible.length < rows) w.visible = new int[rows + rows / 4];
    }

    @Override public void keys(Span span, int kvHead, int first, int keys, AttentionScratch w) {
        int dims = plan.headDim();
        GemmStrips.pack(AttentionForward.keys(k, span, first, keys, kvHead * dims, dims, w).lanes(0, 0, keys), 0, keys, 0, dims, w.k, 0);
    }

    @Override public void values(AttentionRows v, int row, int col, int keys, int at, AttentionScratch w) {
        v.panels(row, col, keys, plan.headDim(), w.valuePanels, at * COLUMNS, STEP);
    }

    @Override public void block(AttentionScratch w, int from, int to, int firstKey, int keys) {
        for (int row = from; row < to; row += PANEL) panel(w, row, firstKey, keys);
    }

    private void panel(AttentionScratch w, int from, int firstKey, int keys) {
        int to = from + PANEL, seen = Math.min(keys, most(w, from, to) - firstKey);
        if (seen <= 0) return;
        int least = least(w, from, to) - firstKey;
        for (int key = 0; key < seen; key += KEYS) probabilities(w, from, firstKey, key, Math.min(KEYS, seen - key), least >= key + KEYS);
        int whole = Math.clamp(least / KEYS, 0, (seen + KEYS - 1) / KEYS);
        int padded = AttentionSchedule.padded(plan.headDim());
        AttentionValueTiles.multiplyAdd(PANEL, padded, whole, KEYS, w.s, 0, KEYS * PANEL, w.valuePanels, 0, STEP, w.o, from * padded);
        for (int key = whole * KEYS; key < seen; key += KEYS) {
            for (int row = from; row < to; row += TILE) values(w, row, firstKey, key);
        }
    }

    /// Scores of one key block, and what [AttentionTallSoftmax] makes of them.
    private void probabilities(AttentionScratch w, int from, int firstKey, int key, int seen, boolean whole) {
        int dims = plan.headDim(), strip = GemmStrips.stride(dims);
        MemorySegment queries = HostBuffer.segment(w.queryPanels);
        long panel = HostBuffer.byteOffset(w.queryPanels) + 4L * from * dims;
        w.block = key / KEYS * BLOCK;
        for (int j = 0; j < seen; j += GemmTile.HEIGHT) {
            Intrinsics.tile(GemmTile.height(seen - j), w.k, (key + j) / GemmTile.STRIP * strip, strip, queries, panel, 4L * PANEL, dims, w.s,
                    w.block + j * PANEL, false);
        }
        AttentionSoftmax.run(whole ? AttentionTallSoftmax.WHOLE : AttentionTallSoftmax.PARTIAL, w, from, PANEL, firstKey + key, scale);
    }

    /// Eight rows of `o = o c + p v` for a key block that some of the panel's rows do not see wholly.
    private void values(AttentionScratch w, int row, int firstKey, int key) {
        int padded = AttentionSchedule.padded(plan.headDim()), s = key / KEYS * BLOCK + row % PANEL, first = firstKey + key, v = key * COLUMNS;
        int least = Math.clamp(least(w, row, row + TILE) - first, 0, KEYS);
        AttentionValueTiles.multiplyAdd(TILE, padded, 1, least, w.s, s, s + KEYS * PANEL, w.valuePanels, v, STEP, w.o, row * padded);
        for (int i = 0; least < KEYS && i < TILE; i++) {
            int more = Math.clamp(w.visible[row + i] - first, 0, KEYS) - least;
            if (more > 0)
                AttentionValueTiles.multiplyAdd(1, padded, 1, more, w.s, s + least * PANEL + i, ONES, w.valuePanels, v + least * COLUMNS, STEP, w.o,
                        (row + i) * padded);
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

    @Override public void store(ForwardUnit unit, AttentionScratch w) {
        int group = group(), dims = plan.headDim(), padded = AttentionSchedule.padded(dims), row = 0;
        for (Slice slice : unit.slices()) {
            int end = row + rows(slice);
            for (int x = row; x < end; x += PANEL) AttentionTallSoftmax.finish(w, x, PANEL);
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
