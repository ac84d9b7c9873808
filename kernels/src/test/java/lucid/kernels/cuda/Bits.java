package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.PatchEmbedding;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.cuda.attention.CudaAttention;
import lucid.kernels.cuda.launch.Bf16Factors;
import lucid.kernels.cuda.launch.CudaMemory;
import lucid.kernels.cuda.launch.Kernels;
import lucid.kernels.cuda.matmul.CudaLogProb;
import lucid.kernels.cuda.matmul.CudaTensorMatMul;
import lucid.kernels.gpu.Gpu;

/// Two devices side by side, the CPU's and a GPU's: every datum exists on both, every operation runs on both, and the results must have the same
/// bits, in the views and around them. NaNs are alike, whatever their payload.
final class Bits implements AutoCloseable {
    final Device cpu = new SimdDevice(1);
    final Device gpu;
    final SplittableRandom random = new SplittableRandom(7);
    private final List<Buffer> open = new ArrayList<>();
    private final Gpu chip;
    private final Buffer touched;

    /// Takes the GPU over and closes it.
    Bits(Gpu gpu) {
        this.chip = gpu;
        this.gpu = new CudaDevice(gpu);
        this.touched = this.gpu.allocate(DType.F32, 1);
        this.gpu.write(touched, 0, new float[1]);
        open.add(touched);
    }

    private static Bf16Factors factors(Kernels kernels) {
        return new Bf16Factors(kernels, new CudaConversion(kernels), new CudaElementwise(kernels));
    }

    /// What a block of this GPU may have.
    int sharedBytes() { return chip.limits().sharedBytes(); }

    /// Kernels by name.
    Kernels kernels() { return new Kernels(chip, new CudaMemory(chip)); }

    /// Products on tensor cores, beside the device's own.
    MatMul tensorProducts(boolean hopper) {
        Kernels kernels = kernels();
        return new CudaTensorMatMul(kernels, factors(kernels), hopper);
    }

    /// Patch embedding on tensor cores, beside the device's own.
    PatchEmbedding tensorPatches(int panel) {
        Kernels kernels = kernels();
        return new CudaTensorPatchEmbedding(kernels, factors(kernels), panel);
    }

    /// Log-probabilities on tensor cores, beside the device's own.
    ///
    /// @param chunk see [CudaLogProb]
    LogProb tensorLogProb(boolean hopper, int chunk) {
        Kernels kernels = new Kernels(chip, new CudaMemory(chip));
        CudaElementwise elements = new CudaElementwise(kernels);
        return new CudaLogProb(kernels, new CudaTensorMatMul(kernels, factors(kernels), hopper), elements, chunk);
    }

    /// Attention on tensor cores, beside the device's own.
    Attention tensorAttention(boolean hopper) {
        return new CudaAttention(new Kernels(chip, new CudaMemory(chip)), hopper ? Precision.WGMMA : Precision.TENSOR);
    }

    /// One matrix on both devices.
    record Twin(Matrix onCpu, Matrix onGpu) {
        Matrix on(Device d) { return d instanceof CudaDevice ? onGpu : onCpu; }

        Twin rows(int from, int to) { return new Twin(onCpu.rows(from, to), onGpu.rows(from, to)); }

        Twin cols(int from, int to) { return new Twin(onCpu.cols(from, to), onGpu.cols(from, to)); }
    }

    /// One buffer on both devices.
    record TwinBuffer(Buffer onCpu, Buffer onGpu) {
        Buffer on(Device d) { return d instanceof CudaDevice ? onGpu : onCpu; }
    }

    /// How a view lies in its buffer: rows are `gap` elements further apart than they are long, and the first one begins at element `offset`.
    record Layout(int offset, int gap) {
        static final Layout DENSE = new Layout(0, 0);
        /// Aligned to 4 bytes only.
        static final Layout ODD = new Layout(3, 5);
        /// Strided, but every row aligned to 16 bytes where the number of columns is a multiple of 4.
        static final Layout ALIGNED = new Layout(8, 12);
    }

