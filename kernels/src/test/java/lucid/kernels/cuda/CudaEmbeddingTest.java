package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.ptx.machine.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rows by index on the GPU have the CPU's bits.
class CudaEmbeddingTest {
    @ParameterizedTest(name = "{0} rows of {1} from {2}, gap {3}")
    @CsvSource({"1,1,1,0", "3,4,2,0", "40,129,5,1", "65,132,7,4", "300,33,40,0", "520,3,9,2", "257,8,100000,8"})
    void sameBitsAsTheCpu(int rows, int cols, int vocabulary, int gap) { SameBits.check(rows % 2 == 0 ? Schedule.RANDOM : Schedule.ROUND_ROBIN, rows, scenario(rows, cols, vocabulary, gap)); }

    static SameBits.Scenario scenario(int rows, int cols, int vocabulary, int gap) {
        return (device, data) -> {
            int[] index = new int[rows];
            for (int r = 0; r < rows; r++) index[r] = data.below(vocabulary);
            Buffer ids = data.ints(index);
            int size = Math.min(vocabulary, 1000);
            for (int r = 0; r < rows; r++) index[r] %= size;
            Buffer small = data.ints(index);
            device.embedding().gather(small, data.matrix(F32, size, cols, gap), data.matrix(F32, rows, cols, gap));
            device.embedding().gather(small, data.matrix(BF16, size, cols, gap), data.matrix(F32, rows, cols, gap));
            device.embedding().gather(small, data.matrix(BF16, size, cols, 0), data.matrix(F32, rows, cols, gap));
            Matrix table = data.matrix(F32, vocabulary, cols, gap);
            device.embedding().scatterAdd(ids, data.matrix(F32, rows, cols, gap), new RowGroups(0, 0, rows / 3, rows / 3 + 1, rows, rows), table);
        };
    }

    /// The sums of a group start from +0, so a gradient of -0 leaves no trace in a table of -0: -0 + (+0 + -0) = +0; rows that nobody took stay -0.
    @Test void signOfZero() {
        SameBits.check(Schedule.RANDOM, 3, (device, data) -> device.embedding().scatterAdd(data.ints(1, 1), data.values(2, 1, -0f, -0f), new RowGroups(0, 1, 2), data.values(2, 1, -0f, -0f)));
    }

    /// The least wrong row is named, and the device goes on working.
    @Test void aWrongIdIsNamed() {
        try (Device gpu = new CudaDevice(new EmulatedGpu()); Buffer ids = gpu.allocate(I32, 3); Buffer t = gpu.allocate(F32, 10); Buffer y = gpu.allocate(F32, 6)) {
            gpu.write(t, 0, new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
            gpu.write(y, 0, new float[6]);
            gpu.write(ids, 0, new int[] {4, -1, 5});
            Matrix table = Matrix.of(t, 5, 2);
            Matrix rows = Matrix.of(y, 3, 2);
            assertEquals("embedding.gather: ids[1] is -1; wanted 0 .. 4", assertThrows(IllegalArgumentException.class, () -> gpu.embedding().gather(ids, table, rows)).getMessage());
            assertEquals("embedding.scatterAdd: ids[1] is -1; wanted 0 .. 4",
                    assertThrows(IllegalArgumentException.class, () -> gpu.embedding().scatterAdd(ids, rows, RowGroups.single(3), table)).getMessage());
            gpu.write(ids, 0, new int[] {4, 0, 2});
            gpu.embedding().gather(ids, table, rows);
            float[] found = new float[6];
            gpu.read(y, 0, found);
            assertArrayEquals(new float[] {8, 9, 0, 1, 4, 5}, found);
        }
    }
}
