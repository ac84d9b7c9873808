package lucid.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;

/// The frame of all families: every datum exists twice, on the tested device and on the textbook device, as a [Twin].
/// A kernel is run on both and its outputs are compared, including the memory around a strided view, which must not change.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DeviceContract {
    /// What lies around a view; no kernel may write it.
    private static final float CANARY = 7.25f;

    private final Supplier<Device> factory;
    private final List<Buffer> open = new ArrayList<>();
    Device tested;
    Device oracle;
    Random random;
    /// How views are laid out: 0 is dense, otherwise rows are this much further apart and start at an odd offset.
    int gap;

    DeviceContract(Supplier<Device> factory) { this.factory = factory; }

    @BeforeAll void start() {
        tested = factory.get();
        oracle = new ReferenceDevice();
    }

    @BeforeEach void seed() {
        random = new Random(20260101);
        gap = 0;
    }

    /// A kernel that keeps memory of its own after a call would show here.
    @AfterEach void noLeak() {
        open.forEach(Buffer::close);
        open.clear();
        assertEquals(0, tested.liveBytes(), "bytes that the device still holds after the test closed its buffers");
    }

    @AfterAll void stop() {
        // Without the GPU that was asked for, start() has skipped the family.
        if (tested == null) return;
        tested.close();
        oracle.close();
    }

    /// The two copies of one matrix.
    record Twin(Matrix tested, Matrix oracle) {
        Matrix on(Side side) { return side == Side.TESTED ? tested : oracle; }

        Twin rows(int from, int to) { return new Twin(tested.rows(from, to), oracle.rows(from, to)); }

        Twin cols(int from, int to) { return new Twin(tested.cols(from, to), oracle.cols(from, to)); }
    }

    /// The two copies of one buffer.
    record TwinBuffer(Buffer tested, Buffer oracle) {
        Buffer on(Side side) { return side == Side.TESTED ? tested : oracle; }
    }

    enum Side { TESTED, ORACLE }

    @FunctionalInterface interface Call {
        void run(Device device, Side side);
    }

    /// Runs a kernel on the tested device, then on the textbook.
    void both(Call call) {
        call.run(tested, Side.TESTED);
        call.run(oracle, Side.ORACLE);
    }

    // Data

    float[] uniform(int n, double from, double to) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) (from + (to - from) * random.nextDouble());
        return values;
    }

    /// f32 from the uniform distribution on [-1, 1].
    Twin random(int rows, int cols) { return random(rows, cols, -1, 1); }

    Twin random(int rows, int cols, double from, double to) { return matrix(DType.F32, rows, cols, uniform(rows * cols, from, to)); }

    Twin zeros(int rows, int cols) { return matrix(DType.F32, rows, cols, new float[rows * cols]); }

    Twin values(int rows, int cols, double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) floats[i] = (float) values[i];
        return matrix(DType.F32, rows, cols, floats);
    }

    /// A view with these elements in row-major order, laid out by [#gap], the canary around it.
    Twin matrix(DType type, int rows, int cols, float[] values) {
        int stride = cols + gap;
        int offset = gap == 0 ? 0 : gap + 2;
        float[] all = new float[offset + rows * stride + gap];
        Arrays.fill(all, CANARY);
        for (int r = 0; r < rows; r++) System.arraycopy(values, r * cols, all, offset + r * stride, cols);
        TwinBuffer b = buffer(type, all);
        return new Twin(new Matrix(b.tested, offset, rows, cols, stride), new Matrix(b.oracle, offset, rows, cols, stride));
    }

    TwinBuffer floats(float... values) { return buffer(DType.F32, values); }

    TwinBuffer ints(int... values) { return twin(DType.I32, values.length, values); }

    TwinBuffer bytes(byte... values) { return twin(DType.U8, values.length, values); }

    TwinBuffer buffer(DType type, float[] values) {
        if (type == DType.F32) return twin(type, values.length, values);
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = type == DType.BF16 ? (short) (Float.floatToRawIntBits(values[i]) >>> 16) : Float.floatToFloat16(values[i]);
        }
        return twin(type, bits.length, bits);
    }

    private TwinBuffer twin(DType type, int length, Object array) {
        TwinBuffer b = new TwinBuffer(tested.allocate(type, length), oracle.allocate(type, length));
        open.add(b.tested);
        open.add(b.oracle);
        tested.write(b.tested, 0, array);
        oracle.write(b.oracle, 0, array);
        return b;
    }

    // Reading

    static float[] read(Device device, Matrix m) {
        float[] all = read(device, m.buffer());
        float[] values = new float[m.rows() * m.cols()];
        for (int r = 0; r < m.rows(); r++) System.arraycopy(all, (int) (m.offset() + r * m.stride()), values, r * m.cols(), m.cols());
        return values;
    }

    /// Any float-like buffer as floats.
    static float[] read(Device device, Buffer b) {
        float[] values = new float[(int) b.length()];
        if (b.dtype() == DType.F32) {
            device.read(b, 0, values);
            return values;
        }
        short[] bits = new short[values.length];
        device.read(b, 0, bits);
        for (int i = 0; i < bits.length; i++)
            values[i] = b.dtype() == DType.BF16 ? Float.intBitsToFloat(bits[i] << 16) : Float.float16ToFloat(bits[i]);
        return values;
    }

    static int[] readInts(Device device, Buffer b) {
        int[] values = new int[(int) b.length()];
        device.read(b, 0, values);
        return values;
    }

    // Comparing

    /// The whole buffers behind a pair of views agree within `tolerance · max(1, |expected|)`: inside the view by arithmetic, outside because nobody
    /// wrote there.
    void assertSame(String what, Twin twin, double tolerance) {
        assertClose(what, read(oracle, twin.oracle.buffer()), read(tested, twin.tested.buffer()), tolerance);
    }

    void assertSame(String what, TwinBuffer twin, double tolerance) {
        assertClose(what, read(oracle, twin.oracle), read(tested, twin.tested), tolerance);
    }

    void assertSameInts(String what, TwinBuffer twin) { assertArrayEquals(readInts(oracle, twin.oracle), readInts(tested, twin.tested), what); }

    /// The tested device's matrix holds these numbers.
    void assertValues(String what, Twin twin, double tolerance, double... expected) {
        assertClose(what, toFloats(expected), read(tested, twin.tested), tolerance);
    }

    void assertValues(String what, TwinBuffer twin, double tolerance, double... expected) {
        assertClose(what, toFloats(expected), read(tested, twin.tested), tolerance);
    }

    private static float[] toFloats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) floats[i] = (float) values[i];
        return floats;
    }

    static void assertClose(String what, float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
            if (Float.compare(expected[i], actual[i]) == 0 || expected[i] == actual[i] || Math.abs((double) expected[i] - actual[i]) <= allowed)
                continue;
            fail(what + ": element " + i + " of " + expected.length + " is " + actual[i] + ", the textbook says " + expected[i]
                    + " (allowed difference " + allowed + ")");
        }
    }

    /// The call is refused by a message that names the operation and what was wanted.
    /// By the call, or, where that was about numbers on the device, by the next read.
    void assertRefused(String operation, Executable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> {
            call.execute();
            try (Buffer any = tested.allocate(DType.F32, 1)) {
                tested.write(any, 0, new float[1]);
                tested.read(any, 0, new float[1]);
            }
        });
        assertTrue(Pattern.compile(operation, Pattern.CASE_INSENSITIVE).matcher(e.getMessage()).find(), "the message names no " + operation + ": "
                + e.getMessage());
        assertTrue(e.getMessage().contains("wanted") || e.getMessage().contains("only"), "the message does not say what was wanted: "
                + e.getMessage());
    }

    // Derivatives

    /// `Σ weight · y`, in double: turns any output into one number whose gradient with respect to y is `weight`.
    double weighted(Matrix y, float[] weight) {
        float[] values = read(oracle, y);
        double sum = 0;
        for (int i = 0; i < values.length; i++) sum += (double) values[i] * weight[i];
        return sum;
    }

    /// The tested device's gradient against central differences of the textbook's forward, `(8(f₁ - f₋₁) - (f₂ - f₋₂)) / 12h` with h = 1/32.
    /// The forward's outputs are rounded to f32, which leaves about 1.5 · 2^-25 / h ≈ 1.4e-6 per output of size 1; 2e-4 allows for sums of a hundred
    /// outputs.
    void assertGradient(String what, Twin x, DoubleSupplier loss, Twin gradient) {
        float[] analytic = read(tested, gradient.tested);
        float h = 0x1p-5f;
        Matrix m = x.oracle;
        for (int r = 0; r < m.rows(); r++) {
            for (int c = 0; c < m.cols(); c++) {
                double[] f = new double[5];
                float[] cell = new float[1];
                long at = m.offset() + r * m.stride() + c;
                oracle.read(m.buffer(), at, cell);
                for (int i = -2; i <= 2; i++) {
                    oracle.write(m.buffer(), at, new float[] {cell[0] + i * h});
                    f[i + 2] = loss.getAsDouble();
                }
                oracle.write(m.buffer(), at, cell);
                double numeric = (8 * (f[3] - f[1]) - (f[4] - f[0])) / (12 * h);
                double found = analytic[r * m.cols() + c];
                assertEquals(numeric, found, 2e-4 * Math.max(1, Math.abs(numeric)), what + ": derivative with respect to element (" + r
                        + ", " + c + ")");
            }
        }
    }
}
