package lucid.kernels.simd.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import jdk.incubator.vector.IntVector;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is done where HotSpot does not know an instruction of x86's: on ARM, whose vectors have 128 bits. That it has the same bits is
/// BitHashesTest's.
class ArmTest {
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

    /// A kernel that makes objects of its vectors allocates some 50 bytes for each.
    static final class Calls {
        private static final int ENOUGH = 20_000;
        private static final long PATIENCE = 60_000_000_000L;

        private final SimdDevice device;

        private Calls(SimdDevice device) { this.device = device; }

        /// Prints for each call whether it never stops making objects.
        public static void main(String[] args) {
            try (SimdDevice device = new SimdDevice(1)) {
                new Calls(device).all().forEach((name, call) -> System.out.println(name + " " + allocates(call)));
            }
        }

        /// Rows of the first two products end with a vector, all others within one.
        private Map<String, Runnable> all() {
            Map<String, Runnable> calls = new LinkedHashMap<>();
            for (DType type : new DType[] {DType.F32, DType.BF16}) {
                calls.put(type + " product", product(type, 64, 96, 128, true));
                calls.put(type + " product of one row", product(type, 1, 512, 512, true));
                calls.put(type + " product with edges", product(type, 63, 97, 130, true));
                calls.put(type + " product down with edges", product(type, 63, 97, 130, false));
            }
            Matrix x = matrix(DType.F32, 999, 131), y = matrix(DType.F32, 999, 131), column = matrix(DType.F32, 999, 1);
            calls.put("sum", () -> device.reduce().rowSum(x, column));
            calls.put("gelu", () -> device.elementwise().unary(Unary.GELU_TANH, x, y));
            calls.put("add", () -> device.elementwise().binary(Binary.ADD, x, y, y));
            Matrix dx = matrix(DType.F32, 999, 131), up = matrix(DType.F32, 999, 131);
            for (Unary f : new Unary[] {Unary.SILU, Unary.GELU_TANH, Unary.GELU_ERF})
                calls.put(f + " backward", () -> device.elementwise().unaryBackward(f, x, y, Accumulate.SET, dx));
            calls.put("swiGlu backward", () -> device.elementwise().swiGluBackward(x, up, y, Accumulate.SET, dx, up));
            return calls;
        }

        private Runnable product(DType type, int m, int n, int k, boolean transposed) {
            Matrix x = matrix(DType.F32, m, k), w = matrix(type, transposed ? n : k, transposed ? k : n), y = matrix(DType.F32, m, n);
            return () -> device.matMul().multiply(x, false, w, transposed, null, Accumulate.SET, y);
        }

        /// Whether no call in a row of ten allocated more than a few headers, some time before patience ends.
        private static boolean allocates(Runnable call) {
            ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            int quiet = 0;
            for (long end = System.nanoTime() + PATIENCE; quiet < 10 && System.nanoTime() < end; ) {
                long before = thread.getCurrentThreadAllocatedBytes();
                call.run();
                quiet = thread.getCurrentThreadAllocatedBytes() - before < ENOUGH ? quiet + 1 : 0;
            }
            return quiet < 10;
        }

        private Matrix matrix(DType type, int rows, int cols) { return Matrix.of(device.allocate(type, (long) rows * cols), rows, cols); }
    }

    /// Nor with what this processor has.
    @ParameterizedTest(name = "{0}") @ValueSource(strings = {"-Dlucid.isa=arm", "-Dlucid.isa=x86"})
    void vectorsDoNotBecomeObjects(String isa) throws Exception {
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                isa, "-cp", System.getProperty("java.class.path"), Calls.class.getName())
                        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(15, output.lines().count(), output);
        assertEquals("", output.lines().filter(line -> !line.endsWith(" false")).collect(Collectors.joining(", ")));
    }
}
