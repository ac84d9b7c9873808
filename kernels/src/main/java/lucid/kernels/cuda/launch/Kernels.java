package lucid.kernels.cuda.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.gpu.Call;
import lucid.kernels.gpu.Gpu;
import lucid.kernels.gpu.Kernel;
import lucid.kernels.gpu.OutOfDeviceMemoryException;

/// What every family of a CUDA device works with: the kernels by name, loaded when first used, and memory for what a call needs beside its arguments.
public final class Kernels {
    private final Gpu gpu;
    private final CudaMemory memory;
    private final Complaints complaints;
    private final Map<String, Kernel> loaded = new HashMap<>();
    private final Map<String, Table> tables = new HashMap<>();

    public Kernels(Gpu gpu, CudaMemory memory) {
        this.gpu = gpu;
        this.memory = memory;
        this.complaints = new Complaints(gpu);
    }

    public Gpu gpu() { return gpu; }

    /// What kernels find wrong.
    public Complaints complaints() { return complaints; }

    /// Starts a call of a kernel.
    public Launching call(String name) { return new Launching(loaded.computeIfAbsent(name, this::load).call()); }

    /// Code wants memory too; when there is none left, once more without what is kept.
    private Kernel load(String name) {
        try {
            return gpu.load(name, text(name));
        } catch (OutOfDeviceMemoryException _) {
            memory.close();
            return gpu.load(name, text(name));
        }
    }

    /// The text of a kernel.
    ///
    /// @throws IllegalStateException when this build holds no such file
    public static String text(String name) {
        String file = "/lucid/kernels/cuda/" + name + ".ptx";
        try (InputStream in = Kernels.class.getResourceAsStream(file)) {
            if (in == null) throw new IllegalStateException("kernel " + name + ".ptx is missing from the jar (wanted " + file + "); build again");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("kernel " + name + ".ptx cannot be read", e);
        }
    }

    /// Memory for the time of a call; close it when the kernels that use it are queued.
    public CudaBuffer scratch(DType dtype, long length) { return memory.allocate(dtype, length); }

    /// See [CudaMemory#aside].
    CudaBuffer aside(DType dtype, long length) { return memory.aside(dtype, length); }

    /// See [CudaMemory#givesWay].
    void givesWay(Runnable giveBack) { memory.givesWay(giveBack); }

    /// A small table on the device; close it when the kernels that use it are queued.
    public CudaBuffer table(int... values) {
        CudaBuffer buffer = memory.allocate(DType.I32, values.length);
        if (values.length > 0) gpu.copyIn(buffer.address(), MemorySegment.ofArray(values));
        return buffer;
    }

    /// The address of a table that calls share: it is copied when it differs from the last one of this name, whose place it takes.
    public long table(String name, int[] values) { return tables.computeIfAbsent(name, _ -> new Table()).address(values); }

    private final class Table {
        private static final int LEAST = 1024;

        private int[] values;
        private CudaBuffer place;

        long address(int[] wanted) {
            if (Arrays.equals(values, wanted)) return place.address();
            // From here on it holds nothing, should memory be short or the copy fail.
            values = null;
            if (place == null || wanted.length > place.length()) grow(wanted.length);
            gpu.copyIn(place.address(), MemorySegment.ofArray(wanted));
            values = wanted.clone();
            return place.address();
        }

        private void grow(int length) {
            if (place != null) place.close();
            place = null;
            place = memory.aside(DType.I32, Math.max(LEAST, Integer.highestOneBit(length) * 2));
        }
    }

    /// A [Call] that knows matrices and buffers.
    public static final class Launching {
        private final Call call;

        private Launching(Call call) { this.call = call; }

        /// Two parameters, `.u64 NAME, .u64 NAME_stride`: the address of the view's first element and the distance of rows in elements.
        public Launching view(Matrix m) {
            call.u64(CudaBuffer.address(m)).u64(m.stride());
            return this;
        }

        /// [#view], or address 0 and stride 0.
        public Launching viewOrNull(Matrix m) {
            if (m != null) return view(m);
            call.u64(0).u64(0);
            return this;
        }

        /// One parameter: the address of a view that has one row (or whose stride the kernel does not need).
        public Launching address(Matrix m) { return u64(CudaBuffer.address(m)); }

        public Launching buffer(Buffer b) { return u64(CudaBuffer.address(b)); }

        /// [#buffer], or address 0.
        public Launching bufferOrNull(Buffer b) { return u64(b == null ? 0 : CudaBuffer.address(b)); }

        public Launching u64(long value) {
            call.u64(value);
            return this;
        }

        public Launching u32(int value) {
            call.u32(value);
            return this;
        }

        public Launching f32(float value) {
            call.f32(value);
            return this;
        }

        public Launching f64(double value) {
            call.f64(value);
            return this;
        }

        /// A parameter that is a tensor map, `.param .align 64 .b8 NAME[128]`.
        public Launching map(MemorySegment encoded) {
            call.bytes(encoded);
            return this;
        }

        /// See [Call#launch(long, int)].
        public void launch(long blocks, int threads) { call.launch(blocks, threads); }

        /// See [Call#launch(long, long, long, int, int, int)].
        public void launch(long gridX, long gridY, long gridZ, int blockX, int sharedBytes) {
            call.launch(gridX, gridY, gridZ, blockX, 1, sharedBytes);
        }
    }
}
