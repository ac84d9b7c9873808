package lucid.kernels.simd;

import java.util.Arrays;

/// The loops around the register tile. Every orientation, every row count and the parameter gradient go through here.
///
/// The result is cut into blocks, which threads take in turn. A block runs all its chains from their start to their end on one thread: it packs its rows of the left
/// factor ([GemmStrips]), then goes through the column panels of the right one, which are read in place or packed just before use ([GemmPanel]), so there is no
/// barrier, and a thread that is held up delays nobody until the end. Large products pack the left factor once for all blocks, before any of them starts: a packed
/// float costs 0.3 to 0.4 ns when it comes from L3 or memory, so a factor of 1024 columns packed by four blocks took a tenth of the time of the FMAs.
/// Long chains are cut at [#CHAIN_BLOCK] and wait in memory meanwhile. It is the same chain: the cut is invisible in the bits.
///
/// Flat products (at most eight rows times a weight stored row by row) go through [Gemv] instead; the chains are the same.
final class Gemm {
    /// Links of a chain between two visits to memory: three strips are then 36 KiB, inside L1, and a panel streams from L2.
    private static final int CHAIN_BLOCK = 768;
    /// Floats of a block's packed rows: 1.5 MiB, which L2 holds.
    private static final int LEFT_FLOATS = 3 << 17;
    /// Floats of a block's waiting chains.
    private static final int SUM_FLOATS = 3 << 16;
    /// FMAs below which waking another thread costs more than it brings.
    static final long PARALLEL_FMAS = 1 << 19;
    /// FMAs from which a barrier (some microseconds) costs less than packing the left factor in every block.
    private static final long SHARED_FMAS = 1 << 25;
    /// Floats that a left factor may take when it is packed as a whole.
    private static final int SHARED_FLOATS = 1 << 25;
    /// From this many rows per column on, blocks of rows pack nothing of the left factor twice and little of the right one.
    private static final int TALL = 4;
    /// Rows that a thread packs at a time: a multiple of every tile's height and of every vector.
    private static final int PACK_ROWS = 48;
    /// Column panels of a block of a large product: its waiting chains stay a few MiB.
    private static final int SHARED_PANELS = 8;
    /// Blocks per thread, if they are large enough: the slowest thread is soon relieved.
    private static final int BLOCKS = 4;
    /// Tiles of a block below which streaming its factors takes longer than its FMAs.
    private static final int BLOCK_TILES = 16;
    /// What another pass over a factor costs, in proportion: mostly memory; packing rows that lie side by side costs as much again.
    private static final long RIGHT_AGAIN = 3;
    private static final long LEFT_AGAIN = 4;
    private static final long LEFT_ACROSS_AGAIN = 8;

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
        final GemmPanel panel = new GemmPanel();
        final Intrinsics.Watch watch = new Intrinsics.Watch();
    }

    /// A block of the result: rows [i0, i1), columns [j0, j1).
    private record Block(int i0, int i1, int j0, int j1) {
        int rowPanels() { return panels(i1 - i0, GemmTile.HEIGHT); }

        int columnPanels() { return panels(j1 - j0, GemmTile.WIDTH); }
    }

    /// How a product is cut: into `down` times `across` blocks, chains at multiples of `chain`.
    private record Grid(int rowPanels, int columnPanels, int down, int across, int chain) {
        int blocks() { return down * across; }

        Block block(int i, int rows, int cols) {
            int r = i % down;
            int c = i / down;
            return new Block(edge(r, rowPanels, down, GemmTile.HEIGHT, rows), edge(r + 1, rowPanels, down, GemmTile.HEIGHT, rows),
                    edge(c, columnPanels, across, GemmTile.WIDTH, cols), edge(c + 1, columnPanels, across, GemmTile.WIDTH, cols));
        }

        private static int edge(int i, int panels, int parts, int size, int end) { return (int) Math.min(end, (long) panels * i / parts * size); }
    }

    private final Workers workers;
    private final Lane[] lanes;
    /// The left factor of a large product.
    private float[] left = new float[0];

    Gemm(Workers workers) {
        this.workers = workers;
        lanes = new Lane[workers.threads()];
        Arrays.setAll(lanes, _ -> new Lane());
    }

    private static int panels(int n, int size) { return (n + size - 1) / size; }

    private static float[] room(float[] array, int floats) { return array.length >= floats ? array : new float[floats]; }

    void run(Product x) {
        int rows = x.out.rows();
        int cols = x.out.cols();
        long fmas = (long) rows * cols * x.k();
        boolean alone = lanes.length == 1 || fmas < PARALLEL_FMAS;
        boolean shared = fmas >= SHARED_FMAS && rows < TALL * cols && GemmStrips.room(rows) * x.k() <= SHARED_FLOATS;
        Grid grid = shared ? sharedGrid(x, lanes.length) : grid(x, alone ? 1 : lanes.length);
        if (shared) packShared(x, grid.chain);
        parallel(alone, grid.blocks(), (from, to, thread) -> {
            for (int i = from; i < to; i++) block(x, grid.block(i, rows, cols), grid.chain, lanes[thread], shared);
        });
    }

    private void parallel(boolean alone, int items, Workers.Body work) {
        if (alone) work.run(0, items, 0);
        else workers.parallel(items, 1, work);
    }

    /// Packs all rows of the left factor, once for all blocks: chain block by chain block, [blocks of k][strips][k][STRIP].
    private void packShared(Product x, int chain) {
        int rows = x.out.rows();
        int k = x.k();
        int room = (int) GemmStrips.room(rows);
        left = room(left, room * k);
        parallel(lanes.length == 1, panels(rows, PACK_ROWS), (from, to, _) -> {
            for (int i = from; i < to; i++) {
                int row = i * PACK_ROWS;
                for (int p = 0; p < k; p += chain) {
                    int count = Math.min(chain, k - p);
                    GemmStrips.pack(x.a, row, Math.min(PACK_ROWS, rows - row), p, count, left, room * p + row * count);
                }
            }
        });
    }

    /// Blocks of columns; of rows too where columns are too few for the threads.
    private static Grid sharedGrid(Product x, int threads) {
        int rows = panels(x.out.rows(), GemmTile.HEIGHT);
        int cols = panels(x.out.cols(), GemmTile.WIDTH);
        int chain = x.k() <= CHAIN_BLOCK ? x.k() : chainBlock(x.k());
        int across = Math.max(panels(cols, SHARED_PANELS), Math.min(cols, threads == 1 ? 1 : BLOCKS * threads));
        int down = threads == 1 ? 1 : Math.clamp(BLOCKS * threads / across, 1, rows);
        return new Grid(rows, cols, down, across, chain);
    }

    /// Blocks small enough for the caches, and enough for the threads: each further cut goes where the factor that is passed over once more is the cheaper one.
    private static Grid grid(Product x, int threads) {
        int rows = panels(x.out.rows(), GemmTile.HEIGHT);
        int cols = panels(x.out.cols(), GemmTile.WIDTH);
        int chain = x.k() <= CHAIN_BLOCK ? x.k() : chainBlock(x.k());
        int down = panels(rows, Math.max(1, LEFT_FLOATS / (chain * GemmTile.HEIGHT)));
        int across = chain == x.k() ? 1 : panels(cols, Math.max(1, SUM_FLOATS / (panels(rows, down) * GemmTile.SIZE)));
        long wanted = threads == 1 ? 1 : Math.clamp((long) rows * cols / BLOCK_TILES, threads, BLOCKS * threads);
        boolean rowsFirst = RIGHT_AGAIN * x.out.cols() <= (x.a.lanesInRow() ? LEFT_ACROSS_AGAIN : LEFT_AGAIN) * x.out.rows();
        while (down * across < wanted && (down < rows || across < cols)) {
            if (across == cols || rowsFirst && down < rows) down++;
            else across++;
        }
        return new Grid(rows, cols, down, across, chain);
    }

    /// Equal blocks of at most CHAIN_BLOCK, multiples of 32 (a step of the widest packing).
    private static int chainBlock(int k) {
        int blocks = panels(k, CHAIN_BLOCK);
        return panels(panels(k, blocks), 32) * 32;
    }

    /// The block's rows stay packed in L2, and the panels pass by; chains that are not at their end wait in memory.
    private void block(Product x, Block block, int chain, Lane lane, boolean shared) {
        int rows = block.i1 - block.i0;
        int rowPanels = block.rowPanels();
        int k = x.k();
        boolean wait = chain < k;
        if (!shared) lane.left = room(lane.left, (int) GemmStrips.room(rows) * chain);
        int room = shared ? (int) GemmStrips.room(x.out.rows()) : 0;
        lane.sums = room(lane.sums, wait ? rowPanels * block.columnPanels() * GemmTile.SIZE : GemmTile.SIZE);
        for (int p = 0; p < k; p += chain) {
            int end = Math.min(k, p + chain);
            if (!shared) GemmStrips.pack(x.a, block.i0, rows, p, end - p, lane.left, 0);
            float[] rowsHere = shared ? left : lane.left;
            int first = shared ? room * p + block.i0 * (end - p) : 0;
            int piece = x.pieceOf(p);
            lane.panel.forget();
            for (int c = 0; c < block.columnPanels(); c++) {
                int column = block.j0 + c * GemmTile.WIDTH;
                lane.panel.show(x.b, column, shared ? block.j1 : column + GemmTile.WIDTH, p, end - p);
                long seen = lane.watch.before(rowPanels);
                for (int r = 0; r < rowPanels; r++) tile(x, block, r, c, p, end, piece, lane, rowsHere, first + r * (end - p) * GemmTile.HEIGHT, wait ? (c * rowPanels + r) * GemmTile.SIZE : 0);
                lane.watch.after(seen, rowPanels);
            }
        }
    }

    /// One tile over chain positions [from, to), which may hold several pieces, or a part of one.
    private void tile(Product x, Block block, int rowPanel, int columnPanel, int from, int to, int piece, Lane lane, float[] a, int packed, int slot) {
        int row = block.i0 + rowPanel * GemmTile.HEIGHT;
        int column = block.j0 + columnPanel * GemmTile.WIDTH;
        int rows = Math.min(GemmTile.HEIGHT, block.i1 - row);
        int height = GemmTile.height(rows);
        int strip = (to - from) * GemmTile.STRIP;
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
            if (Intrinsics.spare()) Intrinsics.Spare.run(height, a, ao, strip, b.memory, bo, b.pitch, end - p, sums, slot, resume);
            else GemmTile.run(height, a, ao, strip, b.memory, bo, b.pitch, end - p, sums, slot, resume);
            if (end == x.cuts[piece + 1]) x.out.write(row, column, rows, sums, slot);
            p = end;
        }
    }
}
