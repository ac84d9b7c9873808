package lucid.kernels.simd.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import jdk.incubator.vector.IntVector;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import org.junit.jupiter.api.Test;

/// Lanes of two vectors, and what ARM makes of it: vectors of 128 bits, permuted one by one.
class ChoiceTest {
    @Test void lanesOfEither() {
        int n = Species.LANES;
        Random random = new Random(1);
        for (int round = 0; round < 50; round++) {
            int[] from = random.ints(n, 0, 2 * n).toArray(), both = random.ints(2 * n).toArray();
            IntVector a = IntVector.fromArray(Species.I, both, 0), b = IntVector.fromArray(Species.I, both, n);
            Choice choice = Choice.of(from);
            int[] wanted = new int[n];
            for (int l = 0; l < n; l++) wanted[l] = both[from[l]];
            assertArrayEquals(wanted, choice.select(choice.vector(), a, b).toArray());
            assertArrayEquals(wanted, a.rearrange(choice.lanes()).blend(b.rearrange(choice.lanes()), choice.second()).toArray());
        }
    }

    /// A product that makes objects of its vectors allocates megabytes a call.
    static final class Products {
        private static final int ENOUGH = 20_000;
        private static final long PATIENCE = 60_000_000_000L;

        public static void main(String[] args) {
            try (SimdDevice device = new SimdDevice(1)) {
                for (int[] shape : new int[][] {{64, 96, 128}, {1, 512, 512}}) {
                    for (DType type : new DType[] {DType.F32, DType.BF16}) System.out.println(allocates(device, type, shape[0], shape[1], shape[2]));
                }
            }
        }

        /// Whether no call in a row of ten allocated more than a few headers, some time before patience ends.
        private static boolean allocates(SimdDevice device, DType type, int m, int n, int k) {
            ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            Matrix x = matrix(device, DType.F32, m, k), w = matrix(device, type, n, k), y = matrix(device, DType.F32, m, n);
            int quiet = 0;
            for (long end = System.nanoTime() + PATIENCE; quiet < 10 && System.nanoTime() < end; ) {
                long before = thread.getCurrentThreadAllocatedBytes();
                device.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
                quiet = thread.getCurrentThreadAllocatedBytes() - before < ENOUGH ? quiet + 1 : 0;
            }
            return quiet < 10;
        }

        private static Matrix matrix(SimdDevice device, DType type, int rows, int cols) { return Matrix.of(device.allocate(type, (long) rows * cols), rows, cols); }
    }

    @Test void armMakesNoObjects() throws Exception {
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                "-Dlucid.vectorBits=128", "-Dlucid.select=1", "-cp", System.getProperty("java.class.path"), Products.class.getName()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        assertEquals("false\n".repeat(4), new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n"));
    }
}
