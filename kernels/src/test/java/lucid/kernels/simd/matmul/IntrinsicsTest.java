package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class IntrinsicsTest {
    /// A busy compiler may need more than one look.
    @Test void checkSeesThatTheTileIsCompiled() {
        String line = "";
        for (int look = 0; look < 6 && !line.startsWith("hot kernels are vector instructions: tile "); look++) {
            long start = System.nanoTime();
            line = Intrinsics.check();
            assertTrue(System.nanoTime() - start < 20_000_000_000L, "took too long");
        }
        assertTrue(line.startsWith("hot kernels are vector instructions: tile "), line);
    }

    @Test void secondCopyOfTheTileIsTheSameTile() {
        int k = 37;
        float[] a = new float[GemmTile.HEIGHT * k];
        float[] values = new float[GemmTile.WIDTH * k];
        for (int i = 0; i < a.length; i++) a[i] = (float) Math.sin(i);
        for (int i = 0; i < values.length; i++) values[i] = (float) Math.cos(i);
        MemorySegment b = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, values);
        for (int height : new int[] {4, GemmTile.HEIGHT}) {
            float[] one = new float[GemmTile.SIZE];
            float[] two = new float[GemmTile.SIZE];
            GemmTile.run(height, a, 0, GemmTile.STRIP * k, b, 0, 4L * GemmTile.WIDTH, k, one, 0, false);
            Intrinsics.Spare.run(height, a, 0, GemmTile.STRIP * k, b, 0, 4L * GemmTile.WIDTH, k, two, 0, false);
            assertArrayEquals(one, two, 0f);
            assertTrue(one[0] != 0);
        }
    }

    @Test void cleanPanelsEndTheWatch() {
        Intrinsics.Watch watch = new Intrinsics.Watch();
        assertEquals(-1, watch.before(100), "too early to judge");
        assertTrue(watch.before(1_000_000) >= 0);
        for (int i = 0; i < 3; i++) watch.after(watch.before(1), 1);
        assertEquals(-1, watch.before(1), "three clean panels end the watch");
    }
}
