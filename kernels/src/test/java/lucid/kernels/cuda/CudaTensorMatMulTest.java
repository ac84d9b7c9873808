package lucid.kernels.cuda;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.ReferenceDevice;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Products on tensor cores against the textbook on the rounded factors, and the row law within the variant.
///
/// Tolerance: products of bf16 are exact, so only the sums round: k / 16 times in the emulator, at most once a product on hardware. As in the
/// contract's suite, 2^-22 max(4, k).
class CudaTensorMatMulTest {
    private static final EmulatedGpu.Settings SETTINGS = new EmulatedGpu.Settings(90, Schedule.RANDOM, Timing.RANDOM, 5, 2);

    /// The nearest bf16, ties to even, as an f32.
    private static float rounded(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000);
    }

    private static double tolerance(int k) { return 0x1p-22 * Math.max(4, k); }

    /// A device and the buffers of a test.
    private record Side(Device device, List<Buffer> open) implements AutoCloseable {
        Side(Device device) { this(device, new ArrayList<>()); }

        Matrix matrix(DType type, int rows, int cols, int gap, float[] values) {
            int offset = gap == 0 ? 0 : gap + 2;
            float[] all = new float[offset + rows * (cols + gap)];
            for (int r = 0; r < rows; r++) System.arraycopy(values, r * cols, all, offset + r * (cols + gap), cols);
            Buffer buffer = device.allocate(type, all.length);
            open.add(buffer);
            short[] bits = new short[all.length];
            for (int i = 0; i < bits.length; i++)
                bits[i] = type == BF16 ? (short) (Float.floatToRawIntBits(all[i]) >>> 16) : Float.floatToFloat16(all[i]);
            device.write(buffer, 0, type == F32 ? all : bits);
            return new Matrix(buffer, offset, rows, cols, cols + gap);
        }

        float[] read(Matrix m) {
            float[] all = new float[(int) m.buffer().length()];
            device.read(m.buffer(), 0, all);
            return all;
        }

        @Override public void close() {
            open.forEach(Buffer::close);
            assertEquals(0, device.liveBytes(), "bytes that are still held");
            device.close();
        }
    }

    private static float[] random(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) random.nextDouble(-1, 1);
        return values;
    }

    private static float[] rounded(float[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) result[i] = rounded(values[i]);
        return result;
    }

    /// Not by `wgmma`: a card whose blocks have little shared memory.
    private static Device gpu(Precision precision) {
        int capability = precision == Precision.WGMMA ? 90 : 89;
        return new CudaDevice(TestGpu.open(new EmulatedGpu.Settings(capability, Schedule.RANDOM, Timing.RANDOM, 5, 2)), precision);
    }

    @ParameterizedTest(name = "[{0}, {2}] x [{2}, {1}], gap {3}")
    @CsvSource({"1,1,1,0", "3,5,0,1", "2,3,4,1", "5,130,70,0", "130,7,33,3", "129,140,129,6", "64,64,32,0", "70,33,260,1", "130,300,70,0",
            "16,40,1100,0", "40,70,600,0"})
    void everyOrientationTypeAndMode(int m, int n, int k, int gap) {
        for (int orientation = 0; orientation < 4; orientation++) {
            boolean ta = (orientation & 1) != 0;
            boolean tb = (orientation & 2) != 0;
            for (DType type : new DType[] {F32, BF16, F16}) check(Precision.TENSOR, m, n, k, gap, ta, tb, type);
            check(Precision.WGMMA, m, n, k, gap, ta, tb, F32);
        }
    }

    private static void check(Precision precision, int m, int n, int k, int gap, boolean ta, boolean tb, DType type) {
        float[] a = random(m * k, 1);
        float[] b = random(k * n, 2);
        // An f16 is rounded twice on its way to bf16; a number that bf16 holds and f16 too is not rounded at all.
        if (type != F32) b = rounded(b);
        float[][] found = new float[2][];
        try (Side gpu = new Side(gpu(precision)); Side textbook = new Side(new ReferenceDevice())) {
            for (Side s : List.of(gpu, textbook)) {
                boolean exact = s == textbook;
                Matrix left = s.matrix(F32, ta ? k : m, ta ? m : k, gap, exact ? rounded(a) : a);
                Matrix right = s.matrix(type, tb ? n : k, tb ? k : n, gap, exact ? rounded(b) : b);
                Matrix bias = s.matrix(F32, 1, n, gap, random(n, 3));
                Matrix c = s.matrix(F32, m, n, gap, random(m * n, 4));
                Matrix d = s.matrix(F32, m, n, gap, random(m * n, 5));
                s.device.matMul().multiply(left, ta, right, tb, null, Accumulate.SET, c);
                s.device.matMul().multiply(left, ta, right, tb, bias, Accumulate.ADD, d);
                s.device.matMul().multiplyContinue(left, ta, right, tb, d);
                float[] x = s.read(c);
                float[] y = s.read(d);
                float[] both = new float[x.length + y.length];
                System.arraycopy(x, 0, both, 0, x.length);
                System.arraycopy(y, 0, both, x.length, y.length);
                found[exact ? 1 : 0] = both;
            }
        }
        for (int i = 0; i < found[0].length; i++) {
            assertEquals(found[1][i], found[0][i], 4 * tolerance(k), type + " " + (ta ? "t" : "n") + (tb ? "t" : "n") + ", element " + i);
        }
    }

    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void gradientOfAWeight(Precision precision) {
        float[][] found = new float[2][];
        float[] dy = random(70 * 33, 1);
        float[] x = random(70 * 130, 2);
        try (Side gpu = new Side(gpu(precision)); Side textbook = new Side(new ReferenceDevice())) {
            for (Side s : List.of(gpu, textbook)) {
                boolean exact = s == textbook;
                Matrix dw = s.matrix(F32, 33, 130, 1, random(33 * 130, 3));
                s.device.matMul().gradWeight(s.matrix(F32, 70, 33, 1, exact ? rounded(dy) : dy), s.matrix(F32, 70, 130, 1, exact ? rounded(x) : x),
                        new RowGroups(0, 0, 37, 70), dw);
                found[exact ? 1 : 0] = s.read(dw);
            }
        }
        assertArrayEquals(found[1], found[0], (float) (4 * tolerance(70)));
    }

    /// A row alone, among others, and at another place of a tile: the same bits.
    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void rowsDoNotKnowOfEachOther(Precision precision) {
        try (Side s = new Side(gpu(precision))) {
            int k = 200;
            int n = 140;
            Matrix w = s.matrix(BF16, n, k, 0, rounded(random(n * k, 1)));
            Matrix x = s.matrix(F32, 150, k, 0, random(150 * k, 2));
            Matrix all = s.matrix(F32, 150, n, 0, new float[150 * n]);
            s.device.matMul().multiply(x, false, w, true, null, Accumulate.SET, all);
            float[] expected = s.read(all);
            for (int[] range : new int[][] {{0, 1}, {17, 18}, {149, 150}, {3, 40}, {20, 36}, {83, 150}, {100, 150}}) {
                Matrix part = s.matrix(F32, range[1] - range[0], n, 0, new float[(range[1] - range[0]) * n]);
                s.device.matMul().multiply(x.rows(range[0], range[1]), false, w, true, null, Accumulate.SET, part);
                assertArrayEquals(Arrays.copyOfRange(expected, range[0] * n, range[1] * n), s.read(part),
                        "rows " + range[0] + " .. " + (range[1] - 1));
            }
        }
    }

    /// Activated and gated products have the bits of their parts, for any number of rows, on any numbers.
    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void activatedAndGatedHaveTheBitsOfTheirParts(Precision precision) {
        try (Side s = new Side(gpu(precision))) {
            int k = 200;
            int n = 140;
            Matrix gate = s.matrix(BF16, n, k, 0, rounded(random(n * k, 1))), up = s.matrix(F32, n, k, 3, random(n * k, 2));
            Matrix bias = s.matrix(F32, 1, n, 0, random(n, 3)), x = s.matrix(F32, 150, k, 0, random(150 * k, 4));
            Matrix gates = s.matrix(F32, 150, n, 0, new float[150 * n]), ups = s.matrix(F32, 150, n, 0, new float[150 * n]);
            MatMul products = s.device.matMul();
            for (Activation f : Activation.values()) {
                products.multiply(x, false, up, true, bias, Accumulate.SET, ups);
                s.device.elementwise().unary(f.unary(), ups, ups);
                sameRows(s, ups, (from, to, c) -> products.multiplyActivated(x.rows(from, to), up, bias, f, c));
            }
            for (Matrix second : List.of(up, s.matrix(BF16, n, k, 1, rounded(random(n * k, 5))))) {
                Matrix first = second == up ? s.matrix(F32, n, k, 0, random(n * k, 6)) : gate;
                products.multiply(x, false, first, true, null, Accumulate.SET, gates);
                products.multiply(x, false, second, true, null, Accumulate.SET, ups);
                s.device.elementwise().swiGlu(gates, ups, gates);
                sameRows(s, gates, (from, to, c) -> products.multiplyGated(x.rows(from, to), first, second, c));
            }
        }
    }

    private interface RowRange {
        void into(int from, int to, Matrix c);
    }

    private static void sameRows(Side s, Matrix all, RowRange product) {
        int n = all.cols();
        float[] expected = s.read(all);
        for (int[] range : new int[][] {{0, 150}, {0, 1}, {17, 18}, {20, 36}, {83, 150}, {100, 150}}) {
            Matrix part = s.matrix(F32, range[1] - range[0], n, 0, new float[(range[1] - range[0]) * n]);
            product.into(range[0], range[1], part);
            assertArrayEquals(Arrays.copyOfRange(expected, range[0] * n, range[1] * n), s.read(part), "rows " + range[0] + " .. " + (range[1] - 1));
        }
    }

    @Test void theChoiceIsAnnounced() {
        try (Device d = gpu(Precision.WGMMA)) {
            assertTrue(d.description().contains("bf16 factors in products, attention and patch embedding (WGMMA)"), d.description());
        }
        EmulatedGpu ampere = new EmulatedGpu(new EmulatedGpu.Settings(80, Schedule.ROUND_ROBIN, Timing.LATE, 1, 1));
        String message = assertThrows(IllegalArgumentException.class, () -> new CudaDevice(ampere, Precision.WGMMA)).getMessage();
        assertTrue(message.contains("8.0; wanted 9.0"), message);
    }

    /// Small whole numbers: every order of the sums gives the CPU's bits.
    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (int[] shape : new int[][] {{130, 140, 300, 0}, {140, 130, 44, 1}, {150, 300, 300, 2}, {130, 260, 76, 3}, {40, 40, 812, 2},
                {16, 20, 1324, 2}}) {
            for (boolean hopper : new boolean[] {false, true})
                cases.add(new BitCase(Arrays.toString(shape) + (hopper ? " wgmma" : " mma"), bits -> whole(bits, shape, hopper)));
        }
        for (int[] shape : new int[][] {{130, 76, 300}, {150, 129, 72}, {40, 39, 812}, {16, 20, 1324}, {3, 33, 0}}) {
            for (boolean hopper : new boolean[] {false, true})
                cases.add(new BitCase("activated " + Arrays.toString(shape) + (hopper ? " wgmma" : " mma"), bits -> activated(bits, shape, hopper)));
        }
        for (boolean hopper : new boolean[] {false, true})
            cases.add(new BitCase("gradient over groups" + (hopper ? " wgmma" : " mma"), bits -> groups(bits, hopper)));
        return cases;
    }

    /// Eighths times sixteenths: sums are exact and near enough to 0 for every activation to show.
    private static void activated(Bits bits, int[] s, boolean hopper) {
        Twin a = bits.matrix(s[0], s[2], Layout.ODD, _ -> bits.random.nextInt(-4, 5) / 8.0);
        Twin gate = bits.matrix(s[1], s[2], Layout.ODD, _ -> bits.random.nextInt(-4, 5) / 16.0),
                up = bits.matrix(s[1], s[2], Layout.ODD, _ -> bits.random.nextInt(-4, 5) / 16.0);
        Twin bias = bits.matrix(1, s[1], Layout.ODD, _ -> bits.random.nextInt(-4, 5) / 8.0);
        MatMul tensor = bits.tensorProducts(hopper);
        for (Layout layout : List.of(Layout.ODD, Layout.ALIGNED)) {
            Twin c = bits.random(s[0], s[1], layout);
            for (Activation f : Activation.values()) {
                bits.cpu.matMul().multiplyActivated(a.onCpu(), gate.onCpu(), bias.onCpu(), f, c.onCpu());
                tensor.multiplyActivated(a.onGpu(), gate.onGpu(), bias.onGpu(), f, c.onGpu());
                bits.assertSame(f.name(), c);
            }
            bits.cpu.matMul().multiplyGated(a.onCpu(), gate.onCpu(), up.onCpu(), c.onCpu());
            tensor.multiplyGated(a.onGpu(), gate.onGpu(), up.onGpu(), c.onGpu());
            bits.assertSame("gated", c);
        }
    }

    private static void groups(Bits bits, boolean hopper) {
        Twin dy = bits.matrix(101, 130, Layout.ODD, _ -> bits.random.nextInt(-4, 5)),
                x = bits.matrix(101, 140, Layout.ODD, _ -> bits.random.nextInt(-4, 5));
        Twin dw = bits.matrix(130, 140, Layout.ODD, _ -> bits.random.nextInt(-4, 5));
        RowGroups groups = new RowGroups(0, 0, 37, 38, 38, 101);
        bits.cpu.matMul().gradWeight(dy.onCpu(), x.onCpu(), groups, dw.onCpu());
        bits.tensorProducts(hopper).gradWeight(dy.onGpu(), x.onGpu(), groups, dw.onGpu());
        bits.assertSame("dw", dw);
    }

    /// The law of micro-batches: groups in one call, or each in its own, give the same bits.
    @ParameterizedTest @EnumSource(names = {"TENSOR", "WGMMA"}) void groupsOneByOneGiveTheSameBits(Precision precision) {
        try (Side s = new Side(gpu(precision))) {
            Matrix dy = s.matrix(F32, 90, 40, 0, random(90 * 40, 1)), x = s.matrix(F32, 90, 50, 0, random(90 * 50, 2));
            Matrix together = s.matrix(F32, 40, 50, 0, random(2000, 3)), single = s.matrix(F32, 40, 50, 0, random(2000, 3));
            RowGroups groups = new RowGroups(0, 33, 70, 90);
            s.device.matMul().gradWeight(dy, x, groups, together);
            groups.forEach((from, to) -> s.device.matMul().gradWeight(dy.rows(from, to), x.rows(from, to), RowGroups.single(to - from), single));
            assertArrayEquals(s.read(single), s.read(together));
        }
    }

    private static void whole(Bits bits, int[] s, boolean hopper) {
        boolean ta = (s[3] & 1) != 0;
        boolean tb = (s[3] & 2) != 0;
        Twin a = bits.matrix(ta ? s[2] : s[0], ta ? s[0] : s[2], Layout.ODD, _ -> bits.random.nextInt(-4, 5));
        Twin b = bits.matrix(tb ? s[1] : s[2], tb ? s[2] : s[1], Layout.ODD, _ -> bits.random.nextInt(-4, 5));
        Twin bias = bits.matrix(1, s[1], Layout.ODD, _ -> bits.random.nextInt(-4, 5));
        for (Layout layout : List.of(Layout.ODD, Layout.ALIGNED)) {
            Twin c = bits.matrix(s[0], s[1], layout, _ -> bits.random.nextInt(-4, 5));
            MatMul tensor = bits.tensorProducts(hopper);
            bits.cpu.matMul().multiply(a.onCpu(), ta, b.onCpu(), tb, bias.onCpu(), Accumulate.ADD, c.onCpu());
            tensor.multiply(a.onGpu(), ta, b.onGpu(), tb, bias.onGpu(), Accumulate.ADD, c.onGpu());
            bits.assertSame("added", c);
            bits.cpu.matMul().multiplyContinue(a.onCpu(), ta, b.onCpu(), tb, c.onCpu());
            tensor.multiplyContinue(a.onGpu(), ta, b.onGpu(), tb, c.onGpu());
            bits.assertSame("continued", c);
        }
    }

    @TestFactory Stream<DynamicTest> wholeNumbersHaveTheCpusBits() {
        return cases().stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            try (Bits bits = new Bits(TestGpu.open(SETTINGS))) {
                c.body().accept(bits);
            }
        }));
    }
}
