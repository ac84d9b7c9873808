package lucid.bench.phase;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;
import lucid.nn.config.Qwen2Config;
import lucid.nn.generate.Completion;
import lucid.nn.model.ScoredRows;
import lucid.tensor.Scope;
import org.junit.jupiter.api.Test;

/// That every phase does the work that its row in the table claims.
class PhaseTest {
    @Test void operationsOfASmallDecoder() {
        Qwen2Config c = new Qwen2Config(10, 8, 16, 2, 2, 1, 4, 1e-6f, 10_000, 64, true, 0.02, -1);
        // Three rows: q 8x8, k and v 8x4 each; o 8x8, three of 8x16. But for keys and values the last block sees one row.
        List<Span> spans = List.of(Span.causal(0, 3));
        ModelWork work = ModelWork.decoder(c, 3, spans, ScoredRows.of(spans, RowGroups.single(3), 2), 1);
        assertEquals(2 * 3 * 2 * (32 + 32) + (3 + 1) * 2 * (64 + 64 + 3 * 128), work.linear());
        // 1 + 2 + 3 visible keys in the first block, 3 in the last; scores and values over 8 numbers.
        assertEquals(2 * 2 * 8 * (6 + 3), work.attention());
        ModelWork all = ModelWork.decoder(c, 3, spans, 1);
        assertEquals(2 * 3 * 2 * (32 + 32 + 64 + 64 + 3 * 128), all.linear());
        assertEquals(2 * 2 * 8 * (6 + 6), all.attention());
        assertEquals(2 * 8 * 10, work.head());
        assertEquals(work.linear() + work.attention() + work.head(), work.forward());
        assertEquals(3 * work.linear() + 3.5 * work.attention() + 4 * work.head(), work.training());
    }

    @Test void everyPhaseDoesItsWholeWork() {
        try (Device device = new SimdDevice(1); DemoStep demo = new DemoStep(device); Scope scope = Scope.open(device)) {
            List<Completion> completions = demo.rollout();
            assertEquals(16 * 8, completions.size());
            assertTrue(completions.stream().allMatch(c -> c.length() == DemoStep.NEW_TOKENS && !c.ended()));
            float[] logProbs = demo.scoring().toFloats();
            assertEquals(16 * 8 * DemoStep.NEW_TOKENS, logProbs.length);
            for (float p : logProbs) assertTrue(p <= 0 && Float.isFinite(p), "log-probability " + p);
            int[] drawn = demo.decodeStep();
            assertEquals(16 * 8, drawn.length);
            assertTrue(Arrays.stream(drawn).distinct().count() > 16, "rows draw for themselves");
            demo.gradients(scope);
            assertTrue(demo.optimizerStep().norm() > 0);
        }
    }
}
