package lucid.kernels.cuda.attention;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// A plan as the tables of the tensor-core kernels: which rows and which keys lie in which packed tile, and units that know their tiles. Tiles begin
/// at a span's first row and at its key number 0, so that where a sum begins depends on nothing else. The whole blocks of a prefix are packed once,
/// whoever shares it.
///
/// @param units    as [AttentionUnits], words 9 to 11: its tile of rows, the tile of its keys from number 0 on, and what to add to a block's number
/// for its tile behind the prefix's whole blocks
/// @param rowTiles tiles of rows, in plan order
/// @param rowWords [#WORDS] numbers each: first row, rows, 0, 0, first query row of the span
/// @param keyWords [#WORDS] numbers each: first key number, keys, keys of the prefix, first row of the prefix, first row of the span's own keys
record AttentionTiles(AttentionUnits units, int rowTiles, int[] rowWords, int keyTiles, int[] keyWords) {
    static final int WORDS = 8;
    /// Rows and keys of a tile of the kernels for `mma.sync`.
    static final int ROWS = 64;

    /// Keys `from .. keys` of a sequence that begins with `prefixKeys` rows at `prefixRow` and goes on at `ownRow`.
    private record Run(int from, int keys, int prefixKeys, int prefixRow, int ownRow) {}

    /// @param size  of a tile, rows and keys
    /// @param least rows of the spans that count; those of fewer have no tile
    static AttentionTiles of(AttentionPlan plan, int size, int least) {
        int group = plan.heads() / plan.kvHeads();
        List<int[]> rows = new ArrayList<>();
        List<int[]> keys = new ArrayList<>();
        Map<Run, Integer> packed = new HashMap<>();
        Map<Integer, int[]> byQueryRow = new HashMap<>();
        for (Span s : plan.spans()) {
            int count = s.queries() * group;
            if (count < least) continue;
            int first = rows.size();
            for (int from = 0; from < count; from += size) rows.add(new int[] {from, Math.min(size, count - from), 0, 0, s.queryRow()});
            int seen = s.visible(s.queries() - 1);
            int whole = s.prefixKeys() / size * size;
            int shared = Math.min(whole, seen);
            int prefix = shared == 0 ? 0 : pack(new Run(0, shared, shared, s.prefixRow(), 0), size, packed, keys);
            int own = whole >= seen ? 0 : pack(new Run(whole, seen, s.prefixKeys(), s.prefixKeys() > whole ? s.prefixRow() : 0, s.ownRow()), size,
                    packed, keys);
            byQueryRow.put(s.queryRow(), new int[] {first, prefix, own - whole / size});
        }
        AttentionUnits units = AttentionUnits.of(plan, size, n -> n >= least);
        for (int at = 0; at < units.words().length; at += AttentionUnits.WORDS) {
            int[] tiles = byQueryRow.get(units.words()[at]);
            units.words()[at + 9] = tiles[0] + units.words()[at + 1] / size;
            units.words()[at + 10] = tiles[1];
            units.words()[at + 11] = tiles[2];
        }
        return new AttentionTiles(units, rows.size(), words(rows), keys.size(), words(keys));
    }

    /// The number of the first tile of rows of every span, and after the last their number.
    static int[] firstTiles(AttentionPlan plan, int size) {
        int group = plan.heads() / plan.kvHeads();
        int[] first = new int[plan.spans().size() + 1];
        for (int i = 0; i < plan.spans().size(); i++)
            first[i + 1] = first[i] + (Math.multiplyExact(plan.spans().get(i).queries(), group) + size - 1) / size;
        return first;
    }

    private static int pack(Run run, int size, Map<Run, Integer> packed, List<int[]> keys) {
        return packed.computeIfAbsent(run, r -> {
            int tile = keys.size();
            for (int from = r.from; from < r.keys; from += size)
                keys.add(new int[] {from, Math.min(size, r.keys - from), r.prefixKeys, r.prefixRow, r.ownRow});
            return tile;
        });
    }

    private static int[] words(List<int[]> tiles) {
        int[] words = new int[WORDS * tiles.size()];
        for (int i = 0; i < tiles.size(); i++) System.arraycopy(tiles.get(i), 0, words, WORDS * i, tiles.get(i).length);
        return words;
    }
}