    /// Runs an operation on both devices.
    void both(BiConsumer<Device, Device> operation) {
        operation.accept(cpu, cpu);
        operation.accept(gpu, gpu);
    }

    /// A view of f32 whose element i (in row-major order) is `value(i)`; random numbers lie around it.
    Twin matrix(int rows, int cols, Layout layout, IntToDoubleFunction value) {
        long stride = cols + layout.gap;
        float[] all = new float[Math.toIntExact(layout.offset + rows * stride + layout.gap)];
        for (int i = 0; i < all.length; i++) all[i] = (float) random.nextDouble(-1, 1);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) all[(int) (layout.offset + r * stride + c)] = (float) value.applyAsDouble(r * cols + c);
        }
        return view(buffer(DType.F32, all, all.length), rows, cols, layout);
    }

    /// A view of bf16 or f16 with these bits, of i32 or u8 with these numbers.
    Twin matrix(DType type, int rows, int cols, Layout layout, java.util.function.IntUnaryOperator value) {
        long stride = cols + layout.gap;
        int n = Math.toIntExact(layout.offset + rows * stride + layout.gap);
        int[] all = new int[n];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) all[(int) (layout.offset + r * stride + c)] = value.applyAsInt(r * cols + c);
        }
        return view(buffer(type, narrow(type, all), n), rows, cols, layout);
    }

    private static Object narrow(DType type, int[] values) {
        return switch (type) {
            case I32 -> values;
            case I64 -> java.util.Arrays.stream(values).asLongStream().toArray();
            case U8 -> {
                byte[] bytes = new byte[values.length];
                for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) values[i];
                yield bytes;
            }
            case BF16, F16 -> {
                short[] shorts = new short[values.length];
                for (int i = 0; i < shorts.length; i++) shorts[i] = (short) values[i];
                yield shorts;
            }
            default -> throw new IllegalArgumentException("no matrices of " + type + " here");
        };
    }

    private static Twin view(TwinBuffer b, int rows, int cols, Layout layout) {
        long stride = cols + layout.gap;
        return new Twin(new Matrix(b.onCpu, layout.offset, rows, cols, stride), new Matrix(b.onGpu, layout.offset, rows, cols, stride));
    }

    /// A dense or strided view of random numbers in [-1, 1).
    Twin random(int rows, int cols, Layout layout) { return random(rows, cols, layout, -1, 1); }

    Twin random(int rows, int cols, Layout layout, double from, double to) { return matrix(rows, cols, layout, _ -> random.nextDouble(from, to)); }

    TwinBuffer ints(int... values) { return buffer(DType.I32, values, values.length); }

    private TwinBuffer buffer(DType type, Object array, int length) {
        TwinBuffer b = new TwinBuffer(cpu.allocate(type, length), gpu.allocate(type, length));
        open.add(b.onCpu);
        open.add(b.onGpu);
        cpu.write(b.onCpu, 0, array);
        gpu.write(b.onGpu, 0, array);
        return b;
    }

    /// The whole buffers behind the views agree.
    void assertSame(String what, Twin twin) {
        assertSame(what + " " + twin.onCpu.describe(), new TwinBuffer(twin.onCpu.buffer(), twin.onGpu.buffer()), twin.onCpu);
    }

    void assertSame(String what, TwinBuffer twin) { assertSame(what, twin, null); }

    private void assertSame(String what, TwinBuffer twin, Matrix view) {
        int[] expected = bits(cpu, twin.onCpu);
        int[] found = bits(gpu, twin.onGpu);
        int wrong = 0;
        int first = -1;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] == found[i]) continue;
            if (wrong++ == 0) first = i;
        }
        if (wrong > 0)
            fail(what + ": " + wrong + " of " + expected.length + " differ, first " + place(first, view) + ": " + show(twin, expected[first])
                    + " on the CPU, " + show(twin, found[first]) + " on the GPU");
    }

    /// The whole f32 buffers behind the views agree to `tolerance`, absolute.
    void assertClose(String what, Twin twin, float tolerance) {
        float[] expected = new float[Math.toIntExact(twin.onCpu.buffer().length())];
        float[] found = new float[expected.length];
        cpu.read(twin.onCpu.buffer(), 0, expected);
        gpu.read(twin.onGpu.buffer(), 0, found);
        int worst = -1;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] == found[i] || Math.abs(expected[i] - found[i]) <= tolerance) continue;
            if (worst < 0 || !(Math.abs(expected[i] - found[i]) <= Math.abs(expected[worst] - found[worst]))) worst = i;
        }
        if (worst >= 0)
            fail(what + " " + twin.onCpu.describe() + ": worst " + place(worst, twin.onCpu) + ": " + expected[worst] + " on the CPU, " + found[worst]
                    + " on the GPU; wanted within " + tolerance);
    }

    private static String place(int i, Matrix view) {
        if (view == null) return "[" + i + "]";
        long at = i - view.offset();
        long stride = Math.max(1, view.stride());
        boolean inside = at >= 0 && at / stride < view.rows() && at % stride < view.cols();
        return inside ? "(" + at / stride + ", " + at % stride + ")" : "[" + i + "] outside the view";
    }

    private static String show(TwinBuffer twin, int bits) {
        return twin.onCpu.dtype() == DType.F32 ? Float.intBitsToFloat(bits) + " (" + Integer.toHexString(bits) + ")" : Integer.toHexString(bits);
    }

    private static int[] bits(Device d, Buffer b) {
        int n = Math.toIntExact(b.length());
        int[] result = new int[n];
        switch (b.dtype()) {
            case F32 -> {
                float[] values = new float[n];
                d.read(b, 0, values);
                for (int i = 0; i < n; i++) result[i] = Float.floatToIntBits(values[i]);
            }
            case BF16, F16 -> {
                short[] values = new short[n];
                d.read(b, 0, values);
                int exponent = b.dtype() == DType.BF16 ? 0x7F80 : 0x7C00;
                for (int i = 0; i < n; i++) result[i] = (values[i] & 0x7FFF) > exponent ? 0x7FFF : values[i] & 0xFFFF;
            }
            case I32 -> d.read(b, 0, result);
            case U8 -> {
                byte[] values = new byte[n];
                d.read(b, 0, values);
                for (int i = 0; i < n; i++) result[i] = values[i] & 0xFF;
            }
            case I64 -> {
                long[] values = new long[n];
                d.read(b, 0, values);
                for (int i = 0; i < n; i++) result[i] = Long.hashCode(values[i]);
            }
        }
        return result;
    }

    /// Refused by both devices, in the same words.
    void assertRefused(BiConsumer<Device, Device> operation) {
        List<String> messages = new ArrayList<>();
        for (Device d : Arrays.asList(cpu, gpu)) {
            try {
                operation.accept(d, d);
                // What a kernel found is said when something is read.
                if (d == gpu) gpu.read(touched, 0, new float[1]);
                messages.add("accepted");
            } catch (IllegalArgumentException e) {
                messages.add(e.getMessage());
            }
        }
        assertEquals(messages.get(0), messages.get(1), "the GPU's words beside the CPU's");
        if (messages.get(0).equals("accepted")) fail("neither device refused");
    }

    /// Refused by the GPU alone, in words with these parts.
    void assertGpuRefuses(Consumer<Device> operation, String... parts) {
        String message = assertThrows(IllegalArgumentException.class, () -> operation.accept(gpu)).getMessage();
        for (String part : parts) assertTrue(message.contains(part), message);
    }

    @Override public void close() {
        open.forEach(Buffer::close);
        cpu.close();
        gpu.close();
    }
}
