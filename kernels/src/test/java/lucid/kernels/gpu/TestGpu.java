package lucid.kernels.gpu;

import lucid.kernels.gpu.nvidia.GpuUnavailableException;
import org.junit.jupiter.api.Assumptions;

/// The GPU that the tests of the kernels run on: the emulator, or with `-Dlucid.gpu=real` the first GPU of this machine. Where there is none, such a
/// test is skipped, and says why.
public final class TestGpu {
    private static final String CHOICE = System.getProperty("lucid.gpu", "emulated");

    private TestGpu() {}

    public static boolean real() {
        return switch (CHOICE) {
            case "emulated" -> false;
            case "real" -> true;
            default -> throw new IllegalArgumentException("-Dlucid.gpu=" + CHOICE + "; wanted emulated or real");
        };
    }

    /// A GPU for one test.
    ///
    /// @param settings of the emulator; hardware takes its own
    public static Gpu open(EmulatedGpu.Settings settings) { return real() ? hardware() : new EmulatedGpu(settings); }

    private static Gpu hardware() {
        try {
            return Held.open();
        } catch (GpuUnavailableException e) {
            return Assumptions.abort("-Dlucid.gpu=real: " + e.getMessage());
        }
    }

    /// Keeps the driver's context of the process from one test to the next; it would go with its last user, and every test would wait for a new one.
    private static final class Held {
        private static JCudaGpu first;

        private Held() {}

        static synchronized JCudaGpu open() {
            if (first == null) first = JCudaGpu.open(0);
            return JCudaGpu.open(0);
        }
    }
}
