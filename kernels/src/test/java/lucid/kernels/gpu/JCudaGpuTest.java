package lucid.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import lucid.kernels.gpu.nvidia.GpuUnavailableException;
import org.junit.jupiter.api.Test;

/// What can be said of the driver's side without knowing whether there is a GPU.
class JCudaGpuTest {
    /// With a GPU the list has lines; without, the message says which part is missing and what to do.
    @Test void eitherThereAreGpusOrTheMessageSaysWhatIsMissing() {
        try {
            List<String> gpus = JCudaGpu.list();
            assertTrue(gpus.getFirst().contains("compute capability"), gpus.toString());
            try (JCudaGpu gpu = JCudaGpu.open(0)) {
                long free = gpu.freeBytes();
                gpu.allocate(64 << 20, "a test");
                assertTrue(gpu.freeBytes() < free, "free " + free + ", then " + gpu.freeBytes());
            }
        } catch (GpuUnavailableException e) {
            assertTrue(e.getMessage().startsWith("no GPU: "), e.getMessage());
            assertTrue(e.getMessage().contains("driver") && e.getMessage().contains("--device"), e.getMessage());
        }
    }

    /// A process without JCuda on its class path computes on the emulated GPU: no class of JCuda is touched unless a GPU is asked for.
    @Test void theEmulatorNeedsNoJCuda() throws IOException, InterruptedException {
        String path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(p -> !new File(p).getName().startsWith("jcuda")).collect(Collectors.joining(File.pathSeparator));
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp", path, OnTheEmulator.class.getName()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) fail(output);
        assertEquals("7.389056", output.strip().lines().reduce((_, last) -> last).orElse(""));
    }
}
