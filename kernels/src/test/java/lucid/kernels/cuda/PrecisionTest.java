package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.kernels.CudaDevice;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.EmulatedGpu.Settings;
import lucid.kernels.gpu.Gpu;
import org.junit.jupiter.api.Test;

/// Choices that a GPU cannot follow are refused in words.
class PrecisionTest {
    private static void refused(Settings settings, Precision precision, String... parts) {
        try (Gpu gpu = new EmulatedGpu(settings)) {
            String message = assertThrows(IllegalArgumentException.class, () -> new CudaDevice(gpu, precision)).getMessage();
            for (String part : parts) assertTrue(message.contains(part), part + " in " + message);
        }
    }

    @Test void cublasNeedsHardware() { refused(Settings.DEFAULT, Precision.CUBLAS, "CUBLAS", "emulated GPU", "--device cuda"); }

    @Test void cudnnNeedsHardware() {
        try (Gpu gpu = new EmulatedGpu()) {
            String message = assertThrows(IllegalArgumentException.class, () -> new CudaDevice(gpu, Precision.EXACT, PatchKernels.CUDNN))
                    .getMessage();
            for (String part : new String[] {"patch embedding CUDNN", "emulated GPU", "--device cuda"})
                assertTrue(message.contains(part), part + " in " + message);
        }
    }

    @Test void wgmmaNeedsHopper() {
        Settings d = Settings.DEFAULT;
        refused(new Settings(80, d.schedule(), d.timing(), d.seed(), d.threads()), Precision.WGMMA, "8.0", "wanted 9.0", "TENSOR");
    }
}
