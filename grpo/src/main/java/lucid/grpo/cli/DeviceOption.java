package lucid.grpo.cli;

import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import picocli.CommandLine.Option;

/// `--device` and `--threads`, the same on every command that computes.
final class DeviceOption {
    enum Kind { AUTO, SIMD, REFERENCE }

    @Option(names = "--device", paramLabel = "KIND", description = "Where to compute: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the fastest there is).")
    private Kind kind = Kind.AUTO;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors). Changes speed, never a bit.")
    private int threads = Runtime.getRuntime().availableProcessors();

    int threads() { return threads; }

    Device open() {
        return switch (kind) {
            case AUTO, SIMD -> new SimdDevice(threads);
            case REFERENCE -> new ReferenceDevice();
        };
    }
}
