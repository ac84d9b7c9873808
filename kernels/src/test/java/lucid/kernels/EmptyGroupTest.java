package lucid.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A group without rows adds nothing to a parameter's gradient: not even +0, which would make +0 of -0. So a call for a share of the groups that has no rows changes no bit, and micro-batches
/// may be cut anywhere.
class EmptyGroupTest {
    private static final RowGroups NONE = new RowGroups(0, 0, 0);
    private static final int COLS = 70;

    static Stream<Device> devices() { return Stream.of(new SimdDevice(2), new CudaDevice(TestGpu.open(EmulatedGpu.Settings.DEFAULT))); }

    @ParameterizedTest @MethodSource("devices")
    void addsNothing(Device device) {
        try (device) {
            Matrix x = matrix(device, 0, COLS), dx = matrix(device, 0, COLS), column = matrix(device, 0, 1), weight = matrix(device, 1, COLS);
            Buffer ids = device.allocate(DType.I32, 0), none = device.allocate(DType.F32, 0);
            Matrix[] sums = IntStream.range(0, 5).mapToObj(_ -> matrix(device, 1, COLS)).toArray(Matrix[]::new);
            Matrix[] tables = IntStream.range(0, 3).mapToObj(_ -> matrix(device, 5, COLS)).toArray(Matrix[]::new);
            device.reduce().columnSums(x, NONE, sums[0]);
            device.normalization().rmsNormBackward(x, weight, column, x, NONE, Accumulate.SET, dx, sums[1]);
            device.normalization().layerNormBackward(x, weight, column, column, x, NONE, Accumulate.SET, dx, sums[2], sums[3]);
            device.matMul().gradWeight(column, x, NONE, sums[4]);
            device.matMul().gradWeight(matrix(device, 0, 5), x, NONE, tables[0]);
            device.embedding().scatterAdd(ids, x, NONE, tables[1]);
            device.logProb().backward(x, matrix(device, 5, COLS), ids, 1, none, none, NONE, Accumulate.SET, dx, tables[2]);
            for (Matrix m : sums) assertMinusZero(device, m);
            for (Matrix m : tables) assertMinusZero(device, m);
        }
    }

    private static Matrix matrix(Device device, int rows, int cols) {
        Buffer buffer = device.allocate(DType.F32, (long) rows * cols);
        float[] minusZero = new float[rows * cols];
        Arrays.fill(minusZero, -0f);
        device.write(buffer, 0, minusZero);
        return Matrix.of(buffer, rows, cols);
    }

    private static void assertMinusZero(Device device, Matrix m) {
        float[] wanted = new float[Math.toIntExact(m.size())];
        Arrays.fill(wanted, -0f);
        float[] found = new float[wanted.length];
        device.read(m.buffer(), 0, found);
        assertArrayEquals(wanted, found);
    }
}
