package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
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
            Intrinsics.Copies.run(Intrinsics.Copies.SPARE, height, a, 0, GemmTile.STRIP * k, b, 0, 4L * GemmTile.WIDTH, k, two, 0, false);
            assertArrayEquals(one, two, 0f);
            assertTrue(one[0] != 0);
        }
    }

    /// Halves of 32-bit lanes: the first vector is the lower ones.
    @Test void copiesForBf16() {
        int k = 37;
        float[] a = new float[GemmTile.HEIGHT * k];
        float[] wide = new float[GemmTile.WIDTH * k];
        int[] narrow = new int[GemmTile.WIDTH / 2 * k];
        for (int i = 0; i < a.length; i++) a[i] = (float) Math.sin(i);
        for (int i = 0; i < wide.length; i++) {
            int bits = Float.floatToIntBits((float) Math.cos(i)) & 0xFFFF0000;
            int row = i / GemmTile.WIDTH;
            int lane = i % GemmTile.WIDTH;
            wide[i] = Float.intBitsToFloat(bits);
            narrow[row * GemmTile.WIDTH / 2 + lane % (GemmTile.WIDTH / 2)] |= lane < GemmTile.WIDTH / 2 ? bits >>> 16 : bits;
        }
        MemorySegment b = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, wide);
        MemorySegment halves = Arena.global().allocateFrom(ValueLayout.JAVA_INT, narrow);
        for (int height : new int[] {4, GemmTile.HEIGHT}) {
            float[] one = new float[GemmTile.SIZE];
            GemmTile.run(height, a, 0, GemmTile.STRIP * k, b, 0, 4L * GemmTile.WIDTH, k, one, 0, false);
            for (MethodHandle copy : new MethodHandle[] {Intrinsics.Copies.NARROW, Intrinsics.Copies.SPARE_NARROW}) {
                float[] two = new float[GemmTile.SIZE];
                Intrinsics.Copies.run(copy, height, a, 0, GemmTile.STRIP * k, halves, 0, 2L * GemmTile.WIDTH, k, two, 0, false);
                assertArrayEquals(one, two, 0f);
            }
        }
    }

    @Test void cleanPanelsEndTheWatch() {
        Intrinsics.Watch watch = new Intrinsics.Watch();
        assertEquals(-1, watch.before(100), "too early to judge");
        assertTrue(watch.before(1_000_000) >= 0);
        for (int i = 0; i < 3; i++) watch.after(watch.before(1), 1);
        assertEquals(-1, watch.before(1), "three clean panels end the watch");
    }

    /// One thread finds the tile boxed and goes over to the second copy; another has found it boxed for as long, a third had closed its eyes. Both
    /// judge the second copy from the start.
    @Test void whatWasSeenOfTheFirstCopySaysNothingOfTheSecond() {
        List<String> said = new ArrayList<>();
        Logger logger = Logger.getLogger(Intrinsics.class.getName());
        Handler ear = new Handler() {
            @Override public void publish(LogRecord record) { said.add(record.getMessage()); }

            @Override public void flush() {}

            @Override public void close() {}
        };
        logger.addHandler(ear);
        logger.setUseParentHandlers(false);
        try {
            Intrinsics.Watch first = new Intrinsics.Watch(0), boxed = new Intrinsics.Watch(0), content = new Intrinsics.Watch(0);
            for (int i = 0; i < 3; i++) content.after(content.before(1_000_000), 1_000_000);
            assertEquals(-1, content.before(1_000_000), "over");
            box(boxed);
            box(first);
            box(first);
            assertTrue(Intrinsics.spare);
            assertEquals(1, said.size(), said::toString);
            assertTrue(said.getFirst().contains("switching to a second copy"), said::toString);
            assertEquals(-1, boxed.before(1), "the second copy is given the time to be compiled");
            box(boxed);
            assertTrue(content.before(1_000_000) >= 0, "the second copy is looked at, too");
            assertEquals(1, said.size(), said::toString);
            box(boxed);
            assertTrue(said.getLast().contains("nor does its second copy"), said::toString);
            assertEquals(-1, boxed.before(1_000_000), "nothing more can be done");
        } finally {
            Intrinsics.spare = false;
            logger.removeHandler(ear);
            logger.setUseParentHandlers(true);
        }
    }

    /// A panel whose tile allocates.
    private static void box(Intrinsics.Watch watch) {
        long before = watch.before(1_000_000);
        sink = new byte[2_000_000];
        watch.after(before, 1);
    }

    private static byte[] sink;
}
