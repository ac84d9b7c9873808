package lucid.kernels.gpu.nvidia;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import jcuda.driver.JCudaDriver;
import lucid.kernels.ptx.async.region.TensorMap;

/// The driver's own library beside JCuda: whether it is there, whether it has what JCuda will call (a missing symbol would end the process, not
/// throw), and the calls that JCuda lacks, through `java.lang.foreign`.
public final class DriverLibrary {
    private static final String ADVICE = "install NVIDIA's driver (CUDA 12.0 or newer), or compute with --device simd, or with --device emulated";
    /// What [lucid.kernels.gpu.Driver] calls, by the names under which JCuda's native part looks for it.
    private static final List<String> NEEDED = List.of("cuInit", "cuDriverGetVersion", "cuDeviceGet", "cuDeviceGetCount", "cuDeviceGetName",
            "cuDeviceGetAttribute",
            "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSetCurrent", "cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemFree_v2",
                    "cuMemAllocHost_v2", "cuMemFreeHost",
            "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2", "cuStreamCreate", "cuStreamDestroy_v2", "cuStreamSynchronize",
                    "cuStreamBeginCapture_v2",
            "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuGraphExecDestroy", "cuGraphDestroy", "cuEventCreate",
                    "cuEventRecord", "cuEventSynchronize",
            "cuEventElapsedTime", "cuEventDestroy_v2", "cuModuleLoadDataEx", "cuModuleGetFunction", "cuModuleUnload", "cuFuncSetAttribute",
                    "cuLaunchKernel", "cuGetErrorName", "cuGetErrorString");

    private static final int NO_INTERLEAVE = 0;
    private static final int PROMOTE_TO_128_BYTES = 2;

    private final SymbolLookup symbols;
    private MethodHandle encodeTiled;

    private DriverLibrary(SymbolLookup symbols) { this.symbols = symbols; }

    /// Opens the driver and loads JCuda's native part, once per process.
    ///
    /// @throws GpuUnavailableException when one of them is not there: says which file
    public static synchronized DriverLibrary open() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows") ? "nvcuda.dll" : "libcuda.so.1";
        SymbolLookup symbols;
        try {
            symbols = SymbolLookup.libraryLookup(name, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new GpuUnavailableException("the driver library " + name + " cannot be loaded (" + e.getMessage() + ")", ADVICE, e);
        }
        List<String> missing = NEEDED.stream().filter(symbol -> symbols.find(symbol).isEmpty()).toList();
        if (!missing.isEmpty()) throw new GpuUnavailableException("the driver library " + name + " lacks " + missing, ADVICE);
        JCudaNatives.load("JCuda's driver library", "JCuda 12.6 has natives for Linux and Windows on x86-64 only",
                () -> JCudaDriver.setExceptionsEnabled(false));
        return new DriverLibrary(symbols);
    }

    /// `cuTensorMapEncodeTiled`, which JCuda lacks. The enumerations of [TensorMap] are in the driver's order.
    ///
    /// @param target 128 bytes, aligned to 64
    /// @return the driver's error code
    public int encodeTiled(MemorySegment target, TensorMap map) {
        if (encodeTiled == null) {
            MemorySegment function = symbols.find("cuTensorMapEncodeTiled")
                    .orElseThrow(() -> new GpuUnavailableException("the driver lacks cuTensorMapEncodeTiled", "use --kernels sm_80"));
            encodeTiled = Linker.nativeLinker().downcallHandle(function,
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                    JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        }
        try (Arena arena = Arena.ofConfined()) {
            int rank = map.rank();
            int[] steps = new int[rank];
            Arrays.fill(steps, 1);
            return (int) encodeTiled.invokeExact(target, map.type().ordinal(), rank, MemorySegment.ofAddress(map.address()),
                    arena.allocateFrom(JAVA_LONG, map.dims()),
                    arena.allocateFrom(JAVA_LONG, Arrays.copyOf(map.strides(), rank)), arena.allocateFrom(JAVA_INT, map.box()),
                            arena.allocateFrom(JAVA_INT, steps),
                    NO_INTERLEAVE, map.swizzle().ordinal(), PROMOTE_TO_128_BYTES, map.nanFill() ? 1 : 0);
        } catch (Throwable e) {
            throw new IllegalStateException("cuTensorMapEncodeTiled failed", e);
        }
    }
}
