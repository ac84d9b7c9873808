package lucid.kernels.cuda.attention;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// The key rows that a plan names as tiles of at most some rows, each with the spans that see it, in plan order: the order of the chains of dk and
/// dv. Dearest first. How rows are cut into tiles shows in no bit.
///
/// @param tileWords  first key row, keys, first entry, last entry + 1 of each tile
/// @param entryWords [#ENTRY] numbers each: first query row, queries, query position, number of the tile's first key, causal; first tile of rows and
/// tiles of rows of the span, as
///                   [AttentionTiles] counts them with [AttentionTiles#ROWS]
record AttentionKeys(int tiles, int[] tileWords, int entries, int[] entryWords) {
    static final int ENTRY = 8;

    /// A run of key rows of one span; the first is its key `number`.
    private record Run(int span, Span of, int row, int keys, int number) {}

    private record Tile(int row, int keys, List<Run> runs, long cost) {}

    /// @param size of a tile
    static AttentionKeys of(AttentionPlan plan, int size) {
        List<Run> runs = new ArrayList<>();
        TreeSet<Integer> cuts = new TreeSet<>();
        for (int i = 0; i < plan.spans().size(); i++) {
            Span s = plan.spans().get(i);
            if (s.prefixKeys() > 0) runs.add(new Run(i, s, s.prefixRow(), s.prefixKeys(), 0));
            if (s.ownKeys() > 0) runs.add(new Run(i, s, s.ownRow(), s.ownKeys(), s.prefixKeys()));
        }
        for (Run r : runs) {
            cuts.add(r.row);
            cuts.add(r.row + r.keys);
        }
        runs.sort(Comparator.comparingInt(Run::row));
        List<Tile> tiles = new ArrayList<>();
        List<Run> open = new ArrayList<>();
        int next = 0;
        for (Integer from : cuts) {
            Integer to = cuts.higher(from);
            if (to == null) break;
            open.removeIf(r -> r.row + r.keys <= from);
            while (next < runs.size() && runs.get(next).row == from) open.add(runs.get(next++));
            open.sort(Comparator.comparingInt(Run::span));
            if (!open.isEmpty()) cut(open, from, to, size, tiles);
        }
        tiles.sort(Comparator.comparingLong(Tile::cost).reversed());
        return words(plan, tiles);
    }

    private static void cut(List<Run> open, int from, int to, int size, List<Tile> tiles) {
        for (int row = from; row < to; row += size) {
            List<Run> seen = new ArrayList<>();
            long cost = 0;
            for (Run r : open) {
                int number = r.number + row - r.row;
                long queries = r.of.causal() ? Math.min(r.of.queries(), (long) r.of.queryPosition() + r.of.queries() - number) : r.of.queries();
                if (queries <= 0) continue;
                seen.add(r);
                cost += queries;
            }
            tiles.add(new Tile(row, Math.min(size, to - row), seen, cost));
        }
    }

    private static AttentionKeys words(AttentionPlan plan, List<Tile> tiles) {
        int[] rowTile = AttentionTiles.firstTiles(plan, AttentionTiles.ROWS);
        int entries = tiles.stream().mapToInt(t -> t.runs.size()).sum();
        int[] tileWords = new int[4 * tiles.size()];
        int[] entryWords = new int[ENTRY * entries];
        int at = 0;
        for (int i = 0; i < tiles.size(); i++) {
            Tile t = tiles.get(i);
            int[] values = {t.row, t.keys, at, at + t.runs.size()};
            System.arraycopy(values, 0, tileWords, 4 * i, 4);
            for (Run r : t.runs) {
                int[] entry = {r.of.queryRow(), r.of.queries(), r.of.queryPosition(), r.number + t.row - r.row, r.of.causal() ? 1 : 0,
                        rowTile[r.span],
                        rowTile[r.span + 1] - rowTile[r.span]};
                System.arraycopy(entry, 0, entryWords, ENTRY * at++, entry.length);
            }
        }
        return new AttentionKeys(tiles.size(), tileWords, entries, entryWords);
    }
}
