package lucid.grpo.cli.device;

import java.util.concurrent.Callable;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.GpuUnavailableException;
import lucid.kernels.gpu.JCudaGpu;
import picocli.CommandLine.Command;

/// `lucid devices`.
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists where Lucid can compute on this machine, and says why it cannot elsewhere.",
        footer = {"", "Example:", "  lucid devices"})
public final class DevicesCommand implements Callable<Integer> {
    @Override public Integer call() {
        System.out.printf("%d processors, %s, Java %s%n", Runtime.getRuntime().availableProcessors(), System.getProperty("os.arch"), Runtime.version());
        try (Device simd = new SimdDevice(); Device reference = new ReferenceDevice(); Device emulated = new CudaDevice(new EmulatedGpu())) {
            System.out.println("* " + simd.description() + " (default)");
            System.out.println("  " + reference.description());
            System.out.println("  " + emulated.description());
        }
        try {
            JCudaGpu.list().forEach(gpu -> System.out.println("  cuda: GPU " + gpu));
        } catch (GpuUnavailableException e) {
            System.out.println("  cuda: " + e.getMessage());
        }
        return 0;
    }
}
