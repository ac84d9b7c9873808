package lucid.nn.model;

import java.util.Arrays;
import lucid.kernels.contract.RowGroups;
import lucid.nn.batch.PackedBatch;

/// Which rows of a batch are needed at its end: every row that predicts something, once. (A prompt's last row predicts the first token of every completion.)
///
/// @param kept   row numbers, ascending
/// @param groups kept rows of each prompt group
/// @param places for every scored token its row's place in `kept`
record ScoredRows(int[] kept, RowGroups groups, int[] places) {
    static ScoredRows of(PackedBatch batch) {
        int[] kept = Arrays.stream(batch.scoredRows()).sorted().distinct().toArray();
        int[] places = Arrays.stream(batch.scoredRows()).map(r -> Arrays.binarySearch(kept, r)).toArray();
        int[] offsets = new int[batch.groups().count() + 1];
        int g = 0;
        for (int i = 0; i < kept.length; i++) {
            while (kept[i] >= batch.groups().to(g)) offsets[++g] = i;
        }
        while (g < batch.groups().count()) offsets[++g] = kept.length;
        return new ScoredRows(kept, new RowGroups(offsets), places);
    }
}
