package lucid.kernels.ptx.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Random;
import jdk.incubator.vector.IntVector;
import lucid.kernels.ptx.memory.shadow.LanePattern;
import lucid.kernels.ptx.memory.shadow.NearLanes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Words permuted in registers against words fetched one by one.
class NearLanesTest {
    private static final boolean POSSIBLE = IntVector.SPECIES_PREFERRED.length() >= 16;
    private static final int[] BASES = {32, 96, 0, 64};
    private final Random random = new Random(5);

    @ParameterizedTest
    @CsvSource({"4, 64", "4, 128", "4, 192", "4, 256", "8, 64", "8, 128", "8, 256", "16, 32", "16, 64", "16, 128", "16, 256"})
    void fetchesWhatEachLaneWants(int bytes, int reach) {
        byte[] data = new byte[1024];
        random.nextBytes(data);
        for (int round = 0; round < 200; round++) {
            int at = 4 * random.nextInt((data.length - 512) / 4);
            long[] addresses = addresses(at, bytes, reach);
            LanePattern pattern = new LanePattern(-1, addresses, bytes);
            int[] expected = new int[128];
            int[] found = new int[128];
            Lanes.gather(data, 0, -1, addresses, bytes, expected, BASES);
            assertEquals(POSSIBLE, NearLanes.gather(data, (int) (addresses[0] + pattern.low), pattern, found, BASES));
            if (POSSIBLE) {
                assertArrayEquals(expected, found, "places from " + at);
            }
        }
    }

    private long[] addresses(int at, int bytes, int reach) {
        long[] addresses = new long[32];
        for (int lane = 0; lane < 32; lane++) {
            addresses[lane] = at + (long) bytes * random.nextInt(reach / bytes);
        }
        return addresses;
    }

    @Test
    void leavesPlacesAloneThatItCannotReach() {
        byte[] data = new byte[512];
        int[] out = new int[128];
        long[] atTheEnd = addresses(512 - 32, 4, 32);
        assertFalse(NearLanes.gather(data, 512 - 32, new LanePattern(-1, atTheEnd, 4), out, BASES), "a line that ends behind the data");
        long[] far = addresses(0, 4, 64);
        far[7] = 256;
        assertFalse(NearLanes.gather(data, 0, new LanePattern(-1, far, 4), out, BASES), "further apart than four lines");
        assertFalse(NearLanes.gather(data, 0, new LanePattern(0xffff, addresses(0, 4, 64), 4), out, BASES), "lanes that are missing");
        assertArrayEquals(new int[128], out);
    }
}
