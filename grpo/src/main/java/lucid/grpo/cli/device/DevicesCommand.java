package lucid.grpo.cli.device;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.kernels.gpu.nvidia.GpuUnavailableException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `lucid devices`.
@Command(name = "devices", mixinStandardHelpOptions = true, description =
        "Lists where Lucid can compute on this machine, and says why it cannot elsewhere.",
        footer = {"", "Example:", "  lucid devices"})
public final class DevicesCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%d processors, %s, Java %s%n", Runtime.getRuntime().availableProcessors(), System.getProperty("os.arch"),
                Runtime.version());
        try (SimdDevice simd = new SimdDevice(); Device reference = new ReferenceDevice(); Device emulated = new CudaDevice(new EmulatedGpu())) {
            out.println("* " + simd.description() + " (default)");
            out.println("    " + simd.check());
            out.println("  " + reference.description());
            out.println("  " + emulated.description());
        }
        try {
            JCudaGpu.list().forEach(gpu -> out.println("  cuda: GPU " + gpu));
        } catch (GpuUnavailableException e) {
            out.println("  cuda: " + e.getMessage());
        }
        return 0;
    }
}
