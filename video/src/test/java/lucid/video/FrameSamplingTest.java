package lucid.video;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameSamplingTest {
    @Test void sixteenOfThreeRepeatsFrames() {
        assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2}, new FrameSampling.Uniform(16).indices(3, 30));
    }

    @Test void theStepIsRoundedFirst() {
        int[] all = new FrameSampling.Uniform(64).indices(154, 0);
        assertEquals(50, all[21]);
    }

    // max(1, floor(seconds)), seconds = frames / rate, spread as np.linspace does; at most the cap.
    @ParameterizedTest @CsvSource({"1,30,64,'[0]'", "29,30,64,'[0]'", "30,30,64,'[0]'", "59,30,64,'[0]'", "60,30,64,'[0, 59]'",
            "75,25,64,'[0, 37, 74]'", "90,29.97,64,'[0, 44, 89]'",
        "300,30,4,'[0, 99, 199, 299]'", "300,30,1,'[0]'", "3,0.5,64,'[0, 0, 0, 1, 1, 2]'", "1,0,64,'[0]'"})
    void onePerSecond(int frames, double fps, int cap, String indices) {
        assertEquals(indices, Arrays.toString(new FrameSampling.OnePerSecond(OptionalInt.of(cap)).indices(frames, fps)));
    }

    @Test void anHourIsCappedOrNot() {
        int frames = 3600 * 25;
        assertEquals(64, new FrameSampling.OnePerSecond(OptionalInt.of(64)).count(frames, 25));
        int[] all = new FrameSampling.OnePerSecond(OptionalInt.empty()).indices(frames, 25);
        assertEquals(3600, all.length);
        assertEquals(frames - 1, all[3599]);
    }

    @Test void impossibleRequestsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.Uniform(0));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.Uniform(4).indices(0, 30));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.OnePerSecond(OptionalInt.empty()).indices(5, 0));
        assertThrows(IllegalArgumentException.class, () -> new FrameSampling.VideoR1().indices(1, 30));
    }
}
