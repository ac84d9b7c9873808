package lucid.kernels.simd.matmul;

import java.util.Arrays;
import lucid.kernels.simd.matmul.Gemm.Product;

/// How a product is cut: into `down` times `across` blocks for the threads, its chains at `stops`, and which factor is packed once for all blocks. No
/// cut shows in a bit.
///
/// Five shapes are told apart. *Deep* products sum over many more positions than the result has rows or columns (a weight's gradient over a batch):
/// the result stays in the caches while both factors pass by once, in short pieces. *Tall* ones multiply many rows with a small right factor (a layer
/// of a small model): the right factor is packed once, and small blocks of rows pass by it. Where rows are *many* (a vision tower's patches) the
/// right factor is packed once too, and each block of rows fills L2. *Large* ones share the packed left factor; where that is larger than the last
/// cache likes, a block's panels stay packed, and it passes by them chunk by chunk. The rest packs what it needs, block by block.
final class GemmPlan {
    /// Links of a chain between two visits to memory: three strips are then 36 KiB, inside L1, and a panel streams from L2.
    private static final int CHAIN_BLOCK = 768;
    /// The same for deep products: a panel then stays in L1, and so few floats of both factors that they stay in L2 from the packing to the last
    /// tile.
    private static final int DEEP_BLOCK = 256;
    /// Floats of a block's packed rows: 1.5 MiB, which L2 holds.
    private static final int LEFT_FLOATS = 3 << 17;
    /// Floats of a block's waiting chains.
    private static final int SUM_FLOATS = 3 << 16;
    /// FMAs from which a barrier (some microseconds) costs less than packing a factor in every block.
    private static final long SHARED_FMAS = 1 << 25;
    /// Floats that a left factor may take when it is packed as a whole.
    private static final int SHARED_FLOATS = 1 << 25;
    /// From this many rows per column on, blocks of rows pack nothing of the left factor twice and little of the right one.
    private static final int TALL = 4;
    /// Floats of a tall product's right factor: half a MiB of L2.
    private static final int TALL_RIGHT_FLOATS = 1 << 17;
    /// Floats of a tall product's block of rows, which are passed over once for every panel.
    private static final int TALL_LEFT_FLOATS = 1 << 14;
    /// Floats that a right factor may take when it is packed as a whole for many rows: 32 MiB of a last-level cache.
    private static final int MANY_RIGHT_FLOATS = 1 << 23;
    /// With more blocks of rows per thread than this, packing the weight once is worth it.
    private static final int MANY_BLOCKS = 2;
    /// Floats of a deep product's result: half a MiB of L2.
    private static final int DEEP_FLOATS = 1 << 17;
    /// Chain positions of a deep product per row and per column.
    private static final int DEEP = 4;
    /// Links of a large product's chains between two visits to memory. Tiles that begin with what waits there stand still until it has come.
    private static final int LARGE_BLOCK = 2048;
    /// Floats of a left factor, 6 MiB, that every panel may pass by as a whole. A larger one would come from memory each time.
    private static final int NEAR_FLOATS = 3 << 19;
    /// Floats of a larger one that a block's panels pass by at a time: half a MiB, which L2 holds beside a panel.
    private static final int CHUNK_FLOATS = 1 << 17;
    /// Column panels of a block of a large product, and of one whose left factor is larger still: as many pass by a chunk, and stay packed for the
    /// next.
    private static final int LARGE_PANELS = 4;
    private static final int CHUNK_PANELS = 8;
    /// Blocks per thread of a large product: they cost nothing, because no panel is packed twice.
    private static final int LARGE_BLOCKS = 8;
    /// Blocks per thread, if they are large enough: the slowest thread is soon relieved.
    private static final int BLOCKS = 4;
    /// The same for deep products, of which every further block reads one factor again from memory.
    private static final int DEEP_BLOCKS = 2;
    /// Tiles of a block below which streaming its factors takes longer than its FMAs.
    private static final int BLOCK_TILES = 16;
    /// What another pass over a factor costs, in proportion: mostly memory; packing rows that lie side by side costs as much again.
    private static final long RIGHT_AGAIN = 3;
    private static final long LEFT_AGAIN = 4;
    private static final long LEFT_ACROSS_AGAIN = 8;

    /// A block of the result: rows [i0, i1), columns [j0, j1).
    record Block(int i0, int i1, int j0, int j1) {
        int rowPanels() { return panels(i1 - i0, GemmTile.HEIGHT); }

        int columnPanels() { return panels(j1 - j0, GemmTile.WIDTH); }
    }

    private enum Shared {
        NOTHING, LEFT, LEFT_IN_CHUNKS, RIGHT;

        boolean left() { return this == LEFT || this == LEFT_IN_CHUNKS; }
    }

