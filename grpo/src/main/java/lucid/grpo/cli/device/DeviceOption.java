package lucid.grpo.cli.device;

import java.util.Locale;
import lucid.grpo.console.UsageException;
import lucid.grpo.recipe.Recipe;
import lucid.grpo.recipe.Stage;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.SimdDevice;
import lucid.kernels.cuda.PatchKernels;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.JCudaGpu;
import lucid.kernels.host.HostMemory;
import lucid.nn.memory.DeviceKind;
import lucid.nn.memory.MemoryLimit;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `--device`, `--gpu`, `--matmul`, `--patch-embedding`, `--kernels`, `--threads` and `--memory`, the same on every command that computes.
public final class DeviceOption {
    /// `AUTO` stays on the CPU: the kernels have run in the emulator, and not yet on hardware. Results are the same bits on `SIMD`, `CUDA` and
    /// `EMULATED`, unless `--matmul` or `--patch-embedding` asks for others ([Device#arithmetic()]).
    enum Kind { AUTO, SIMD, REFERENCE, CUDA, EMULATED }

    @Option(names = "--device", paramLabel = "KIND", description = "Where to compute: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, this "
            + "machine's processors). "
            + "EMULATED runs the GPU kernels in Lucid's PTX emulator, all checks on: exact, and some thousand times slower. REFERENCE is the "
                    + "textbook in double: other bits, and no learning from rewards.")
    private Kind kind = Kind.AUTO;

    @Option(names = "--gpu", paramLabel = "N", description = "Which GPU, with --device CUDA (default: 0; see 'lucid devices').")
    private Integer gpu;

    /// What multiplies matrices on a GPU.
    enum Products { EXACT, TENSOR, CUBLAS }

    /// Which kernels may be taken.
    enum Kernels {
        AUTO, SM_80;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    @Option(names = "--matmul", paramLabel = "KIND", description = "Matrix products on a GPU: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, "
            + "f32 with the CPU's bits). "
            + "TENSOR rounds the factors of products, attention and patch embedding to bf16 for tensor cores, CUBLAS takes NVIDIA's library for the "
                    + "products, and cannot learn from rewards: other bits.")
    private Products products = Products.EXACT;

    /// What embeds patches on a GPU.
    enum Patches { OWN, CUDNN }

    @Option(names = "--patch-embedding", paramLabel = "KIND", description = "SigLIP's patch embedding on a GPU: ${COMPLETION-CANDIDATES} (default: "
            + "${DEFAULT-VALUE}, Lucid's kernel, as exact as --matmul). "
            + "CUDNN takes NVIDIA's library: other bits, and a frame's depend on how many there are.")
    private Patches patches = Patches.OWN;

    @Option(names = "--kernels", paramLabel = "ARCH", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). With --matmul TENSOR, "
            + "sm_80 leaves kernels for newer GPUs alone; all other kernels are for sm_80 anyway.")
    private Kernels kernels = Kernels.AUTO;

    @Option(names = "--threads", paramLabel = "N", converter = ThreadCount.class,
            description = "Threads (default: all processors). Changes speed, never a bit.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Mixin private MemoryOption memory = new MemoryOption();

    /// Threads of the CPU.
    public int threads() { return threads; }

    /// The memory that work may take. Ask before the work begins: of a GPU it is what is free now.
    public MemoryLimit memory() {
        DeviceKind where = kind == Kind.CUDA || kind == Kind.EMULATED ? DeviceKind.CUDA : DeviceKind.CPU;
        if (memory.given()) return memory.of(where);
        return switch (kind) {
            case AUTO, SIMD, REFERENCE -> memory.host();
            case EMULATED -> new MemoryLimit(where, HostMemory.physicalBytes(), "of memory (the host's: an emulated GPU has none of its own)");
            case CUDA -> {
                try (JCudaGpu opened = JCudaGpu.open(number())) {
                    yield new MemoryLimit(where, opened.freeBytes(), "free on GPU " + number());
                }
            }
        };
    }

    /// Whether the device can do a recipe's stages. GRPO demands the row law: the bits that a token has when it is drawn, and again among others when
    /// it is trained.
    ///
    /// @throws UsageException a GRPO stage on a device that does not keep it
    public void check(Recipe recipe) {
        if (kind != Kind.REFERENCE && products != Products.CUBLAS) return;
        recipe.stages().stream().filter(Stage.Grpo.class::isInstance).findFirst().ifPresent(stage -> {
            throw new UsageException((kind == Kind.REFERENCE ? "--device REFERENCE" : "--matmul CUBLAS") + ": stage " + stage.name() + " of "
                    + recipe.origin()
                    + " learns from rewards, where a token must have the same bits when it is drawn and when it is trained, which is not promised "
                            + "there; wanted --device AUTO or SIMD, or CUDA or EMULATED with --matmul EXACT or TENSOR");
        });
    }

    /// Opens the device that was asked for; close it.
    public Device open() {
        if (products != Products.EXACT && kind != Kind.CUDA && kind != Kind.EMULATED) {
            throw new UsageException("--matmul " + products + " with --device " + kind
                    + ": tensor cores are a GPU's; wanted --device CUDA or EMULATED, or no --matmul");
        }
        if (patches != Patches.OWN && kind != Kind.CUDA) {
            throw new UsageException("--patch-embedding " + patches + " with --device " + kind
                    + ": cuDNN runs on a real GPU alone; wanted --device CUDA, or no --patch-embedding");
        }
        if (gpu != null && kind != Kind.CUDA)
            throw new UsageException("--gpu " + gpu + " with --device " + kind + ", which computes on none; wanted --device CUDA, or no --gpu");
        if (kernels != Kernels.AUTO && products != Products.TENSOR) {
            throw new UsageException("--kernels " + kernels + " with --matmul " + products
                    + ", which has no kernels for newer GPUs; wanted --matmul TENSOR, or no --kernels");
        }
        return switch (kind) {
            case AUTO, SIMD -> {
                SimdDevice simd = new SimdDevice(threads);
                simd.limitMemory(memory().ofBuffers());
                yield simd;
            }
            case REFERENCE -> new ReferenceDevice();
            case CUDA -> cuda(JCudaGpu.open(number()));
            case EMULATED -> cuda(new EmulatedGpu());
        };
    }

    private int number() { return gpu == null ? 0 : gpu; }

    private Device cuda(Gpu opened) {
        try {
            return new CudaDevice(opened, switch (products) {
                case EXACT -> Precision.EXACT;
                case TENSOR -> kernels == Kernels.AUTO && opened.computeCapability() == 90 ? Precision.WGMMA : Precision.TENSOR;
                case CUBLAS -> Precision.CUBLAS;
            }, switch (patches) {
                case OWN -> PatchKernels.OWN;
                case CUDNN -> PatchKernels.CUDNN;
            });
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }
}
