package lucid.grpo.cli;

import java.util.concurrent.Callable;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import picocli.CommandLine.Command;

/// `lucid devices`.
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists where Lucid can compute on this machine.")
final class DevicesCommand implements Callable<Integer> {
    @Override public Integer call() {
        System.out.printf("%d processors, %s, Java %s%n", Runtime.getRuntime().availableProcessors(), System.getProperty("os.arch"), Runtime.version());
        try (Device simd = new SimdDevice(); Device reference = new ReferenceDevice()) {
            System.out.println("* " + simd.description() + " (default)");
            System.out.println("  " + reference.description());
        }
        return 0;
    }
}
