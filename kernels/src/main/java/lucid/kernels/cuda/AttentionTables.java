package lucid.kernels.cuda;

import java.util.HashMap;
import java.util.Map;
import lucid.kernels.contract.AttentionPlan;

/// The tables of one plan, each made when first asked for: the layers of a model call with the same plan, one after the other.
final class AttentionTables {
    final AttentionPlan plan;
    private final Map<Integer, AttentionUnits> units = new HashMap<>();
    private final Map<Integer, AttentionKeys> keys = new HashMap<>();
    private final Map<Integer, AttentionTiles> tiles = new HashMap<>();

    AttentionTables(AttentionPlan plan) { this.plan = plan; }

    /// Spans of `least` to `most` rows in units of at most `size`.
    AttentionUnits units(int size, int least, int most) {
        return units.computeIfAbsent(size, _ -> AttentionUnits.of(plan, size, rows -> rows >= least && rows <= most));
    }

    /// All spans.
    AttentionUnits units(int size) { return units.computeIfAbsent(-size, _ -> AttentionUnits.of(plan, size, _ -> true)); }

    /// Tiles of at most `size` key rows for the backward.
    AttentionKeys keys(int size) { return keys.computeIfAbsent(size, _ -> AttentionKeys.of(plan, size)); }

    /// Packed tiles of `size` rows and keys, for tensor cores.
    AttentionTiles tiles(int size) { return tiles.computeIfAbsent(size, _ -> AttentionTiles.of(plan, size)); }
}
