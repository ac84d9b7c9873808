package lucid.grpo.cli;

import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.nn.memory.MemoryPlan;
import picocli.CommandLine.Option;

/// `--device`, `--gpu`, `--precision` and `--threads`, the same on every command that computes.
final class DeviceOption {
    /// `AUTO` stays on the CPU: the kernels have run in the emulator, and not yet on hardware. Results are the same bits on `SIMD`, `CUDA` and `EMULATED`,
    /// unless `--precision` asks for tensor cores.
    enum Kind { AUTO, SIMD, REFERENCE, CUDA, EMULATED }

    @Option(names = "--device", paramLabel = "KIND", description = "Where to compute: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, this machine's processors). "
            + "EMULATED runs the GPU kernels in Lucid's PTX emulator, all checks on: exact, and some thousand times slower.")
    private Kind kind = Kind.AUTO;

    @Option(names = "--gpu", paramLabel = "N", description = "Which GPU, with --device CUDA (default: ${DEFAULT-VALUE}; see 'lucid devices').")
    private int gpu;

    @Option(names = "--precision", paramLabel = "KIND", description = "How CUDA and EMULATED multiply matrices: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the processors' bits). "
            + "TENSOR rounds factors to bf16 and uses tensor cores, WGMMA those of compute capability 9.0: faster, other bits, rows still independent of each other.")
    private Precision precision = Precision.EXACT;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors). Changes speed, never a bit.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--memory", paramLabel = "SIZE", description = "Most memory to use, 20G say (default: the machine's; with --device CUDA name the GPU's). What is known to need more is refused before it begins, with a table of what needs what.")
    private String memory;

    int threads() { return threads; }

    /// Bytes that work may need.
    long memory() { return memory == null ? MemoryPlan.physicalMemory() : MemoryPlan.parse(memory); }

    Device open() {
        if (precision != Precision.EXACT && kind != Kind.CUDA && kind != Kind.EMULATED) {
            throw new IllegalArgumentException("--precision " + precision + " with --device " + kind + ": tensor cores are a GPU's; wanted --device CUDA or EMULATED, or no --precision");
        }
        return switch (kind) {
            case AUTO, SIMD -> new SimdDevice(threads);
            case REFERENCE -> new ReferenceDevice();
            case CUDA -> new CudaDevice(JCudaGpu.open(gpu), precision);
            case EMULATED -> new CudaDevice(new EmulatedGpu(), precision);
        };
    }
}
