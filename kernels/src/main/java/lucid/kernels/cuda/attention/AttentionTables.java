package lucid.kernels.cuda.attention;

import java.util.HashMap;
import java.util.Map;
import lucid.kernels.contract.operand.AttentionPlan;

/// The tables of one plan, each made when first asked for: the layers of a model call with the same plan, one after the other.
public final class AttentionTables {
    /// Spans of `least` to `most` rows, in pieces of at most `size`.
    private record Cut(int size, int least, int most) {}

    final AttentionPlan plan;
    private final Map<Cut, AttentionUnits> units = new HashMap<>();
    private final Map<Integer, AttentionKeys> keys = new HashMap<>();
    private final Map<Cut, AttentionTiles> tiles = new HashMap<>();

    /// The tables of a plan, each made when first asked for.
    public AttentionTables(AttentionPlan plan) { this.plan = plan; }

    /// Spans of `least` to `most` rows in units of at most `size`.
    AttentionUnits units(int size, int least, int most) {
        return units.computeIfAbsent(new Cut(size, least, most), c -> AttentionUnits.of(plan, c.size, rows -> rows >= c.least && rows <= c.most));
    }

    /// All spans.
    AttentionUnits units(int size) { return units(size, 1, Integer.MAX_VALUE); }

    /// Tiles of at most `size` key rows for the backward.
    AttentionKeys keys(int size) { return keys.computeIfAbsent(size, _ -> AttentionKeys.of(plan, size)); }

    /// Packed tiles of `size` rows and keys, for tensor cores, of the spans of at least `least` rows.
    AttentionTiles tiles(int size, int least) {
        return tiles.computeIfAbsent(new Cut(size, least, Integer.MAX_VALUE), c -> AttentionTiles.of(plan, c.size, c.least));
    }
}
