package lucid.grpo.cli;

import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.nn.memory.MemoryPlan;
import picocli.CommandLine.Option;

/// `--device`, `--gpu` and `--threads`, the same on every command that computes.
final class DeviceOption {
    /// `AUTO` stays on the CPU: the kernels have run in the emulator, and not yet on hardware. Results are the same bits on `SIMD`, `CUDA` and `EMULATED`.
    enum Kind { AUTO, SIMD, REFERENCE, CUDA, EMULATED }

    @Option(names = "--device", paramLabel = "KIND", description = "Where to compute: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, this machine's processors). "
            + "EMULATED runs the GPU kernels in Lucid's PTX emulator, all checks on: exact, and some thousand times slower.")
    private Kind kind = Kind.AUTO;

    @Option(names = "--gpu", paramLabel = "N", description = "Which GPU, with --device CUDA (default: ${DEFAULT-VALUE}; see 'lucid devices').")
    private int gpu;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors). Changes speed, never a bit.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--memory", paramLabel = "SIZE", description = "Most memory to use, 20G say (default: the machine's; with --device CUDA name the GPU's). What is known to need more is refused before it begins, with a table of what needs what.")
    private String memory;

    int threads() { return threads; }

    /// Bytes that work may need.
    long memory() { return memory == null ? MemoryPlan.physicalMemory() : MemoryPlan.parse(memory); }

    Device open() {
        return switch (kind) {
            case AUTO, SIMD -> new SimdDevice(threads);
            case REFERENCE -> new ReferenceDevice();
            case CUDA -> new CudaDevice(JCudaGpu.open(gpu));
            case EMULATED -> new CudaDevice(new EmulatedGpu());
        };
    }
}
