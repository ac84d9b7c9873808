package lucid.kernels.gpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;
import jcuda.Pointer;
import jcuda.driver.CUdevice;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import lucid.kernels.gpu.nvidia.DriverException;
import lucid.kernels.gpu.nvidia.Pointers;
import lucid.kernels.ptx.text.syntax.Variable;

/// JCuda's calls with their error codes turned into exceptions, and what a loaded function needs for cheap launches.
final class Driver {
    private static final int LOG_BYTES = 8192;

    /// The GPU that each thread worked on last.
    private static final ThreadLocal<Object> CURRENT = new ThreadLocal<>();

    private Driver() {}

    /// The driver keeps one context for each thread, and what a thread asks for is done there: a thread that worked on another GPU last, or on none,
    /// takes this one's.
    ///
    /// @param take makes the GPU's context the thread's
    static void enter(Object gpu, Runnable take) {
        if (CURRENT.get() == gpu) return;
        CURRENT.remove();
        take.run();
        CURRENT.set(gpu);
    }

    /// The context that this thread has is gone.
    static void leave() { CURRENT.remove(); }

    /// @throws DriverException when the code is not 0
    static void check(int code, String doing) {
        if (code == 0) return;
        String[] name = {"CUDA error " + code};
        String[] text = {""};
        JCudaDriver.cuGetErrorName(code, name);
        JCudaDriver.cuGetErrorString(code, text);
        throw new DriverException(name[0], text[0], doing);
    }

    /// Does all of it, and throws the first error when it is done.
    static void all(List<Runnable> steps) {
        DriverException first = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (DriverException e) {
                if (first == null) first = e;
                else if (!e.getMessage().equals(first.getMessage())) first.addSuppressed(e);
            }
        }
        if (first != null) throw first;
    }

    /// The number that a call puts into an array of one.
    static int number(String what, ToIntFunction<int[]> call) {
        int[] value = new int[1];
        check(call.applyAsInt(value), what);
        return value[0];
    }

    static int attribute(CUdevice device, int attribute) {
        return number("cuDeviceGetAttribute " + attribute, value -> JCudaDriver.cuDeviceGetAttribute(value, attribute, device));
    }

    /// Compiles a text for the current GPU.
    ///
    /// @param arena memory that lives as long as the GPU
    /// @throws DriverException with the compiler's log
    static Function load(String name, String text, List<CUmodule> modules, Arena arena) {
        byte[] source = (text + '\0').getBytes(StandardCharsets.UTF_8);
        byte[] log = new byte[LOG_BYTES];
        JITOptions options = new JITOptions();
        options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, log);
        options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
        CUmodule module = new CUmodule();
        int code = JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(source), options);
        if (code != 0) check(code, "compiling " + name + ".ptx: " + options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER));
        modules.add(module);
        CUfunction function = new CUfunction();
        check(JCudaDriver.cuModuleGetFunction(function, module, name), name + ".ptx: looking for the entry " + name);
        return new Function(function, arena);
    }

    /// A function and its table of parameter addresses, written once: a launch then passes one pointer, where JCuda's usual way builds an object per
    /// argument (20 times slower).
    static final class Function {
        private final CUfunction handle;
        private final Arena arena;
        private MemorySegment values;
        /// The table's memory, which `table` knows by its bare address.
        private MemorySegment pointers;
        private Pointer table;
        private int allowed;

        private Function(CUfunction handle, Arena arena) {
            this.handle = handle;
            this.arena = arena;
        }

        CUfunction handle() { return handle; }

        /// The driver's `void**`, for parameters that stay at one address.
        Pointer table(Kernel kernel, MemorySegment parameters) {
            if (values == null || values.address() != parameters.address()) {
                List<Variable> variables = kernel.parameters();
                if (pointers == null) pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, variables.size()));
                for (int i = 0; i < variables.size(); i++) pointers.setAtIndex(ValueLayout.ADDRESS, i, parameters.asSlice(variables.get(i).offset()));
                values = parameters;
                table = Pointers.host(pointers.address());
            }
            return table;
        }

        /// More than 48 KB of shared memory must be asked for once.
        void allowShared(int bytes) {
            if (bytes <= allowed) return;
            check(JCudaDriver.cuFuncSetAttribute(handle, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
                    "asking for " + bytes + " bytes of shared memory");
            allowed = bytes;
        }
    }

    /// A driver event.
    static final class Mark implements Gpu.Event {
        private final CUevent event = new CUevent();

        Mark(CUstream stream) {
            check(JCudaDriver.cuEventCreate(event, 0), "cuEventCreate");
            check(JCudaDriver.cuEventRecord(event, stream), "cuEventRecord");
        }

        @Override public double millisecondsSince(Gpu.Event earlier) {
            check(JCudaDriver.cuEventSynchronize(event), "waiting for an event");
            float[] ms = new float[1];
            check(JCudaDriver.cuEventElapsedTime(ms, ((Mark) earlier).event, event), "cuEventElapsedTime");
            return ms[0];
        }

        @Override public void close() { check(JCudaDriver.cuEventDestroy(event), "cuEventDestroy"); }
    }
}
