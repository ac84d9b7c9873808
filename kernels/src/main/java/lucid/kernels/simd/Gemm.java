package lucid.kernels.simd;

import java.util.Arrays;

/// The loops around the register tile. Every orientation, every row count and the parameter gradient go through here.
///
/// The left factor is packed once per block, by all threads, into panels [k][HEIGHT]; a thread that takes a column panel of the result packs the right
/// factor's panel [k][WIDTH] for itself, just before use, so it is in L1 and there is no barrier between packing and computing. If
/// the whole packed left factor fits in L2 the chains run to their end before the next panel; otherwise k is cut into blocks, and the chains wait in
/// memory between blocks. Both are the same chain: the cut is invisible in the bits.
///
/// Flat products (at most eight rows times a weight stored row by row) go through [Gemv] instead; the chains are the same.
///
/// Small products pay for packing and for carrying tiles out. Share of the FMA peak of the same process, thread CPU time, one core of an Intel Xeon (family
/// 6, model 207), 2000 rows, with bias: 0.6 to 0.7 at k = n = 64, 0.70 to 0.77 at 128, 0.67 to 0.81 at 256; the gradient of the weight in twenty
/// groups of 100 rows: 0.50 to 0.59, 0.61 to 0.66, 0.61 to 0.74. Of the time at 64 and 128, the left factor's transposition is a sixth.
final class Gemm {
    /// Links of a chain between two visits to memory: panel b is then 32 KiB at 512 bit, inside L1.
    private static final int CHAIN_BLOCK = 256;
    /// Floats of the packed left factor: 2 MiB. It streams in from L2 or L3, twelve floats per twelve cycles; fewer rows would pack the right factor more often.
    private static final int LEFT_FLOATS = 1 << 19;
    /// Floats of waiting chains.
    private static final int SUM_FLOATS = 1 << 21;
    /// FMAs below which waking another thread costs more than it brings.
    static final long PARALLEL_FMAS = 1 << 19;
    /// Pieces per thread: enough that the slowest thread is soon relieved.
    private static final int PIECES = 12;

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

    /// What one thread keeps: a packed panel of the right factor and the chains it is working on.
    private static final class Lane {
        float[] panel = new float[0];
        float[] sums = new float[0];
        int packed;
        final int[] squares = new int[Transpose.SCRATCH];
        final Intrinsics.Watch watch = new Intrinsics.Watch();
    }

    /// A block of the product: rows [i0, i1), columns [j0, j1), chain positions [k0, k1).
    private record Block(int i0, int i1, int j0, int j1, int k0, int k1) {
        int rowPanels() { return (i1 - i0 + GemmTile.HEIGHT - 1) / GemmTile.HEIGHT; }

        int columnPanels() { return (j1 - j0 + GemmTile.WIDTH - 1) / GemmTile.WIDTH; }

        /// Floats between packed left panels; the spare LANES take the surplus of the last packing store.
        int slot() { return GemmTile.HEIGHT * (k1 - k0) + Species.LANES; }

        long fmas() { return (long) (i1 - i0) * (j1 - j0) * (k1 - k0); }
    }

    private final Workers workers;
    private final Lane[] lanes;
    private float[] left = new float[0];
    private float[] waiting = new float[0];

    Gemm(Workers workers) {
        this.workers = workers;
        lanes = new Lane[workers.threads()];
        Arrays.setAll(lanes, _ -> new Lane());
    }

    void run(Product x) {
        int m = x.out.rows();
        int n = x.out.cols();
        int k = x.k();
        boolean whole = (long) (m + GemmTile.HEIGHT) * k <= LEFT_FLOATS;
        int chain = whole ? k : chainBlock(k);
        int rows = whole ? m : Math.max(1, LEFT_FLOATS / chain / GemmTile.HEIGHT) * GemmTile.HEIGHT;
        boolean wait = chain < k;
        int columns = wait ? Math.max(1, SUM_FLOATS / Math.min(rows, m + GemmTile.HEIGHT) / GemmTile.WIDTH) * GemmTile.WIDTH : n;
        for (int i = 0; i < m; i += rows) {
            for (int j = 0; j < n; j += columns) {
                for (int p = 0; p < k; p += chain) {
                    block(x, new Block(i, Math.min(m, i + rows), j, Math.min(n, j + columns), p, Math.min(k, p + chain)), wait);
                }
            }
        }
    }

