package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.math.ScalarMath;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Log-probabilities on tensor cores. Factors are multiples of 1/8 whose products and sums f32 holds, so every order of a product's sum gives the
/// same logits, and the rest must have the bits of [StripOrder]; with other factors, the bits of the same device's own logits.
class CudaTensorLogprobTest {
    private static final List<EmulatedGpu.Settings> SETTINGS = List.of(new EmulatedGpu.Settings(90, Schedule.ROUND_ROBIN, Timing.LATE, 1, 2),
            new EmulatedGpu.Settings(90, Schedule.RANDOM, Timing.RANDOM, 2, 2));
    private static final int CHUNK = 1 << 25;

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (int[] s : new int[][] {{1, 1}, {3, 17}, {2, 2048}, {5, 2049}, {2, 6150}, {3, 1090}}) {
            cases.add(new BitCase("log-probabilities of logits " + s[0] + " x " + s[1], b -> ofLogits(b, s[0], s[1], false)));
        }
        cases.add(new BitCase("forbidden tokens", b -> ofLogits(b, 3, 4200, true)));
        for (boolean hopper : new boolean[] {false, true}) {
            String name = hopper ? " (wgmma)" : " (mma)";
            for (int[] s : new int[][] {{1, 3, 1}, {5, 9, 70}, {130, 44, 300}, {70, 33, 1100}, {130, 76, 2118}}) {
                cases.add(new BitCase("from hidden states " + Arrays.toString(s) + name,
                        b -> forward(b, s[0], s[1], s[2], hopper, s[1] % 2 == 0 ? DType.BF16 : DType.F32)));
            }
            cases.add(new BitCase("as of logits" + name, b -> sameAsOfLogits(b, 37, 200, 2200, hopper)));
            for (int[] s : new int[][] {{5, 9, 70}, {130, 140, 131}, {70, 72, 300}}) {
                cases.add(new BitCase("gradients " + Arrays.toString(s) + name, b -> backward(b, s[0], s[1], s[2], hopper)));
            }
        }
        return cases;
    }

    private static LogProb op(Bits b, boolean hopper) { return b.tensorLogProb(hopper, CHUNK); }

    private static float[] read(Bits b, Buffer buffer) {
        float[] values = new float[Math.toIntExact(buffer.length())];
        b.gpu.read(buffer, 0, values);
        return values;
    }

    /// The view's values in row-major order.
    private static float[] read(Bits b, Matrix m) {
        float[] all = read(b, m.buffer());
        float[] values = new float[m.rows() * m.cols()];
        for (int r = 0; r < m.rows(); r++) System.arraycopy(all, (int) (m.offset() + r * m.stride()), values, r * m.cols(), m.cols());
        return values;
    }

    private record Outputs(Buffer logProb, Buffer entropy, Buffer lse) {
        static Outputs of(Bits b, int rows) { return new Outputs(fresh(b, rows), fresh(b, rows), fresh(b, rows)); }

        /// Log-probabilities, entropies, lses.
        float[] read(Bits b) {
            float[] all = new float[3 * Math.toIntExact(lse.length())];
            int at = 0;
            for (Buffer buffer : List.of(logProb, entropy, lse)) {
                float[] part = CudaTensorLogprobTest.read(b, buffer);
                System.arraycopy(part, 0, all, at, part.length);
                at += part.length;
            }
            return all;
        }
    }

    private static Buffer fresh(Bits b, int n) { return b.random(1, n, Layout.DENSE).onGpu().buffer(); }

    private static int[] targets(Bits b, int rows, int cols) {
        int[] targets = b.random.ints(rows, 0, cols).toArray();
        targets[rows - 1] = cols - 1;
        return targets;
    }

    private static float[] expected(float[][] logits, int[] targets, float temperature) {
        int rows = logits.length;
        float[] all = new float[3 * rows];
        for (int r = 0; r < rows; r++) {
            float[] row = StripOrder.row(logits[r], targets[r], temperature);
            for (int i = 0; i < 3; i++) all[i * rows + r] = row[i];
        }
        return all;
    }

    private static void ofLogits(Bits b, int rows, int cols, boolean forbidden) {
        float[] special = {0f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, Float.POSITIVE_INFINITY};
        float[][] logits = new float[rows][cols];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                float x = (float) (b.random.nextDouble(-12, 12) + c * 1e-3);
                if (forbidden && r == 0 && c % 997 == 5) x = special[c / 997];
                if (forbidden && r == 1 && (c < 2048 || c > 3080 || c % 3 == 0)) x = Float.NEGATIVE_INFINITY;
                if (forbidden && r == 2 && c != 3100) x = Float.NEGATIVE_INFINITY;
                logits[r][c] = x;
            }
        }
        int[] targets = targets(b, rows, cols);
        Buffer t = b.ints(targets).onGpu();
        for (Layout layout : List.of(Layout.DENSE, Layout.ODD)) {
            Twin x = b.matrix(rows, cols, layout, i -> logits[i / cols][i % cols]);
            for (float temperature : new float[] {1, 0.7f}) {
                Outputs out = Outputs.of(b, rows);
                op(b, false).ofLogits(x.onGpu(), t, temperature, out.logProb, out.entropy, out.lse);
                assertArrayEquals(expected(logits, targets, temperature), out.read(b), "temperature " + temperature);
            }
        }
    }

    /// Multiples of 1/8 that bf16 holds.
    private static float[] eighths(Bits b, int n, int most) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = b.random.nextInt(-most, most + 1) / 8f;
        return values;
    }

    private static float[][] product(float[] hidden, float[] head, int rows, int width, int vocabulary) {
        float[][] logits = new float[rows][vocabulary];
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vocabulary; v++) {
                float sum = 0;
                for (int k = 0; k < width; k++) sum += hidden[r * width + k] * head[v * width + k];
                logits[r][v] = sum;
            }
        }
        return logits;
    }

    private static Twin head(Bits b, int vocabulary, int width, float[] values, DType type) {
        if (type == DType.F32) return b.matrix(vocabulary, width, Layout.ODD, i -> values[i]);
        return b.matrix(type, vocabulary, width, Layout.DENSE, i -> Float.floatToRawIntBits(values[i]) >>> 16);
    }

    private static void forward(Bits b, int rows, int width, int vocabulary, boolean hopper, DType type) {
        float[] hidden = eighths(b, rows * width, 12);
        float[] head = eighths(b, vocabulary * width, 9);
        float[][] logits = product(hidden, head, rows, width, vocabulary);
        Twin h = b.matrix(rows, width, Layout.ODD, i -> hidden[i]);
        Twin w = head(b, vocabulary, width, head, type);
        int[] targets = targets(b, rows, vocabulary);
        Buffer t = b.ints(targets).onGpu();
        for (float temperature : new float[] {1, 0.9f}) {
            Outputs out = Outputs.of(b, rows);
            // The second time with a head that is rounded in pieces of one vocabulary block.
            b.tensorLogProb(hopper, temperature == 1 ? CHUNK : 1).forward(h.onGpu(), w.onGpu(), t, temperature, out.logProb, out.entropy, out.lse);
            assertArrayEquals(expected(logits, targets, temperature), out.read(b), "temperature " + temperature);
        }
    }

    /// Numbers that are rounded on the way: the sampler's way through explicit logits, and rows alone, give the bits of all rows without logits.
    private static void sameAsOfLogits(Bits b, int rows, int width, int vocabulary, boolean hopper) {
        Matrix h = b.random(rows, width, Layout.ODD, -2, 2).onGpu();
        Matrix w = b.random(vocabulary, width, Layout.DENSE).onGpu();
        int[] targets = targets(b, rows, vocabulary);
        Buffer t = b.ints(targets).onGpu();
        Outputs all = Outputs.of(b, rows);
        op(b, hopper).forward(h, w, t, 0.8f, all.logProb, all.entropy, all.lse);
        float[] found = all.read(b);
        for (int[] range : new int[][] {{0, rows}, {0, 1}, {17, 19}, {rows - 1, rows}}) {
            int n = range[1] - range[0];
            Buffer own = b.ints(Arrays.copyOfRange(targets, range[0], range[1])).onGpu();
            Matrix logits = b.random(n, vocabulary, Layout.DENSE).onGpu();
            b.tensorProducts(hopper).multiply(h.rows(range[0], range[1]), false, w, true, null, Accumulate.SET, logits);
            Outputs sampled = Outputs.of(b, n);
            op(b, hopper).ofLogits(logits, own, 0.8f, sampled.logProb, sampled.entropy, sampled.lse);
            Outputs alone = Outputs.of(b, n);
            op(b, hopper).forward(h.rows(range[0], range[1]), w, own, 0.8f, alone.logProb, alone.entropy, alone.lse);
            for (int i = 0; i < 3; i++) {
                float[] part = Arrays.copyOfRange(found, i * rows + range[0], i * rows + range[1]);
                assertArrayEquals(part, Arrays.copyOfRange(sampled.read(b), i * n, (i + 1) * n), "of logits, output " + i + " of rows "
                        + Arrays.toString(range));
                assertArrayEquals(part, Arrays.copyOfRange(alone.read(b), i * n, (i + 1) * n), "alone, output " + i + " of rows "
                        + Arrays.toString(range));
            }
        }
    }

    private static float bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000);
    }

    /// Row r of the hidden states is the unit vector r (mod width), so that dHead is dLogits itself, bit for bit, where a group has one row of each;
    /// and dHidden is checked in double.
    private static void backward(Bits b, int rows, int width, int vocabulary, boolean hopper) {
        float[] head = eighths(b, vocabulary * width, 40);
        Matrix h = b.matrix(rows, width, Layout.ODD, i -> i % width == i / width ? 1 : 0).onGpu();
        Matrix w = head(b, vocabulary, width, head, width % 2 == 0 ? DType.BF16 : DType.F32).onGpu();
        int[] targets = targets(b, rows, vocabulary);
        Buffer t = b.ints(targets).onGpu();
        float[] lse = new float[rows];
        float[] c = new float[rows];
        for (int r = 0; r < rows; r++) {
            lse[r] = 5 + r / 64f;
            c[r] = r % 7 == 3 ? 0 : (r % 5 - 2.25f) / 3;
        }
        Buffer sums = b.matrix(1, rows, Layout.DENSE, i -> lse[i]).onGpu().buffer();
        Buffer coefficients = b.matrix(1, rows, Layout.DENSE, i -> c[i]).onGpu().buffer();
        RowGroups groups = new RowGroups(0, rows / 3, rows / 3, rows);
        for (float temperature : new float[] {1, 0.9f}) {
            float[] d = new float[rows * vocabulary];
            double[] expected = new double[rows * width];
            for (int r = 0; r < rows; r++) {
                float scale = c[r] / temperature;
                for (int v = 0; v < vocabulary; v++) {
                    float e = ScalarMath.exp(head[v * width + r] / temperature - lse[r]);
                    d[r * vocabulary + v] = bf16((v == targets[r] ? 1 - e : -e) * scale);
                    for (int k = 0; k < width; k++) expected[r * width + k] += (double) d[r * vocabulary + v] * head[v * width + k];
                }
            }
            for (Accumulate mode : Accumulate.values()) {
                Matrix dHidden = b.matrix(rows, width, Layout.ODD, _ -> 0.25).onGpu();
                Matrix dHead = b.matrix(vocabulary, width, Layout.ODD, _ -> 0).onGpu();
                b.tensorLogProb(hopper, mode == Accumulate.SET ? CHUNK : 64).backward(h, w, t, temperature, sums, coefficients, groups, mode,
                        dHidden, dHead);
                float[] weights = read(b, dHead);
                for (int v = 0; v < vocabulary; v++) {
                    for (int k = 0; k < width; k++) {
                        assertEquals(k < rows ? d[k * vocabulary + v] + 0f : 0f, weights[v * width + k], "dHead, token " + v + ", row " + k);
                    }
                }
                float[] states = read(b, dHidden);
                for (int i = 0; i < states.length; i++) {
                    // Sums of `vocabulary` terms of at most 5 · |c| in the tensor core's order.
                    assertEquals(expected[i] + (mode == Accumulate.ADD ? 0.25 : 0), states[i], 0x1p-20 * vocabulary,
                            "dHidden, element " + i + ", " + mode);
                }
            }
        }
    }

    @TestFactory Stream<DynamicTest> haveTheBitsOfTheOrder() {
        return cases().stream().flatMap(c -> SETTINGS.stream().limit(TestGpu.real() ? 1 : SETTINGS.size())
                .map(s -> DynamicTest.dynamicTest(c.name() + ", " + s.schedule(), () -> {
            try (Bits bits = new Bits(TestGpu.open(s))) {
                c.body().accept(bits);
            }
        })));
    }
}
