package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.simd.work.Workers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The bit contract of the matrix products, held against a scalar loop of `Math.fma`: whatever the shape, orientation, stride, dtype and number of
/// threads, every element is that one chain.
class MatMulChainTest {
    private final SimdDevice device = new SimdDevice(2);

    @AfterEach void close() { device.close(); }

    /// A matrix on the device with a copy of its values as the device sees them (widened), inside a larger buffer of noise.
    private record Sample(Matrix matrix, float[][] values) {
        float at(int r, int c, boolean transposed) { return transposed ? values[c][r] : values[r][c]; }

        void close() { matrix.buffer().close(); }
    }

    private Sample sample(SimdDevice on, SplittableRandom random, int rows, int cols, DType type, boolean strided) {
        int stride = cols + (strided ? random.nextInt(1, 9) : 0);
        int offset = strided ? random.nextInt(0, 7) : 0;
        int length = offset + rows * stride + 3;
        float[] all = new float[length];
        Buffer buffer = on.allocate(type, length);
        if (type == DType.F32) {
            for (int i = 0; i < length; i++) all[i] = (float) random.nextDouble(-1, 1);
            on.write(buffer, 0, all);
        } else {
            short[] bits = new short[length];
            for (int i = 0; i < length; i++) {
                float x = (float) random.nextDouble(-1, 1) * (random.nextInt(8) == 0 ? 1e-6f : 1f);
                bits[i] = type == DType.F16 ? Float.floatToFloat16(x) : (short) (Float.floatToIntBits(x) >> 16);
                all[i] = type == DType.F16 ? Float.float16ToFloat(bits[i]) : Float.intBitsToFloat(bits[i] << 16);
            }
            on.write(buffer, 0, bits);
        }
        float[][] values = new float[rows][];
        for (int r = 0; r < rows; r++) values[r] = Arrays.copyOfRange(all, offset + r * stride, offset + r * stride + cols);
        return new Sample(new Matrix(buffer, offset, rows, cols, stride), values);
    }

    private static float[] read(SimdDevice on, Matrix m) {
        float[] all = new float[Math.toIntExact(m.buffer().length())];
        on.read(m.buffer(), 0, all);
        float[] dense = new float[m.rows() * m.cols()];
        for (int r = 0; r < m.rows(); r++) System.arraycopy(all, (int) (m.offset() + r * m.stride()), dense, r * m.cols(), m.cols());
        return dense;
    }

    private static float chain(Sample a, boolean ta, Sample b, boolean tb, int i, int j, int from, int to, float start) {
        float acc = start;
        for (int p = from; p < to; p++) acc = Math.fma(a.at(i, p, ta), b.at(p, j, tb), acc);
        return acc;
    }

