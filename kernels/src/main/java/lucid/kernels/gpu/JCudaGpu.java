package lucid.kernels.gpu;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import lucid.kernels.gpu.nvidia.Cublas;
import lucid.kernels.gpu.nvidia.Cudnn;
import lucid.kernels.gpu.nvidia.DriverException;
import lucid.kernels.gpu.nvidia.DriverLibrary;
import lucid.kernels.gpu.nvidia.GpuUnavailableException;
import lucid.kernels.gpu.nvidia.Pointers;
import lucid.kernels.ptx.async.region.TensorMap;
import lucid.kernels.ptx.text.PtxModule;

/// An NVIDIA GPU through JCuda's driver API. Loading this class touches nothing; [#open] does.
public final class JCudaGpu implements Gpu {
    private static final int OLDEST_DRIVER = 12000;
    /// What a block may have unasked, static and dynamic together.
    private static final int DEFAULT_SHARED = 48 * 1024;

    private final DriverLibrary library;
    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final CUstream stream = new CUstream();
    private final Staging staging;
    /// What the driver reads and writes at plain addresses: parameters of launches, and the tensor map that is being made.
    private final Arena arena = Arena.ofShared();
    private final MemorySegment tensorMap;
    private final String description;
    private final Limits limits;
    private final int capability;
    private final int multiprocessors;
    private final Map<Long, Long> sizes = new HashMap<>();
    private final List<CUmodule> modules = new ArrayList<>();
    private long used;
    private Recording recording;
    private final Replay.Desk desk = new Replay.Desk();
    private Cublas cublas;
    private Cudnn cudnn;