    private final int rows;
    private final int cols;
    private final boolean alone;
    private final int down;
    private final int across;
    /// Where chains are cut, 0 and k included.
    private final int[] stops;
    private final boolean cutsChains;
    private final Shared shared;
    /// Where the chain blocks of a shared left factor begin, and its end.
    private final int[] leftAt;

    private GemmPlan(Product x, boolean alone, int down, int across, int[] stops, Shared shared) {
        rows = x.out().rows();
        cols = x.out().cols();
        this.alone = alone;
        this.down = down;
        this.across = across;
        this.stops = stops;
        this.shared = shared;
        cutsChains = Arrays.stream(stops).anyMatch(p -> Arrays.binarySearch(x.cuts(), p) < 0);
        leftAt = new int[shared.left() ? stops.length : 0];
        for (int b = 1; b < leftAt.length; b++) leftAt[b] = leftAt[b - 1] + GemmStrips.floats(rows, links(b - 1));
    }

    static int panels(int n, int size) { return (n + size - 1) / size; }

    static GemmPlan of(Product x, int threads) {
        int rows = x.out().rows();
        int cols = x.out().cols();
        int k = x.k();
        long fmas = (long) rows * cols * k;
        boolean large = fmas >= SHARED_FMAS;
        boolean whole = x.cuts().length == 2;
        long right = (long) panels(cols, GemmTile.WIDTH) * GemmTile.WIDTH * k;
        if (large && rows >= TALL * cols && k <= CHAIN_BLOCK && whole && right <= TALL_RIGHT_FLOATS) return tall(x, threads);
        if (large && x.a().lanesInRow() && k >= DEEP * Math.max(rows, cols) && (long) rows * cols <= DEEP_FLOATS) return deep(x, threads);
        if (large && whole && panels(rows, LEFT_FLOATS / equalStops(k)[1]) > MANY_BLOCKS * threads && right <= MANY_RIGHT_FLOATS)
            return many(x, threads);
        if (large && rows < TALL * cols && GemmStrips.room(rows) * (k + 16L * panels(k, LARGE_BLOCK)) <= SHARED_FLOATS) return large(x, threads);
        return plain(x, threads == 1 || fmas < Gemm.PARALLEL_FMAS ? 1 : threads);
    }

    private static GemmPlan tall(Product x, int threads) {
        int panels = panels(x.out().rows(), GemmTile.HEIGHT);
        int each = Math.clamp(TALL_LEFT_FLOATS / (x.k() * GemmTile.HEIGHT), 1, panels(panels, BLOCKS * threads));
        return new GemmPlan(x, threads == 1, panels(panels, each), 1, new int[] {0, x.k()}, Shared.RIGHT);
    }

    /// Blocks of rows, as many for each thread: all panels pass by each, from the last cache, so a block is as tall as L2 lets it be. Chains are cut
    /// as those of large products are: tiles that begin with what waits in memory stand still.
    ///
    /// Measured on an AMD EPYC (family 26, AVX-512, 1 MiB L2, 2 cores of a shared machine), 5832 rows, bf16 weights, 2 threads, medians in turn with
    /// what was before (768 links, panels of f32): 1152 x 1152 +5 %, 4304 x 1152 +5 %, 1152 x 4304 +2 to 4 %.
    private static GemmPlan many(Product x, int threads) {
        int[] stops = equalStops(x.k(), LARGE_BLOCK);
        int blocks = panels(x.out().rows(), LEFT_FLOATS / stops[1]);
        return new GemmPlan(x, threads == 1, panels(blocks, threads) * threads, 1, stops, Shared.RIGHT);
    }

    /// Blocks as square as can be: each reads its rows of the left factor and its columns of the right one.
    private static GemmPlan deep(Product x, int threads) {
        int columnPanels = panels(x.out().cols(), GemmTile.WIDTH);
        int down = 1;
        int across = 1;
        while (threads > 1 && down * across < DEEP_BLOCKS * threads) {
            if (across == columnPanels || x.out().rows() / down >= x.out().cols() / across) down++;
            else across++;
        }
        return new GemmPlan(x, threads == 1, down, across, deepStops(x.cuts()), Shared.NOTHING);
    }

    /// At the ends of pieces, as many pieces as fit together; a long piece is cut into equal parts.
    private static int[] deepStops(int[] cuts) {
        int[] stops = new int[cuts.length + cuts[cuts.length - 1] / DEEP_BLOCK + 1];
        int n = 1;
        for (int i = 1; i < cuts.length; i++) {
            if (i + 1 < cuts.length && cuts[i + 1] - stops[n - 1] <= DEEP_BLOCK) continue;
            int from = stops[n - 1];
            int parts = panels(cuts[i] - from, DEEP_BLOCK);
            for (int j = 1; j <= parts; j++) stops[n++] = from + (int) ((long) (cuts[i] - from) * j / parts);
        }
        return Arrays.copyOf(stops, n);
    }

