package lucid.kernels.simd.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The reductions against a plain loop over 16 lanes, for every length around the vector widths.
class LanesTest {
    private static float tree(float[] lane) {
        for (int half = 8; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) lane[j] += lane[j + half];
        }
        return lane[0];
    }

    @Test void sumsDotsAndMaximaAtEveryLength() {
        Random random = new Random(7);
        try (Arena arena = Arena.ofConfined()) {
            for (int n = 0; n < 150; n++) {
                MemorySegment own = arena.allocate(4L * (n + 3) + 4, 64);
                MemorySegment s = MemorySegment.ofAddress(own.address()).reinterpret(own.byteSize());
                float[] a = new float[n + 3];
                for (int i = 0; i < a.length; i++) {
                    a[i] = (float) random.nextGaussian() * (i % 7 == 0 ? 1e4f : 1f);
                    s.setAtIndex(ValueLayout.JAVA_FLOAT, i, a[i]);
                }
                float[] sum = new float[16];
                float[] dot = new float[16];
                float max = Float.NEGATIVE_INFINITY;
                for (int i = 0; i < n; i++) {
                    sum[i % 16] += a[3 + i];
                    dot[i % 16] = Math.fma(a[3 + i], a[i], dot[i % 16]);
                    max = Math.max(max, a[3 + i]);
                }
                float wantSum = tree(sum);
                assertEquals(wantSum, Lanes.sum(s, 12, n), "sum of " + n);
                assertEquals(wantSum, Lanes.sum(a, 3, n), "array sum of " + n);
                assertEquals(tree(dot), Lanes.dot(s, 12, s, 0, n), "dot of " + n);
                assertEquals(max, Lanes.max(s, 12, n), "max of " + n);
                assertEquals(max, Lanes.max(a, 3, n), "array max of " + n);
            }
        }
    }

    @Test void aMaximumSeesNaN() {
        float[] a = new float[40];
        a[37] = Float.NaN;
        assertEquals(Float.NaN, Lanes.max(a, 0, 40));
        assertEquals(0f, Lanes.max(a, 0, 37));
    }
}
