package lucid.kernels.simd.attention;

import static lucid.kernels.simd.attention.AttentionSchedule.KEYS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.simd.attention.AttentionComponents.Interval;
import lucid.kernels.simd.attention.AttentionComponents.Member;
import lucid.kernels.simd.attention.AttentionComponents.Run;
import lucid.kernels.simd.attention.AttentionUnits.BackwardUnit;
import lucid.kernels.simd.matmul.GemmStrips;
import lucid.kernels.simd.matmul.GemmTile;
import lucid.kernels.simd.matmul.Intrinsics;
import lucid.kernels.simd.matmul.Operand;

/// The backward of one unit: five products per (rows, key block), of which a unit may make only those for dk and dv, or only those for dq.
/// Rows run outside, head-major as the chains of dk and dv want; key blocks run inside, ascending as the chain of dq wants.
record AttentionBackward(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows v, AttentionRows out, AttentionRows lse,
                         AttentionRows dOut, AttentionRows dq, AttentionRows dk, AttentionRows dv) {
    private static final int TILE = 8;
    /// Rows at a time: long enough a chain to pay for loading and storing a tile of dk, short enough for the first cache.
    private static final int ROWS = 96;
    private static final int PANEL = AttentionRowTiles.PANEL;
    /// From panel to panel of a key block, and of the rows.
    private static final int STEP = KEYS * PANEL, ROW_STEP = ROWS * PANEL;

    /// Tiles that take the keys of a block.
    private static final int PANELS = KEYS / GemmTile.WIDTH;

    /// Rows in scratch: heads `head .. head + heads`, each with queries `from .. to`.
    private record Piece(Member member, int head, int heads, int from, int to) {
        int queries() { return to - from; }

        int rows() { return heads * (to - from); }

        Span span() { return member.span(); }
    }

    /// Columns `from .. to` of the key block at scratch row `row` (a multiple of 32); the first is key `number` of the span.
    private record Columns(int row, int from, int to, int number) {}

    void run(BackwardUnit unit, AttentionScratch w) {
        int padded = AttentionSchedule.padded(plan.headDim());
        reserve(w, unit, padded);
        int group = plan.heads() / plan.kvHeads();
        int first = unit.kvHead() * group;
        for (Member member : unit.members()) {
            int from = unit.from(), to = Math.min(unit.to(), member.span().queries());
            int n = to - from;
            if (n <= 0) continue;
            int heads = Math.max(1, Math.min(group, ROWS / n));
            int pieces = (n + ROWS - 1) / ROWS;
            int step = Math.min(ROWS, ((n + pieces - 1) / pieces + TILE - 1) / TILE * TILE);
            for (int g = 0; g < group; g += heads) {
                for (int i = from; i < to; i += step) {
                    piece(unit, new Piece(member, first + g, Math.min(heads, group - g), i, Math.min(to, i + step)), w, padded);
                }
            }
        }
        if (unit.keys()) storeKeys(unit, w, padded);
    }

    private void reserve(AttentionScratch w, BackwardUnit unit, int padded) {
        int slots = unit.slotTo() - unit.slotFrom(), dims = plan.headDim(), blocks = (slots + KEYS - 1) / KEYS;
        long size = (long) slots * padded;
        int wide = AttentionSchedule.panelled(padded);
        w.qp = AttentionScratch.atLeast(w.qp, ROWS * wide);
        w.op = AttentionScratch.atLeast(w.op, ROWS * wide);
        w.q = AttentionScratch.atLeast(w.q, GemmStrips.floats(ROWS, dims));
        w.o = AttentionScratch.atLeast(w.o, GemmStrips.floats(ROWS, dims));
        w.dq = AttentionScratch.atLeast(w.dq, ROWS * padded);
        // The last tile may be taller than what is left of the rows.
        w.s = AttentionScratch.atLeast(w.s, (ROWS + GemmTile.HEIGHT) * KEYS);
        w.ds = AttentionScratch.atLeast(w.ds, (ROWS + GemmTile.HEIGHT) * KEYS);
        w.m = AttentionScratch.atLeast(w.m, ROWS);
        w.delta = AttentionScratch.atLeast(w.delta, ROWS);
        if (w.visible.length < ROWS) w.visible = new int[ROWS];
        w.k = AttentionScratch.atLeast(w.k, (long) slots * wide);
        w.transposedKeys = w.keyBlocks.matrix(blocks * PANELS * dims, GemmTile.WIDTH);
        w.transposedValues = w.valueBlocks.matrix(blocks * PANELS * dims, GemmTile.WIDTH);
        if (w.packed.length < slots / KEYS) w.packed = new boolean[slots / KEYS * 2];
        Arrays.fill(w.packed, 0, slots / KEYS, false);
        if (!unit.keys()) return;
        w.dk = AttentionScratch.atLeast(w.dk, size);
        w.dv = AttentionScratch.atLeast(w.dv, size);
        Arrays.fill(w.dk, 0, (int) size, 0f);
        Arrays.fill(w.dv, 0, (int) size, 0f);
    }

    private void piece(BackwardUnit unit, Piece p, AttentionScratch w, int padded) {
        boolean loaded = false;
        int seen = p.span().visible(p.to() - 1);
        for (Run run : p.member().runs()) {
            int slot = Math.max(run.slot(), unit.slotFrom());
            int end = Math.min(run.slot() + Math.min(run.keys(), seen - run.number()), unit.slotTo());
            while (slot < end) {
                int blockSlot = slot & -KEYS;
                int next = Math.min(end, blockSlot + KEYS);
                if (!loaded) load(p, unit.keys(), w, padded);
                loaded = true;
                int row = blockSlot - unit.slotFrom();
                if (!w.packed[row / KEYS]) pack(unit, blockSlot, w);
                block(unit, p, new Columns(row, slot - blockSlot, next - blockSlot, run.number() + slot - run.slot()), w, padded);
                slot = next;
            }
        }
        if (unit.queries()) storeQueries(p, w, padded);
    }

    private void load(Piece p, boolean panels, AttentionScratch w, int padded) {
        int dims = plan.headDim(), first = p.span().queryRow() + p.from(), n = p.queries();
        strips(q, p, w.q, w);
        strips(dOut, p, w.o, w);
        for (int h = 0, row = 0; h < p.heads(); h++) {
            int head = p.head() + h;
            if (panels) {
                dOut.panels(first, head * dims, n, dims, w.op, row * PANEL, ROW_STEP);
                q.panels(first, head * dims, n, dims, w.qp, row * PANEL, ROW_STEP);
            }
            for (int source = first; source < first + n; source++, row++) {
                w.delta[row] = dOut.dot(source, head * dims, out, dims);
                w.m[row] = lse.get(source, head);
            }
        }
        Arrays.fill(w.dq, 0, p.rows() * padded, 0f);
    }

    /// The piece's rows as [GemmTile] reads its left factor; those of one head are read in place.
    private void strips(AttentionRows from, Piece p, float[] to, AttentionScratch w) {
        int dims = plan.headDim(), first = p.span().queryRow() + p.from(), n = p.queries();
        Operand rows = from.lanes(first, p.head() * dims, n);
        if (p.heads() > 1) {
            AttentionRows joined = w.rows(p.rows(), dims);
            for (int h = 0; h < p.heads(); h++) from.copyTo(joined, h * n, first, (p.head() + h) * dims, n, dims);
            rows = joined.lanes(0, 0, p.rows());
        }
        GemmStrips.pack(rows, 0, p.rows(), 0, dims, to, 0);
    }

    private void pack(BackwardUnit unit, int blockSlot, AttentionScratch w) {
        int dims = plan.headDim(), col = unit.kvHead() * dims, row = blockSlot - unit.slotFrom();
        Interval home = unit.component().holding(blockSlot);
        int keys = Math.min(KEYS, home.slot() + home.count() - blockSlot);
        int source = home.row() + blockSlot - home.slot();
        k.panels(source, col, keys, dims, w.k, row * AttentionSchedule.panelled(dims), STEP);
        for (int x = 0, at = row / KEYS * PANELS * dims; x < keys; x += GemmTile.WIDTH, at += dims) {
            w.panel.pack(k.lanes(source, col, keys), x, 0, w.transposedKeys.rows(at, at + dims));
            w.panel.pack(v.lanes(source, col, keys), x, 0, w.transposedValues.rows(at, at + dims));
        }
        w.packed[row / KEYS] = true;
    }

    private void block(BackwardUnit unit, Piece p, Columns c, AttentionScratch w, int padded) {
        int first = p.from();
        if (p.span().causal()) first = Math.max(first, c.number() - p.span().queryPosition());
        if (p.span().visible(p.from()) - c.number() >= c.to() - c.from()) {
            rows(unit, p, c, 0, p.rows(), w, padded);
            if (unit.keys()) {
                keyGradients(c, 0, p.rows(), w, padded);
            }
            return;
        }
        for (int h = 0; h < p.heads(); h++) {
            int from = h * p.queries() + first - p.from(), to = (h + 1) * p.queries();
            rows(unit, p, c, from, to, w, padded);
            if (unit.keys()) keyGradients(c, from, to, w, padded);
        }
    }

    /// Probabilities and score gradients of rows `from .. to`, and their part of dq.
    private void rows(BackwardUnit unit, Piece p, Columns c, int from, int to, AttentionScratch w, int padded) {
        if (from >= to) return;
        int keys = c.row() * AttentionSchedule.panelled(plan.headDim());
        products(w.q, w.transposedKeys, c.row(), from, to, w.s, w);
        products(w.o, w.transposedValues, c.row(), from, to, w.ds, w);
        AttentionSoftmax.run(AttentionSoftmax.BACKWARD, w, from, to - from, 0, scale);
        for (int i = from; i < to; i++) w.visible[i] = Math.min(c.to(), c.from() + p.span().visible(p.from() + i % p.queries()) - c.number());
        for (int row = from; unit.queries() && row < to; row += TILE) {
            int size = Math.min(TILE, to - row), least = KEYS;
            for (int i = row; i < row + size; i++) least = Math.min(least, w.visible[i]);
            AttentionRowTiles.multiplyAdd(size, padded, least - c.from(), w.ds, row * KEYS + c.from(), w.k, keys + c.from() * PANEL, STEP, w.dq,
                    row * padded, padded);
            for (int i = row; i < row + size; i++) {
                AttentionRowTiles.multiplyAdd(1, padded, w.visible[i] - least, w.ds, i * KEYS + least, w.k, keys + least * PANEL, STEP, w.dq,
                        i * padded, padded);
            }
        }
    }

    /// `to[row][key] = Σ row·key` for rows `from .. to` (and some around them) of the strips, keys of the block at scratch row `block`.
    private void products(float[] strips, Matrix blocks, int block, int from, int to, float[] into, AttentionScratch w) {
        int dims = plan.headDim(), strip = GemmStrips.stride(dims);
        MemorySegment memory = HostBuffer.segment(blocks);
        long panels = HostBuffer.byteOffset(blocks) + 4L * block * dims;
        for (int row = from & -GemmTile.STRIP; row < to; row += GemmTile.HEIGHT) {
            int height = GemmTile.height(to - row), at = row / GemmTile.STRIP * strip;
            if (PANELS == 1) {
                Intrinsics.tile(height, strips, at, strip, memory, panels, 4L * GemmTile.WIDTH, dims, into, row * KEYS, false);
                continue;
            }
            for (int x = 0; x < KEYS; x += GemmTile.WIDTH) {
                Intrinsics.tile(height, strips, at, strip, memory, panels + 4L * x * dims, 4L * GemmTile.WIDTH, dims, w.tile, 0, false);
                for (int r = 0; r < height; r++) System.arraycopy(w.tile, r * GemmTile.WIDTH, into, (row + r) * KEYS + x, GemmTile.WIDTH);
            }
        }
    }

    /// dk and dv of the block from rows `from .. to`, in which the number of visible keys only grows (or is everywhere full).
    private void keyGradients(Columns c, int from, int to, AttentionScratch w, int padded) {
        for (int key = c.from(); key < c.to(); ) {
            int left = c.to() - key;
            int size = left >= TILE ? TILE : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            int full = firstSeeing(w.visible, from, to, key + size);
            for (int j = key; full > from && j < key + size; j++) {
                int row = firstSeeing(w.visible, from, full, j + 1);
                keyTile(c, j, 1, row, full, w, padded);
            }
            keyTile(c, key, size, full, to, w, padded);
            key += size;
        }
    }

    private static int firstSeeing(int[] visible, int from, int to, int end) {
        int row = from;
        while (row < to && visible[row] < end) row++;
        return row;
    }

    private static void keyTile(Columns c, int key, int size, int from, int to, AttentionScratch w, int padded) {
        int at = from * KEYS + key, result = (c.row() + key) * padded;
        AttentionColumnTiles.multiplyAdd(size, padded, to - from, w.s, at, w.op, from * PANEL, ROW_STEP, w.dv, result, padded);
        AttentionColumnTiles.multiplyAdd(size, padded, to - from, w.ds, at, w.qp, from * PANEL, ROW_STEP, w.dk, result, padded);
    }

    private void storeQueries(Piece p, AttentionScratch w, int padded) {
        int dims = plan.headDim(), row = 0;
        for (int head = p.head(); head < p.head() + p.heads(); head++) {
            for (int i = p.from(); i < p.to(); i++, row++) dq.store(p.span().queryRow() + i, head * dims, dims, w.dq, row * padded, scale);
        }
    }

    private void storeKeys(BackwardUnit unit, AttentionScratch w, int padded) {
        int dims = plan.headDim(), col = unit.kvHead() * dims;
        for (Interval home : unit.component().intervals()) {
            int from = Math.max(home.slot(), unit.slotFrom()), to = Math.min(home.slot() + home.count(), unit.slotTo());
            for (int slot = from; slot < to; slot++) {
                int row = home.row() + slot - home.slot(), at = (slot - unit.slotFrom()) * padded;
                dk.store(row, col, dims, w.dk, at, scale);
                dv.store(row, col, dims, w.dv, at, 1);
            }
        }
    }
}
