package lucid.kernels.simd.matmul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.SplittableRandom;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.Test;

/// Activated and gated products have the bits of the operations that they stand for, whatever way through [Gemm] and [Gemv] the product takes; and
/// write nothing else.
class ActivatedProductTest {
    private static Matrix random(SimdDevice on, SplittableRandom random, DType type, int rows, int cols, int gap) {
        int length = gap + rows * (cols + gap) + 2;
        Buffer buffer = on.allocate(type, length);
        float[] values = new float[length];
        // Now and then far out, where exp overflows and erf is 1.
        for (int i = 0; i < length; i++) values[i] = (float) random.nextDouble(-1, 1) * (random.nextInt(50) == 0 ? 40 : 1);
        short[] halves = new short[length];
        for (int i = 0; i < length; i++)
            halves[i] = type == DType.F16 ? Float.floatToFloat16(values[i]) : (short) (Float.floatToIntBits(values[i]) >> 16);
        on.write(buffer, 0, type == DType.F32 ? values : halves);
        return new Matrix(buffer, gap, rows, cols, cols + gap);
    }

    private static int[] bits(SimdDevice on, Matrix m) {
        float[] values = new float[Math.toIntExact(m.buffer().length())];
        on.read(m.buffer(), 0, values);
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) bits[i] = Float.floatToIntBits(values[i]);
        return bits;
    }

    private static void check(SimdDevice d, long seed, int m, int n, int k, DType type, int gap) {
        SplittableRandom random = new SplittableRandom(seed);
        String what = "[" + m + ", " + k + "] x [" + k + ", " + n + "] " + type + " gap " + gap;
        Matrix a = random(d, random, DType.F32, m, k, gap);
        Matrix w = random(d, random, type, n, k, gap);
        Matrix up = random(d, random, type, n, k, gap);
        Matrix bias = random(d, random, DType.F32, 1, n, gap);
        Matrix found = random(d, random, DType.F32, m, n, gap);
        Matrix wanted = random(d, new SplittableRandom(1), DType.F32, m, n, gap);
        d.elementwise().copy(row(found), row(wanted));
        Matrix other = random(d, random, DType.F32, m, n, 0);
        for (Activation f : Activation.values()) {
            for (Matrix extra : new Matrix[] {null, bias}) {
                d.matMul().multiplyActivated(a, w, extra, f, found);
                d.matMul().multiply(a, false, w, true, extra, Accumulate.SET, wanted);
                d.elementwise().unary(f.unary(), wanted, wanted);
                assertArrayEquals(bits(d, wanted), bits(d, found), () -> what + " " + f + (extra == null ? "" : " with bias"));
            }
        }
        d.matMul().multiplyGated(a, w, up, found);
        d.matMul().multiply(a, false, w, true, null, Accumulate.SET, wanted);
        d.matMul().multiply(a, false, up, true, null, Accumulate.SET, other);
        d.elementwise().swiGlu(wanted, other, wanted);
        assertArrayEquals(bits(d, wanted), bits(d, found), () -> what + " gated");
        for (Matrix x : new Matrix[] {a, w, up, bias, found, wanted, other}) x.buffer().close();
    }

    private static Matrix row(Matrix m) { return Matrix.row(m.buffer()); }

    @Test void smallProducts() {
        SplittableRandom random = new SplittableRandom(3);
        try (SimdDevice d = new SimdDevice(2)) {
            for (int round = 0; round < 300; round++) {
                check(d, round, random.nextInt(1, 42), random.nextInt(1, 90), random.nextInt(0, 70), DType.values()[random.nextInt(3)],
                        random.nextInt(4));
            }
        }
    }

    /// Flat, tall and large products, cut chains, several threads.
    @Test void everyWayThroughTheProduct() {
        for (int threads : new int[] {1, 3}) {
            try (SimdDevice d = new SimdDevice(threads)) {
                check(d, 1, 1, 700, 900, DType.BF16, 0);
                check(d, 2, 5, 333, 900, DType.F32, 3);
                check(d, 3, 8, 1030, 1601, DType.BF16, 0);
                check(d, 4, 2500, 70, 200, DType.F32, 0);
                check(d, 5, 210, 310, 900, DType.F32, 1);
                check(d, 6, 131, 517, 1700, DType.BF16, 0);
            }
        }
    }
}