    /// Blocks of columns; of rows too where columns are too few for the threads.
    ///
    /// Measured on an AMD EPYC (family 26, AVX-512, 1 MiB L2, 2 cores of a shared machine), in turn with what was before (768 links, whole left
    /// factor, 8 panels, 4 blocks), 2 threads, means: 1024 x 1024 x 1024 +4 %, 2048 x 2048 x 2048 +6 %, 640 x 2048 x 2048 +5 %, 256 x 11008 x 2048 +3
    /// %, 640 x 2048 x 11008 +2 %.
    private static GemmPlan large(Product x, int threads) {
        int rows = panels(x.out().rows(), GemmTile.HEIGHT);
        int cols = panels(x.out().cols(), GemmTile.WIDTH);
        boolean near = (long) x.out().rows() * x.k() <= NEAR_FLOATS;
        int wanted = threads == 1 ? 1 : (near ? LARGE_BLOCKS : BLOCKS) * threads;
        int across = Math.max(panels(cols, near ? LARGE_PANELS : CHUNK_PANELS), Math.min(cols, wanted));
        int down = threads == 1 ? 1 : Math.clamp(BLOCKS * threads / across, 1, rows);
        return new GemmPlan(x, threads == 1, down, across, equalStops(x.k(), LARGE_BLOCK), near ? Shared.LEFT : Shared.LEFT_IN_CHUNKS);
    }

    /// Blocks small enough for the caches, and enough for the threads: each further cut goes where the factor that is passed over once more is the
    /// cheaper one.
    private static GemmPlan plain(Product x, int threads) {
        int rows = panels(x.out().rows(), GemmTile.HEIGHT);
        int cols = panels(x.out().cols(), GemmTile.WIDTH);
        int[] stops = equalStops(x.k());
        int down = panels(rows, Math.max(1, LEFT_FLOATS / (stops[1] * GemmTile.HEIGHT)));
        int across = stops.length == 2 ? 1 : panels(cols, Math.max(1, SUM_FLOATS / (panels(rows, down) * GemmTile.SIZE)));
        long wanted = threads == 1 ? 1 : Math.clamp((long) rows * cols / BLOCK_TILES, threads, BLOCKS * threads);
        boolean rowsFirst = RIGHT_AGAIN * x.out().cols() <= (x.a().lanesInRow() ? LEFT_ACROSS_AGAIN : LEFT_AGAIN) * x.out().rows();
        while (down * across < wanted && (down < rows || across < cols)) {
            if (across == cols || rowsFirst && down < rows) down++;
            else across++;
        }
        return new GemmPlan(x, threads == 1, down, across, stops, Shared.NOTHING);
    }

    private static int[] equalStops(int k) { return equalStops(k, CHAIN_BLOCK); }

    /// Equal blocks of at most `most` links, multiples of 32 (a step of the widest packing).
    private static int[] equalStops(int k, int most) {
        int blocks = panels(k, most);
        int each = blocks == 1 ? k : panels(panels(k, blocks), 32) * 32;
        int[] stops = new int[panels(k, each) + 1];
        for (int b = 1; b < stops.length; b++) stops[b] = Math.min(k, b * each);
        return stops;
    }

    /// Whether the caller does everything.
    boolean alone() { return alone; }

    int blocks() { return down * across; }

    Block block(int i) {
        int r = i % down;
        int c = i / down;
        return new Block(edge(r, rows, GemmTile.HEIGHT, down), edge(r + 1, rows, GemmTile.HEIGHT, down), edge(c, cols, GemmTile.WIDTH, across),
                edge(c + 1, cols, GemmTile.WIDTH, across));
    }

    private static int edge(int i, int end, int size, int parts) { return (int) Math.min(end, (long) panels(end, size) * i / parts * size); }

    int chainBlocks() { return stops.length - 1; }

    /// Where a chain block begins.
    int stop(int block) { return stops[block]; }

    /// Links of a chain block.
    int links(int block) { return stops[block + 1] - stops[block]; }

    /// Row panels that all column panels of a block pass by before the next ones: equal parts of the block.
    int chunk(int rowPanels, int links) {
        if (shared != Shared.LEFT_IN_CHUNKS) return rowPanels;
        return panels(rowPanels, panels(rowPanels, Math.max(1, CHUNK_FLOATS / (links * GemmTile.HEIGHT))));
    }

    /// Whether a chain waits in memory between two blocks.
    boolean cutsChains() { return cutsChains; }

    boolean sharesLeft() { return shared.left(); }

    boolean sharesRight() { return shared == Shared.RIGHT; }

    /// Where a chain block begins in the shared left factor.
    int leftAt(int block) { return leftAt[block]; }
}