    /// Equal blocks of about CHAIN_BLOCK, multiples of 32 (a step of the widest packing).
    private static int chainBlock(int k) {
        int blocks = (k + CHAIN_BLOCK - 1) / CHAIN_BLOCK;
        return ((k + blocks - 1) / blocks + 31) / 32 * 32;
    }

    private void block(Product x, Block block, boolean wait) {
        int rowPanels = block.rowPanels();
        int columnPanels = block.columnPanels();
        left = room(left, rowPanels * block.slot());
        if (wait) waiting = room(waiting, rowPanels * columnPanels * GemmTile.SIZE);
        for (Lane lane : lanes) lane.packed = -1;
        boolean alone = lanes.length == 1 || block.fmas() < PARALLEL_FMAS;
        int pieces = alone ? 1 : Math.clamp((PIECES * lanes.length + columnPanels - 1) / columnPanels, 1, rowPanels);
        int items = columnPanels * pieces;
        Workers.Body pack = (from, to, thread) -> packLeft(x, block, from, to, lanes[thread]);
        Workers.Body work = (from, to, thread) -> {
            for (int item = from; item < to; item++) {
                int piece = item % pieces;
                panel(x, block, item / pieces, rowPanels * piece / pieces, rowPanels * (piece + 1) / pieces, wait, lanes[thread]);
            }
        };
        if (alone) {
            pack.run(0, rowPanels, 0);
            work.run(0, items, 0);
        } else {
            workers.parallel(rowPanels, Math.max(1, rowPanels / (4 * lanes.length)), pack);
            workers.parallel(items, 1, work);
        }
    }

    private static float[] room(float[] array, int floats) { return array.length >= floats ? array : new float[floats]; }

    private void packLeft(Product x, Block block, int from, int to, Lane lane) {
        for (int panel = from; panel < to; panel++) {
            int row = block.i0 + panel * GemmTile.HEIGHT;
            x.a.pack(row, GemmTile.height(block.i1 - row), block.k0, block.k1 - block.k0, left, panel * block.slot(), lane.squares);
        }
    }

    /// Row panels [from, to) of one column panel, over the block's chain positions.
    private void panel(Product x, Block block, int columnPanel, int from, int to, boolean wait, Lane lane) {
        int column = block.j0 + columnPanel * GemmTile.WIDTH;
        int step = Math.min(block.k1 - block.k0, CHAIN_BLOCK);
        lane.panel = room(lane.panel, step * GemmTile.WIDTH + Species.LANES);
        if (!wait) lane.sums = room(lane.sums, (to - from) * GemmTile.SIZE);
        boolean once = step == block.k1 - block.k0;
        for (int p = block.k0; p < block.k1; p += step) {
            int end = Math.min(block.k1, p + step);
            if (!once || lane.packed != columnPanel) x.b.pack(column, GemmTile.WIDTH, p, end - p, lane.panel, 0, lane.squares);
            lane.packed = columnPanel;
            int piece = x.pieceOf(p);
            long seen = lane.watch.before(to - from);
            for (int r = from; r < to; r++) {
                float[] sums = wait ? waiting : lane.sums;
                int slot = (wait ? columnPanel * block.rowPanels() + r : r - from) * GemmTile.SIZE;
                tile(x, block, r, column, p, end, piece, lane.panel, sums, slot);
            }
            lane.watch.after(seen, to - from);
        }
    }

    /// One tile over chain positions [from, to), which may hold several pieces, or a part of one.
    private void tile(Product x, Block block, int rowPanel, int column, int from, int to, int piece, float[] panel, float[] sums, int slot) {
        int row = block.i0 + rowPanel * GemmTile.HEIGHT;
        int height = GemmTile.height(block.i1 - row);
        int packed = rowPanel * block.slot() - block.k0 * height;
        for (int p = from; p < to; ) {
            while (x.cuts[piece + 1] <= p) piece++;
            int end = Math.min(to, x.cuts[piece + 1]);
            boolean begins = p == x.cuts[piece];
            if (begins && x.resume) x.out.read(row, column, height, sums, slot);
            boolean resume = !begins || x.resume;
            if (Intrinsics.spare()) Intrinsics.Spare.run(height, left, packed + p * height, panel, (p - from) * GemmTile.WIDTH, end - p, sums, slot, resume);
            else GemmTile.run(height, left, packed + p * height, panel, (p - from) * GemmTile.WIDTH, end - p, sums, slot, resume);
            if (end == x.cuts[piece + 1]) x.out.write(row, column, Math.min(height, block.i1 - row), sums, slot);
            p = end;
        }
    }
}
