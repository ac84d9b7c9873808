package lucid.kernels.simd.matmul;

import java.util.Arrays;
import lucid.kernels.simd.work.NativeScratch;
import lucid.kernels.simd.work.Workers;

/// The loops around the register tile. Every orientation, every row count and the parameter gradient go through here.
///
/// The result is cut into blocks, which threads take in turn ([GemmPlan]). A block runs all its chains from their start to their end on one thread:
/// it packs its rows of the left factor ([GemmStrips]), then goes through the column panels of the right one, which are read in place or packed just
/// before use ([GemmPanel]), so there is no barrier, and a thread that is held up delays nobody until the end. Where many blocks would pack the same
/// factor again, it is packed once before any of them starts: the left one of a large product, the right one where rows are many and the right factor
/// is small. Long chains are cut and wait in memory meanwhile. It is the same chain: the cut is invisible in the bits.
///
/// Flat products (at most eight rows times a weight stored row by row, or packed) go through [Gemv] instead; the chains are the same.
final class Gemm {
    /// FMAs below which waking another thread costs more than it brings.
    static final long PARALLEL_FMAS = 1 << 19;
    /// Rows that a thread packs at a time: a multiple of every tile's height and of every vector.
    private static final int PACK_ROWS = 48;

    /// One product. Chains are cut at `cuts` (0, ..., k): each piece is a chain of its own from 0, delivered to the epilogue in order.
    ///
    /// @param resume chains start from what is in the result instead of 0
    record Product(Operand a, Operand b, int[] cuts, boolean resume, Epilogue out) {
        int k() { return cuts[cuts.length - 1]; }

        /// The piece that chain position p belongs to.
        int pieceOf(int p) {
            int g = 0;
            while (cuts[g + 1] <= p) g++;
            return g;
        }
    }

    /// What one thread keeps: packed rows, a panel, and the chains it is working on.
    private static final class Lane {
        float[] left = new float[0];
        float[] sums = new float[0];
        final GemmPanel panel;
        final Intrinsics.Watch watch = new Intrinsics.Watch();

        Lane(Workers workers) { panel = new GemmPanel(workers); }
    }

    private final Workers workers;
    private final Lane[] lanes;
    /// The left factor, where it is packed once for all blocks.
    private float[] left = new float[0];
    /// The right factor, likewise.
    private final NativeScratch right;
    private final PanelOrder order;

    Gemm(Workers workers, PanelOrder order) {
        this.workers = workers;
        this.order = order;
        lanes = new Lane[workers.threads()];
        Arrays.setAll(lanes, _ -> new Lane(workers));
        right = new NativeScratch(workers);
    }

    private static float[] room(float[] array, int floats) { return array.length >= floats ? array : new float[floats]; }

    void run(Product x) {
        GemmPlan plan = GemmPlan.of(x, lanes.length);
        if (plan.sharesLeft()) packLeft(x, plan);
        Product y = plan.sharesRight() && !x.b.packed() ? new Product(x.a, order.pack(x.b, x.k(), right, plan.alone()), x.cuts, x.resume, x.out) : x;
        parallel(plan, plan.blocks(), (from, to, thread) -> {
            for (int i = from; i < to; i++) block(y, plan, plan.block(i), lanes[thread]);
        });
    }

    private void parallel(GemmPlan plan, int items, Workers.Body work) {
        if (plan.alone()) work.run(0, items, 0);
        else workers.parallel(items, 1, work);
    }

    /// Packs all rows of the left factor, once for all blocks: chain block by chain block, each as [GemmStrips] lays it out.
    private void packLeft(Product x, GemmPlan plan) {
        int rows = x.out.rows();
        left = room(left, plan.leftAt(plan.chainBlocks()));
        parallel(plan, GemmPlan.panels(rows, PACK_ROWS), (from, to, _) -> {
            for (int i = from; i < to; i++) {
                int row = i * PACK_ROWS;
                for (int b = 0; b < plan.chainBlocks(); b++) {
                    GemmStrips.pack(x.a, row, Math.min(PACK_ROWS, rows - row), plan.stop(b), plan.links(b), left,
                            plan.leftAt(b) + row / GemmTile.STRIP * GemmStrips.stride(plan.links(b)));
                }
            }
        });
    }

    /// The block's rows stay packed in L2, as many at a time as have room there, and the panels pass by; chains that are not at their end wait in
    /// memory.
    private void block(Product x, GemmPlan plan, GemmPlan.Block block, Lane lane) {
        int rows = block.i1() - block.i0();
        int rowPanels = block.rowPanels();
        boolean shared = plan.sharesLeft();
        lane.sums = room(lane.sums, plan.cutsChains() ? rowPanels * block.columnPanels() * GemmTile.SIZE : GemmTile.SIZE);
        for (int b = 0; b < plan.chainBlocks(); b++) {
            int p = plan.stop(b);
            int links = plan.links(b);
            int strip = GemmStrips.stride(links);
            if (!shared) {
                lane.left = room(lane.left, GemmStrips.floats(rows, links));
                GemmStrips.pack(x.a, block.i0(), rows, p, links, lane.left, 0);
            }
            float[] rowsHere = shared ? left : lane.left;
            int first = shared ? plan.leftAt(b) + block.i0() / GemmTile.STRIP * strip : 0;
            int piece = x.pieceOf(p);
            int high = plan.chunk(rowPanels, links);
            lane.panel.begin(x.b, block.j0(), block.j1(), p, links, shared, high < rowPanels);
            for (int top = 0; top < rowPanels; top += high) {
                int bottom = Math.min(rowPanels, top + high);
                for (int c = 0; c < block.columnPanels(); c++) {
                    int column = block.j0() + c * GemmTile.WIDTH;
                    lane.panel.show(column);
                    long seen = lane.watch.before(bottom - top);
                    for (int r = top; r < bottom; r++) {
                        int slot = plan.cutsChains() ? (c * rowPanels + r) * GemmTile.SIZE : 0;
                        tile(x, block, r, column, p, p + links, piece, lane, rowsHere, first + r * (GemmTile.HEIGHT / GemmTile.STRIP) * strip,
                                strip, slot);
                    }
                    lane.watch.after(seen, bottom - top);
                }
            }
        }
    }

    /// One tile over chain positions [from, to), which may hold several pieces, or a part of one.
    private void tile(Product x, GemmPlan.Block block, int rowPanel, int column, int from, int to, int piece, Lane lane, float[] a, int packed,
            int strip, int slot) {
        int row = block.i0() + rowPanel * GemmTile.HEIGHT;
        int rows = Math.min(GemmTile.HEIGHT, block.i1() - row);
        int height = GemmTile.height(rows);
        GemmPanel b = lane.panel;
        float[] sums = lane.sums;
        for (int p = from; p < to; ) {
            while (x.cuts[piece + 1] <= p) piece++;
            int end = Math.min(to, x.cuts[piece + 1]);
            boolean begins = p == x.cuts[piece];
            if (begins && x.resume) x.out.read(row, column, height, sums, slot);
            boolean resume = !begins || x.resume;
            int ao = packed + (p - from) * GemmTile.STRIP;
            long bo = b.at + (p - from) * b.pitch;
            if (b.wide) Intrinsics.tile(height, a, ao, strip, b.memory, bo, b.pitch, end - p, sums, slot, resume);
            else Intrinsics.narrowTile(height, a, ao, strip, b.memory, bo, b.pitch, end - p, sums, slot, resume);
            if (end == x.cuts[piece + 1]) x.out.write(row, column, rows, sums, slot);
            p = end;
        }
    }
}
