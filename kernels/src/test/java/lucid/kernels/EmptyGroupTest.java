package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A group without rows adds nothing to a parameter's gradient: not even +0, which would make +0 of -0. So a call for a share of the groups that has
/// no rows changes no bit, and micro-batches may be cut anywhere.
class EmptyGroupTest {
    private static final int COLS = 70;
    private static final int WORDS = 5;

    static Stream<Device> devices() { return Stream.of(new SimdDevice(2), new CudaDevice(TestGpu.open(EmulatedGpu.Settings.DEFAULT))); }

    @ParameterizedTest @MethodSource("devices")
    void addsNothing(Device device) {
        try (device) {
            for (float[] sum : gradients(device, new RowGroups(0, 0, 0))) assertArrayEquals(filled(sum.length, -0f), sum);
        }
    }

    @ParameterizedTest @MethodSource("devices")
    void addsNothingBetweenOthers(Device device) {
        try (device) {
            List<float[]> wanted = gradients(device, new RowGroups(0, 3, 5));
            List<float[]> found = gradients(device, new RowGroups(0, 0, 3, 3, 5, 5));
            for (int i = 0; i < wanted.size(); i++) assertArrayEquals(wanted.get(i), found.get(i), "gradient " + i);
            assertArrayEquals(filled(COLS, -0f), wanted.getFirst(), "this test is about sums that +0 would change");
        }
    }

    /// What -0 becomes in all gradients of parameters. Products of the rows are too small for an f32 and negative, so that groups that have rows
    /// add -0 too where the sum is of products.
    private static List<float[]> gradients(Device device, RowGroups groups) {
        int rows = groups.rows();
        Matrix x = matrix(device, rows, COLS, 1e-30f), dy = matrix(device, rows, COLS, -1e-30f), dx = matrix(device, rows, COLS, 0);
        Matrix zero = matrix(device, rows, 1, 0), one = matrix(device, rows, 1, 1), small = matrix(device, rows, 1, -1e-30f),
                weight = matrix(device, 1, COLS, 1);
        Buffer ids = device.allocate(DType.I32, rows);
        device.write(ids, 0, new int[rows]);
        List<Matrix> sums = IntStream.range(0, 8).mapToObj(i -> matrix(device, i < 5 ? 1 : WORDS, COLS, -0f)).toList();
        device.matMul().gradWeight(small, x, groups, sums.get(0));
        device.reduce().columnSums(dy, groups, sums.get(1));
        device.normalization().rmsNormBackward(x, weight, one, dy, groups, Accumulate.SET, dx, sums.get(2));
        device.normalization().layerNormBackward(x, weight, zero, one, dy, groups, Accumulate.SET, dx, sums.get(3), sums.get(4));
        device.matMul().gradWeight(matrix(device, rows, WORDS, -1e-30f), x, groups, sums.get(5));
        device.embedding().scatterAdd(ids, dy, groups, sums.get(6));
        device.logProb().backward(x, matrix(device, WORDS, COLS, 1), ids, 1, one.buffer(), small.buffer(), groups, Accumulate.SET, dx, sums.get(7));
        return sums.stream().map(m -> floats(device, m)).toList();
    }

    private static Matrix matrix(Device device, int rows, int cols, float value) {
        Buffer buffer = device.allocate(DType.F32, (long) rows * cols);
        device.write(buffer, 0, filled(rows * cols, value));
        return Matrix.of(buffer, rows, cols);
    }

    private static float[] filled(int n, float value) {
        float[] all = new float[n];
        Arrays.fill(all, value);
        return all;
    }

    private static float[] floats(Device device, Matrix m) {
        float[] found = new float[Math.toIntExact(m.size())];
        device.read(m.buffer(), 0, found);
        return found;
    }
}
