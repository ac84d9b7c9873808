package lucid.kernels.simd.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.Test;

class JvmTest {
    @Test void whatMakesKernelsSlowHasAName() {
        assertEquals(Optional.empty(), Jvm.hindrance(true, true, "4"));
        assertTrue(Jvm.hindrance(true, false, "4").orElseThrow().contains("-Xint"));
        assertTrue(Jvm.hindrance(false, true, "4").orElseThrow().contains("fused multiply-add"));
        assertTrue(Jvm.hindrance(true, true, "1").orElseThrow().contains("-XX:TieredStopAtLevel=1"));
    }

    /// As a user of the library meets it who gives Java a class path and nothing else.
    @Test void withoutTheModuleTheDeviceSaysSoAndTheReferenceRuns() throws Exception {
        String said = run(List.of());
        assertTrue(said.contains("sum 3.0") && said.contains("java --add-modules=jdk.incubator.vector"), said);
    }

    @Test void anInterpreterIsAnnouncedOnce() throws Exception {
        String said = run(List.of("--add-modules=jdk.incubator.vector", "-Xint"));
        assertEquals(2, said.split("Java only interprets \\(-Xint\\)", -1).length, said);
        assertEquals(4, said.split("sum 3.0", -1).length, said);
    }

    private static String run(List<String> flags) throws IOException, InterruptedException, URISyntaxException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        String classes = place(SimdDevice.class) + System.getProperty("path.separator") + place(JvmTest.class);
        command.addAll(List.of("-cp", classes, Sums.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), said);
        return said;
    }

    private static Path place(Class<?> of) throws URISyntaxException {
        return Path.of(of.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    /// One sum on the reference device and one on each of two fast ones.
    static final class Sums {
        private Sums() {}

        public static void main(String[] args) {
            try (var device = new ReferenceDevice()) {
                sum(device);
            }
            for (int i = 0; i < 2; i++) {
                try (var device = new SimdDevice(1)) {
                    sum(device);
                } catch (IllegalStateException e) {
                    System.out.println(e.getMessage());
                }
            }
        }

        private static void sum(Device device) {
            var x = device.allocate(DType.F32, 2);
            var y = device.allocate(DType.F32, 1);
            device.write(x, 0, new float[] {1, 2});
            device.reduce().rowSum(Matrix.row(x), Matrix.row(y));
            float[] read = new float[1];
            device.read(y, 0, read);
            System.out.print("sum " + read[0] + "\n");
        }
    }
}
