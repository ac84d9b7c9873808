package lucid.nn.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;

class PackedBatchTest {
    @Test void completionsContinueTheSharedPrompt() {
        int[] prompt = Splice.splice(new int[] {5, -200, 6}, -200, 2).rows();
        assertArrayEquals(new int[] {5, ~0, ~1, 6}, prompt);
        PackedBatch b = PackedBatch.builder(2).group(prompt, 0, List.of(new int[] {10, 11, 12}, new int[] {20}))
                .group(prompt, 1, List.of(new int[] {30, 31})).build();
        assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4}, b.positions());
        assertEquals(List.of(Span.causal(0, 4), Span.continuing(4, 2, 0, 4), Span.causal(6, 4), Span.continuing(10, 1, 6, 4)), b.spans());
        assertEquals(new RowGroups(0, 6, 11), b.groups());
        assertArrayEquals(new int[] {5, 6, 10, 11, 5, 6, 30}, b.textIds());
        assertEquals(new RowGroups(0, 4, 7), b.textGroups());
        assertArrayEquals(new int[] {0, 7, 8, 1, 2, 3, 4, 9, 10, 5, 6}, b.sources());
        assertArrayEquals(new int[] {3, 4, 5, 3, 9, 10}, b.scoredRows());
        assertArrayEquals(new int[] {10, 11, 12, 20, 30, 31}, b.targets());
        assertEquals(new RowGroups(0, 4, 6), b.scoredGroups());
        assertEquals(new RowGroups(0, 3, 4, 6), b.segments());
        assertEquals(6, b.positionsNeeded());
        assertEquals(2, b.clips());
        assertTrue(b.hasVisual());
    }

    @Test void labelsFollowTheirTokensThroughSplicingAndCutting() {
        var s = Splice.splice(new int[] {1, -200, 2, 3, 4}, -200, 3).cut(6);
        assertArrayEquals(new int[] {1, ~0, ~1, ~2, 2, 3}, s.rows());
        int[] labels = s.labels(new int[] {-100, -100, -100, 3, 4}, -100);
        assertArrayEquals(new int[] {-100, -100, -100, -100, -100, 3}, labels);
        PackedBatch b = PackedBatch.builder(3).sequence(s.rows(), 0, labels, -100).build();
        assertArrayEquals(new int[] {4}, b.scoredRows());
        assertArrayEquals(new int[] {3}, b.targets());
        assertEquals(0, PackedBatch.builder(3).sequence(s.rows(), 0).build().scored());
    }

    @Test void whatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Splice.splice(new int[] {-200, 1, -200}, -200, 3));
        assertThrows(IllegalArgumentException.class, () -> Splice.splice(new int[] {-200, 1}, -200, 0));
        assertThrows(IllegalArgumentException.class, () -> Splice.splice(new int[] {-7}, -200, 3));
        assertThrows(IllegalArgumentException.class, () -> PackedBatch.builder(2).group(new int[0], 0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> PackedBatch.builder(2).group(new int[] {1}, 0, List.of(new int[0])));
        assertThrows(IllegalArgumentException.class, () -> PackedBatch.builder(2).sequence(new int[] {~2}, 0));
        assertThrows(IllegalArgumentException.class, () -> PackedBatch.builder(2).sequence(new int[] {1}, 0, new int[2], -100));
    }
}
