package lucid.kernels.simd;

import static lucid.kernels.simd.AttentionSchedule.KEYS;
import static lucid.kernels.simd.Species.F;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.contract.AttentionPlan;
import lucid.kernels.contract.AttentionPlan.Span;
import lucid.kernels.simd.AttentionComponents.Interval;
import lucid.kernels.simd.AttentionComponents.Member;
import lucid.kernels.simd.AttentionComponents.Run;
import lucid.kernels.simd.AttentionUnits.BackwardUnit;

/// The backward of one unit: five products per (rows, key block), of which a unit may make only those for dk and dv, or only those for dq.
/// Rows run outside, head-major as the chains of dk and dv want; key blocks run inside, ascending as the chain of dq wants.
record AttentionBackward(AttentionPlan plan, float scale, AttentionRows q, AttentionRows k, AttentionRows v, AttentionRows out, AttentionRows lse,
                         AttentionRows dOut, AttentionRows dq, AttentionRows dk, AttentionRows dv) {
    private static final int L = Species.LANES;
    private static final int TILE = 8;
    /// Rows at a time: long enough a chain to pay for loading and storing a tile of dk, short enough for the first cache.
    private static final int ROWS = 96;
    private static final int PANEL = AttentionRowTiles.PANEL;
    /// From panel to panel of a key block, and of the rows.
    private static final int STEP = KEYS * PANEL, ROW_STEP = ROWS * PANEL;

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

    private static void reserve(AttentionScratch w, BackwardUnit unit, int padded) {
        int slots = unit.slotTo() - unit.slotFrom();
        long size = (long) slots * padded;
        int wide = AttentionSchedule.panelled(padded);
        w.qp = AttentionScratch.atLeast(w.qp, ROWS * wide);
        w.op = AttentionScratch.atLeast(w.op, ROWS * wide);
        w.q = AttentionScratch.atLeast(w.q, ROWS * padded);
        w.o = AttentionScratch.atLeast(w.o, ROWS * padded);
        w.dq = AttentionScratch.atLeast(w.dq, ROWS * padded);
        w.s = AttentionScratch.atLeast(w.s, ROWS * KEYS);
        w.ds = AttentionScratch.atLeast(w.ds, ROWS * KEYS);
        w.m = AttentionScratch.atLeast(w.m, ROWS);
        w.delta = AttentionScratch.atLeast(w.delta, ROWS);
        if (w.visible.length < ROWS) w.visible = new int[ROWS];
        w.k = AttentionScratch.atLeast(w.k, (long) slots * wide);
        w.kt = AttentionScratch.atLeast(w.kt, size);
        w.vt = AttentionScratch.atLeast(w.vt, size);
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
        int dims = plan.headDim(), row = 0;
        for (int head = p.head(); head < p.head() + p.heads(); head++) {
            if (panels) {
                dOut.panels(p.span().queryRow() + p.from(), head * dims, p.queries(), dims, w.op, row * PANEL, ROW_STEP);
                q.panels(p.span().queryRow() + p.from(), head * dims, p.queries(), dims, w.qp, row * PANEL, ROW_STEP);
            }
            for (int i = p.from(); i < p.to(); i++, row++) {
                int at = row * padded, source = p.span().queryRow() + i;
                out.load(source, head * dims, dims, w.dq, at, padded);
                dOut.load(source, head * dims, dims, w.o, at, padded);
                q.load(source, head * dims, dims, w.q, at, padded);
                w.delta[row] = dot(w, at, padded);
                w.m[row] = lse.get(source, head);
            }
        }
        Arrays.fill(w.dq, 0, row * padded, 0f);
    }

    /// `Σ dOut·out` in 16 virtual lanes; zeros fill the last sixteen.
    private static float dot(AttentionScratch w, int at, int padded) {
        FloatVector a0 = FloatVector.zero(F), a1 = a0, a2 = a0, a3 = a0;
        for (int x = at; x < at + padded; x += 16) {
            a0 = FloatVector.fromArray(F, w.o, x).fma(FloatVector.fromArray(F, w.dq, x), a0);
            if (L <= 8) a1 = FloatVector.fromArray(F, w.o, x + L).fma(FloatVector.fromArray(F, w.dq, x + L), a1);
            if (L <= 4) {
                a2 = FloatVector.fromArray(F, w.o, x + 2 * L).fma(FloatVector.fromArray(F, w.dq, x + 2 * L), a2);
                a3 = FloatVector.fromArray(F, w.o, x + 3 * L).fma(FloatVector.fromArray(F, w.dq, x + 3 * L), a3);
            }
        }
        return Lanes.sum(a0, a1, a2, a3);
    }

    private void pack(BackwardUnit unit, int blockSlot, AttentionScratch w) {
        int dims = plan.headDim(), col = unit.kvHead() * dims, row = blockSlot - unit.slotFrom();
        Interval home = unit.component().holding(blockSlot);
        int keys = Math.min(KEYS, home.slot() + home.count() - blockSlot), at = row * AttentionSchedule.panelled(dims);
        int source = home.row() + blockSlot - home.slot();
        k.panels(source, col, keys, dims, w.k, at, STEP);
        k.transpose(source, col, keys, dims, w.kt, row * dims, w.squares);
        v.transpose(source, col, keys, dims, w.vt, row * dims, w.squares);
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
        int dims = plan.headDim();
        for (int row = from; row < to; row += TILE) {
            int size = Math.min(TILE, to - row), at = row * KEYS;
            Arrays.fill(w.s, at, at + size * KEYS, 0f);
            Arrays.fill(w.ds, at, at + size * KEYS, 0f);
            AttentionRowTiles.multiplyAdd(size, KEYS, dims, w.q, row * padded, padded, w.kt, c.row() * dims, STEP, w.s, at, KEYS);
            AttentionRowTiles.multiplyAdd(size, KEYS, dims, w.o, row * padded, padded, w.vt, c.row() * dims, STEP, w.ds, at, KEYS);
            AttentionSoftmax.run(AttentionSoftmax.BACKWARD, w, row, size, 0, scale);
            int least = KEYS;
            for (int i = row; i < row + size; i++) {
                int sees = p.span().visible(p.from() + i % p.queries()) - c.number();
                w.visible[i] = Math.min(c.to(), c.from() + sees);
                least = Math.min(least, w.visible[i]);
            }
            if (!unit.queries()) continue;
            int keys = c.row() * AttentionSchedule.panelled(dims);
            AttentionRowTiles.multiplyAdd(size, padded, least - c.from(), w.ds, at + c.from(), KEYS, w.k, keys + c.from() * PANEL, STEP, w.dq, row * padded, padded);
            for (int i = row; i < row + size; i++) {
                AttentionRowTiles.multiplyAdd(1, padded, w.visible[i] - least, w.ds, i * KEYS + least, KEYS,
                        w.k, keys + least * PANEL, STEP, w.dq, i * padded, padded);
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
