package lucid.grpo.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import lucid.grpo.data.ClipStore;
import lucid.grpo.data.DriftData;
import lucid.grpo.data.Visual;
import lucid.tokenizer.BpeTrainer;
import lucid.video.drift.DriftPlan;
import org.junit.jupiter.api.Test;

class FramesTest {
    private static final DriftPlan PLAN = new DriftPlan(1, 64, 5);

    /// Clips of 1.5 GB.
    private record Huge() implements ClipStore {
        @Override public byte[] frames(int clip) { throw new IllegalStateException("a picture was asked for"); }

        @Override public int framesPerClip() { return 2; }

        @Override public int size() { return 16_000; }

        @Override public String name(int clip) { return "clip " + clip; }

        @Override public String contentHash() { return ""; }
    }

    @Test void moreThanAnArrayHoldsIsRefused() {
        DriftData data = new DriftData(PLAN, 32, new Huge(), new BpeTrainer(400, 2, List.of("<end>")).train(DriftData.corpus(PLAN, 100)).tokenizer());
        String message = assertThrows(IllegalArgumentException.class, () -> Frames.pack(data, List.of(Visual.clip(0), Visual.clip(1)))).getMessage();
        assertEquals("2 clips of 2 frames of 16000 x 16000 are 3072000000 bytes; wanted at most 2147483639 for those that train the tower together: "
                + "make the stage's micro_batch smaller", message);
    }
}
