package lucid.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class FrameSamplingTest {
    @Test void sixteenOfThreeRepeatsFrames() {
        assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2}, new FrameSampling.Uniform(16).indices(3, 30));
    }

    @Test void theStepIsRoundedFirst() {
        int[] all = new FrameSampling.Uniform(64).indices(154, 0);
        org.junit.jupiter.api.Assertions.assertEquals(50, all[21]);
    }

    @Test void impossibleRequestsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.Uniform(0));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.Uniform(4).indices(0, 30));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.OnePerSecond(java.util.OptionalInt.empty()).indices(5, 0));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.VideoR1().indices(1, 30));
    }
}