    /// GPUs of this machine, one line each.
    ///
    /// @throws GpuUnavailableException when there is none
    public static List<String> list() {
        DriverLibrary.open();
        int count = initialise();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) lines.add(i + ": " + describe(device(i)));
        return lines;
    }

    /// Opens a GPU by its index.
    ///
    /// @throws GpuUnavailableException saying what is missing: library, driver version, device
    public static JCudaGpu open(int index) {
        DriverLibrary library = DriverLibrary.open();
        int count = initialise();
        if (index < 0 || index >= count)
            throw new GpuUnavailableException("device " + index + " does not exist", "this machine has " + count + " (wanted 0 .. "
                    + (count - 1) + ")");
        return new JCudaGpu(library, device(index));
    }

    private static int initialise() {
        int code = JCudaDriver.cuInit(0);
        if (code == 100)
            throw new GpuUnavailableException("there is a driver, but no device (CUDA_ERROR_NO_DEVICE)",
                    "check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device simd");
        Driver.check(code, "cuInit");
        int version = Driver.number("cuDriverGetVersion", JCudaDriver::cuDriverGetVersion);
        if (version < OLDEST_DRIVER) {
            throw new GpuUnavailableException("the driver is for CUDA " + version / 1000 + "." + version % 1000 / 10,
                    "update it to CUDA 12.0 or newer (the kernels are PTX 8.0)");
        }
        int count = Driver.number("cuDeviceGetCount", JCudaDriver::cuDeviceGetCount);
        if (count == 0)
            throw new GpuUnavailableException("there is a driver, but no device", "check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --device simd");
        return count;
    }

    private static CUdevice device(int index) {
        CUdevice device = new CUdevice();
        Driver.check(JCudaDriver.cuDeviceGet(device, index), "cuDeviceGet");
        return device;
    }

    private static String describe(CUdevice device) {
        byte[] name = new byte[256];
        Driver.check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int length = 0;
        while (name[length] != 0) length++;
        return new String(name, 0, length, StandardCharsets.US_ASCII) + ", compute capability "
                + Driver.attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) + "."
                + Driver.attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR) + ", "
                        + Driver.attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) + " multiprocessors";
    }

    private JCudaGpu(DriverLibrary library, CUdevice device) {
        this.library = library;
        this.device = device;
        capability = 10 * Driver.attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + Driver.attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        if (capability < 80)
            throw new GpuUnavailableException(describe(device) + " is older than compute capability 8.0",
                    "the kernels need Ampere or newer; use --device simd");
        multiprocessors = Driver.attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        limits = new Limits(Driver.attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
                Driver.attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                Driver.attribute(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X));
        Driver.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        enter();
        // Not the default stream: that one cannot be recorded into a graph.
        Driver.check(JCudaDriver.cuStreamCreate(stream, 1), "cuStreamCreate");
        staging = new Staging(stream);
        tensorMap = arena.allocate(TensorMap.BYTES, TensorMap.BYTES);
        description = describe(device) + ", driver for CUDA " + Driver.number("cuDriverGetVersion", JCudaDriver::cuDriverGetVersion) / 1000;
    }

    private void enter() { Driver.enter(this, () -> Driver.check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent")); }

    @Override public String description() { return description; }

    @Override public int computeCapability() { return capability; }

    @Override public int multiprocessors() { return multiprocessors; }

    @Override public Limits limits() { return limits; }

    @Override public boolean poolsMemory() { return true; }

    /// Memory that nobody has taken, of this process or another.
    public long freeBytes() {
        enter();
        long[] free = new long[1];
        Driver.check(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
        return free[0];
    }

    @Override public long allocate(long bytes, String what) {
        enter();
        Pointers.Slot slot = new Pointers.Slot();
        int code = JCudaDriver.cuMemAlloc(slot, bytes);
        if (code == 2) throw new OutOfDeviceMemoryException(what, bytes, used, freeBytes());
        Driver.check(code, "allocation of " + bytes + " bytes for " + what);
        sizes.put(slot.address(), bytes);
        used += bytes;
        return slot.address();
    }

    @Override public void free(long address) {
        enter();
        Long bytes = sizes.remove(address);
        if (bytes == null) throw new IllegalArgumentException("free: 0x" + Long.toHexString(address) + " is not the address of an allocation");
        used -= bytes;
        desk.cut();
        // cuMemFree waits for the device, so kernels in flight are safe.
        Driver.check(JCudaDriver.cuMemFree(Pointers.device(address)), "cuMemFree");
    }

    @Override public void copyIn(long address, MemorySegment source) {
        if (desk.copyIn(address, source)) return;
        enter();
        if (recording != null) recording.copyIn(address, source);
        else staging.in(address, source);
    }

    @Override public void copyOut(Read... reads) {
        desk.cut();
        enter();
        Graph.refuse(recording, "copyOut");
        staging.out(reads);
    }

    @Override public void copy(long target, long source, long bytes) {
        if (desk.copy(target, source, bytes)) return;
        enter();
        Driver.check(JCudaDriver.cuMemcpyDtoDAsync(Pointers.device(target), Pointers.device(source), bytes, stream), "copy on the device");
    }

    @Override public Kernel load(String name, String text) {
        enter();
        try {
            Driver.Function function = Driver.load(name, text, modules, arena);
            return new Kernel(this, name, PtxModule.parse(name + ".ptx", text), function, arena);
        } catch (DriverException e) {
            if (e.outOfMemory()) throw new OutOfDeviceMemoryException("kernel " + name, used, freeBytes());
            throw e;
        }
    }

    @Override public void launch(Kernel kernel, LaunchShape shape, MemorySegment parameters) {
        if (desk.launch(kernel, shape, parameters)) return;
        enter();
        Driver.Function function = (Driver.Function) kernel.handle();
        if (shape.sharedBytes() + kernel.sharedBytes() > DEFAULT_SHARED) function.allowShared(shape.sharedBytes());
        int code = JCudaDriver.cuLaunchKernel(function.handle(), shape.gridX(), shape.gridY(), shape.gridZ(), shape.blockX(), shape.blockY(), 1,
                shape.sharedBytes(), stream,
                function.table(kernel, parameters), null);
        if (code != 0) Driver.check(code, "launch of " + kernel.name() + " (" + shape + "; " + Call.describe(kernel, parameters) + ")");
    }

    @Override public Graph record(Runnable launches) {
        enter();
        Graph.refuse(recording, "record");
        staging.ready();
        Driver.check(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED), "cuStreamBeginCapture");
        CUgraph graph = new CUgraph();
        Recording made = new Recording();
        recording = made;
        boolean whole = false;
        boolean done = false;
        try {
            try {
                launches.run();
                whole = true;
            } finally {
                recording = null;
                int code = JCudaDriver.cuStreamEndCapture(stream, graph);
                // What stopped the recording says more than the driver's word that it was stopped; there may be no graph then.
                if (whole) Driver.check(code, "cuStreamEndCapture");
                else if (code == 0) JCudaDriver.cuGraphDestroy(graph);
            }
            made.make(graph);
            done = true;
            return made;
        } finally {
            if (!done) made.close();
        }
    }

    @Override public Replay replay() { return new Replay(this, desk); }

    @Override public Replay.Counts replayed() { return desk.counts(); }

    /// A captured stream, and the pinned memory that its copies from the host read.
    final class Recording extends Graph {
        private record HostCopy(MemorySegment source, MemorySegment pinned) {}

        private final CUgraphExec executable = new CUgraphExec();
        private final List<HostCopy> copies = new ArrayList<>();
        private Staging.Lasting pinned;
        private boolean made;

        private void make(CUgraph graph) {
            int code = JCudaDriver.cuGraphInstantiate(executable, graph, 0);
            made = code == 0;
            int destroyed = JCudaDriver.cuGraphDestroy(graph);
            Driver.check(code, "cuGraphInstantiate");
            Driver.check(destroyed, "cuGraphDestroy");
        }

        private void copyIn(long address, MemorySegment source) {
            if (pinned == null) pinned = staging.lasting();
            MemorySegment place = pinned.take(source.byteSize());
            copies.add(new HostCopy(source, place));
            Staging.queue(address, place, stream);
        }

        @Override public void launch() {
            enter();
            if (pinned != null) pinned.await();
            for (HostCopy c : copies) c.pinned.copyFrom(c.source);
            Driver.check(JCudaDriver.cuGraphLaunch(executable, stream), "cuGraphLaunch");
            if (pinned != null) pinned.used();
        }

        /// The driver lets a graph that is still running come to its end.
        @Override public void close() {
            enter();
            if (pinned != null) pinned.close();
            pinned = null;
            if (made) Driver.check(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
            made = false;
        }
    }

    @Override public Event event() {
        desk.cut();
        enter();
        return new Driver.Mark(stream);
    }

    @Override public MemorySegment encode(TensorMap map) {
        enter();
        Driver.check(library.encodeTiled(tensorMap, map), "cuTensorMapEncodeTiled of " + map);
        return MemorySegment.ofArray(tensorMap.toArray(ValueLayout.JAVA_BYTE));
    }

    /// cuBLAS on this GPU's stream, loaded when first asked for.
    ///
    /// @throws GpuUnavailableException naming the library that cannot be loaded
    public Cublas cublas() {
        enter();
        if (cublas == null) cublas = new Cublas(stream, this::before);
        return cublas;
    }

    /// cuDNN on this GPU's stream, loaded when first asked for.
    ///
    /// @throws GpuUnavailableException naming the library that cannot be loaded
    public Cudnn cudnn() {
        enter();
        if (cudnn == null) cudnn = new Cudnn(stream, this::before);
        return cudnn;
    }

    /// Before a library queues work of its own.
    private void before() {
        desk.cut();
        enter();
    }

    @Override public void synchronize() {
        desk.cut();
        enter();
        Driver.check(JCudaDriver.cuStreamSynchronize(stream), "waiting for the GPU");
    }

    /// Goes on to the end when something fails: after a kernel's fault every call says so again, and the context must go all the same. What failed
    /// first is thrown.
    @Override public void close() {
        List<Runnable> steps = new ArrayList<>(List.of(this::enter, this::synchronize));
        if (cublas != null) steps.add(cublas::close);
        if (cudnn != null) steps.add(cudnn::close);
        steps.add(staging::close);
        for (long address : sizes.keySet().toArray(Long[]::new)) steps.add(() -> free(address));
        for (CUmodule module : modules) steps.add(() -> Driver.check(JCudaDriver.cuModuleUnload(module), "cuModuleUnload"));
        steps.add(() -> Driver.check(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy"));
        steps.add(() -> Driver.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease"));
        steps.add(arena::close);
        steps.add(Driver::leave);
        Driver.all(steps);
    }
}