    private void product(SplittableRandom random, int m, int n, int k, boolean ta, boolean tb, DType type, boolean strided, boolean withBias,
            Accumulate mode) {
        Sample a = sample(device, random, ta ? k : m, ta ? m : k, DType.F32, strided);
        Sample b = sample(device, random, tb ? n : k, tb ? k : n, type, strided);
        Sample bias = withBias ? sample(device, random, 1, n, DType.F32, strided) : null;
        Sample c = sample(device, random, m, n, DType.F32, strided);
        float[] around = new float[Math.toIntExact(c.matrix.buffer().length())];
        device.read(c.matrix.buffer(), 0, around);
        device.matMul().multiply(a.matrix, ta, b.matrix, tb, withBias ? bias.matrix : null, mode, c.matrix);
        float[] wanted = around.clone();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float v = chain(a, ta, b, tb, i, j, 0, k, 0f);
                if (withBias) v += bias.values[0][j];
                if (mode == Accumulate.ADD) v = c.values[i][j] + v;
                wanted[(int) (c.matrix.offset() + i * c.matrix.stride() + j)] = v;
            }
        }
        float[] found = new float[around.length];
        device.read(c.matrix.buffer(), 0, found);
        assertArrayEquals(bits(wanted), bits(found), () -> "m=" + m + " n=" + n + " k=" + k + " ta=" + ta + " tb=" + tb + " " + type
                + " strided=" + strided
                + " bias=" + withBias + " " + mode);
        for (Sample s : new Sample[] {a, b, bias, c}) if (s != null) s.close();
    }

    private static int[] bits(float[] x) { return IntStream.range(0, x.length).map(i -> Float.floatToRawIntBits(x[i])).toArray(); }

    @Test void everyOrientationStrideAndTypeIsTheChain() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 400; round++) {
            int m = random.nextInt(1, 42);
            int n = random.nextInt(1, 80);
            int k = random.nextInt(0, 90);
            product(random, m, n, k, random.nextBoolean(), random.nextBoolean(), DType.values()[random.nextInt(3)], random.nextBoolean(),
                    random.nextBoolean(), random.nextBoolean() ? Accumulate.ADD : Accumulate.SET);
        }
    }

    @Test void longChainsAndManyRowsContinueThroughMemory() {
        SplittableRandom random = new SplittableRandom(2);
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                product(random, 3, 70, 1500, ta, tb, DType.BF16, true, true, Accumulate.ADD);
                product(random, 500, 45, 700, ta, tb, DType.F32, false, true, Accumulate.ADD);
                product(random, 1300, 33, 257, ta, tb, DType.F32, true, false, Accumulate.SET);
            }
        }
        product(random, 300, 2500, 1000, false, true, DType.F32, false, false, Accumulate.ADD);
        for (boolean ta : new boolean[] {false, true}) {
            product(random, 110, 460, 800, ta, false, DType.F32, true, true, Accumulate.SET);
            product(random, 250, 137, 1030, ta, true, DType.BF16, true, false, Accumulate.ADD);
            product(random, 60, 1100, 600, ta, false, ta ? DType.BF16 : DType.F32, true, false, Accumulate.SET);
        }
    }

    @Test void manyRowsTimesASmallFactorAndLongSumsIntoASmallResult() {
        SplittableRandom random = new SplittableRandom(10);
        for (boolean t : new boolean[] {false, true}) {
            product(random, 3511, 75, 131, t, t, t ? DType.BF16 : DType.F32, t, !t, t ? Accumulate.ADD : Accumulate.SET);
            product(random, 3500, 96, 128, t, !t, DType.F32, !t, false, Accumulate.ADD);
            product(random, 66, 75, 6900, true, t, t ? DType.BF16 : DType.F32, t, !t, t ? Accumulate.ADD : Accumulate.SET);
        }
    }

    /// Left factors above 6 MiB, and chains of more than 2048 links.
    @Test void aLargeLeftFactorPassesInChunks() {
        SplittableRandom random = new SplittableRandom(12);
        product(random, 701, 77, 2300, false, true, DType.F32, true, true, Accumulate.SET);
        product(random, 690, 300, 2290, true, false, DType.F32, true, false, Accumulate.ADD);
        product(random, 702, 544, 2280, false, false, DType.BF16, false, false, Accumulate.SET);
        product(random, 230, 75, 2300, false, true, DType.BF16, true, false, Accumulate.SET);
    }

    @Test void fewRowsTimesAWeightWhoseRowsAreWholePages() {
        SplittableRandom random = new SplittableRandom(11);
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            for (int m : new int[] {1, 2, 3, 8}) {
                product(random, m, 110, 4096 / type.bytes(), false, true, type, false, m == 2, m == 3 ? Accumulate.ADD : Accumulate.SET);
                product(random, m, 96, 8192 / type.bytes(), false, true, type, false, false, Accumulate.SET);
            }
        }
        product(random, 4, 33, 3 * 1024, false, true, DType.F32, false, false, Accumulate.SET);
    }

    /// Each of the 65536 alone in a chain of zeros.
    @Test void fewRowsWidenEveryHalf() {
        int k = 64;
        Buffer w = device.allocate(DType.F16, (1 << 16) * k);
        short[] bits = new short[(1 << 16) * k];
        for (int i = 0; i < 1 << 16; i++) bits[i * k + i % k] = (short) i;
        device.write(w, 0, bits);
        Buffer x = device.allocate(DType.F32, k);
        float[] ones = new float[k];
        Arrays.fill(ones, 1);
        device.write(x, 0, ones);
        Matrix y = Matrix.of(device.allocate(DType.F32, 1 << 16), 1, 1 << 16);
        device.matMul().multiply(Matrix.of(x, 1, k), false, Matrix.of(w, 1 << 16, k), true, null, Accumulate.SET, y);
        float[] found = read(device, y);
        for (int i = 0; i < 1 << 16; i++) {
            float wanted = Float.float16ToFloat((short) i) + 0f;
            assertEquals(wanted, found[i], "f16 bits " + Integer.toHexString(i));
        }
        w.close();
        x.close();
        y.buffer().close();
    }

    @Test void emptyShapes() {
        SplittableRandom random = new SplittableRandom(3);
        for (int[] s : new int[][] {{0, 5, 3}, {5, 0, 3}, {5, 3, 0}, {0, 0, 0}, {1, 1, 1}}) {
            product(random, s[0], s[1], s[2], false, true, DType.F32, false, true, Accumulate.SET);
            product(random, s[0], s[1], s[2], true, false, DType.F32, false, true, Accumulate.ADD);
        }
    }

    @Test void chainsContinueAcrossCalls() {
        SplittableRandom random = new SplittableRandom(4);
        for (int[] s : new int[][] {{5, 37, 61}, {40, 64, 130}, {300, 50, 900}, {1, 33, 1000}}) {
            Sample a = sample(device, random, s[0], s[2], DType.F32, true);
            Sample b = sample(device, random, s[1], s[2], DType.F32, false);
            Sample whole = sample(device, random, s[0], s[1], DType.F32, true);
            Sample cut = sample(device, random, s[0], s[1], DType.F32, true);
            int at = random.nextInt(1, s[2]);
            device.matMul().multiply(a.matrix, false, b.matrix, true, null, Accumulate.SET, whole.matrix);
            device.matMul().multiply(a.matrix.cols(0, at), false, b.matrix.cols(0, at), true, null, Accumulate.SET, cut.matrix);
            device.matMul().multiplyContinue(a.matrix.cols(at, s[2]), false, b.matrix.cols(at, s[2]), true, cut.matrix);
            assertArrayEquals(bits(read(device, whole.matrix)), bits(read(device, cut.matrix)));
        }
    }

    @Test void weightGradientIsOneChainPerGroup() {
        SplittableRandom random = new SplittableRandom(5);
        for (int[] offsets : new int[][] {{0, 7, 7, 30}, {0, 1, 2, 3}, {0, 900}, {0, 300, 310, 1000, 1001}, {0, 0}, {0},
            {0, 105, 210, 210, 225, 640, 641, 1041, 3000, 11_000}}) {
            RowGroups groups = new RowGroups(offsets);
            Sample dy = sample(device, random, groups.rows(), 45, DType.F32, true);
            Sample x = sample(device, random, groups.rows(), 70, DType.F32, true);
            Sample dw = sample(device, random, 45, 70, DType.F32, true);
            device.matMul().gradWeight(dy.matrix, x.matrix, groups, dw.matrix);
            float[] wanted = new float[45 * 70];
            for (int i = 0; i < 45; i++) {
                for (int j = 0; j < 70; j++) {
                    float v = dw.values[i][j];
                    for (int g = 0; g < groups.count(); g++) {
                        if (groups.to(g) > groups.from(g)) v += chain(dy, true, x, false, i, j, groups.from(g), groups.to(g), 0f);
                    }
                    wanted[i * 70 + j] = v;
                }
            }
            assertArrayEquals(bits(wanted), bits(read(device, dw.matrix)), groups.toString());
        }
    }

    @Test void gradientOfManyRowsAndWideWeights() {
        SplittableRandom random = new SplittableRandom(6);
        gradientInTwoCalls(random, 600, 40);
        gradientInTwoCalls(random, 170, 230);
    }

    private void gradientInTwoCalls(SplittableRandom random, int outputs, int inputs) {
        RowGroups groups = new RowGroups(0, 400, 1100);
        Sample dy = sample(device, random, 1100, outputs, DType.F32, false);
        Sample x = sample(device, random, 1100, inputs, DType.F32, false);
        Sample one = sample(device, random, outputs, inputs, DType.F32, false);
        Buffer copy = device.allocate(DType.F32, one.matrix.buffer().length());
        float[] start = new float[(int) copy.length()];
        device.read(one.matrix.buffer(), 0, start);
        device.write(copy, 0, start);
        Matrix two = new Matrix(copy, one.matrix.offset(), outputs, inputs, one.matrix.stride());
        device.matMul().gradWeight(dy.matrix, x.matrix, groups, one.matrix);
        device.matMul().gradWeight(dy.matrix.rows(0, 400), x.matrix.rows(0, 400), RowGroups.single(400), two);
        device.matMul().gradWeight(dy.matrix.rows(400, 1100), x.matrix.rows(400, 1100), RowGroups.single(700), two);
        assertArrayEquals(bits(read(device, one.matrix)), bits(read(device, two)));
        Random pick = new Random(7);
        float[] found = read(device, one.matrix);
        for (int t = 0; t < 200; t++) {
            int i = pick.nextInt(outputs);
            int j = pick.nextInt(inputs);
            float wanted = one.values[i][j] + chain(dy, true, x, false, i, j, 0, 400, 0f) + chain(dy, true, x, false, i, j, 400, 1100, 0f);
            assertEquals(Float.floatToRawIntBits(wanted), Float.floatToRawIntBits(found[i * inputs + j]));
        }
    }

    @Test void rowsAloneEqualRowsInAnyBatchWithAnyThreads() {
        SplittableRandom random = new SplittableRandom(8);
        int rows = 61;
        int n = 200;
        int k = 330;
        Sample a = sample(device, random, rows, k, DType.F32, false);
        Sample w = sample(device, random, n, k, DType.BF16, false);
        Buffer out = device.allocate(DType.F32, (long) rows * n);
        Matrix all = Matrix.of(out, rows, n);
        device.matMul().multiply(a.matrix, false, w.matrix, true, null, Accumulate.SET, all);
        int[] wanted = bits(read(device, all));
        for (int threads = 1; threads <= 4; threads++) {
            Workers workers = new Workers(threads);
            SimdMatMul products = new SimdMatMul(workers);
            for (int size : new int[] {1, 2, 5, 13, 61}) {
                device.write(out, 0, new float[rows * n]);
                for (int r = 0; r < rows; r += size) {
                    int to = Math.min(rows, r + size);
                    products.multiply(a.matrix.rows(r, to), false, w.matrix, true, null, Accumulate.SET, all.rows(r, to));
                }
                assertArrayEquals(wanted, bits(read(device, all)), threads + " threads, " + size + " rows at a time");
            }
            workers.close();
        }
    }

    @Test void largeProductsAreTheSameWithAnyThreads() {
        SplittableRandom random = new SplittableRandom(9);
        Sample a = sample(device, random, 210, 900, DType.F32, true);
        Sample w = sample(device, random, 310, 900, DType.F32, false);
        Matrix out = Matrix.of(device.allocate(DType.F32, 210 * 310), 210, 310);
        device.matMul().multiply(a.matrix, false, w.matrix, true, null, Accumulate.SET, out);
        int[] wanted = bits(read(device, out));
        for (int threads : new int[] {1, 3, 4}) {
            device.write(out.buffer(), 0, new float[210 * 310]);
            try (Workers workers = new Workers(threads)) {
                new SimdMatMul(workers).multiply(a.matrix, false, w.matrix, true, null, Accumulate.SET, out);
            }
            assertArrayEquals(wanted, bits(read(device, out)), threads + " threads");
        }
    }

    @Test void wrongArgumentsAreNamed() {
        Buffer x = device.allocate(DType.F32, 100);
        Buffer y = device.allocate(DType.F32, 100);
        Matrix a = Matrix.of(x, 4, 5);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> device.matMul().multiply(a, false, Matrix.of(y, 4, 5), false, null, Accumulate.SET, Matrix.of(y, 4, 5)));
        assertTrue(e.getMessage().contains("k = 5") && e.getMessage().contains("k = 4"), e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> device.matMul().multiply(a, false, Matrix.of(y, 5, 4), false, null, Accumulate.SET,
                Matrix.of(x, 4, 4)));
        assertTrue(e.getMessage().contains("overlaps a"), e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> device.matMul().gradWeight(a, a, RowGroups.single(3), Matrix.of(y, 5, 5)));
        assertTrue(e.getMessage().contains("cover 3 rows"), e.getMessage());
    }
}
