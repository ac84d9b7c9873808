package lucid.kernels.cuda;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.ptx.machine.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products on the GPU have the CPU's bits: in every orientation, type and mode, for views at any alignment, over the edges of tiles and stages.
class CudaMatMulTest {
    /// Rows, columns, depth, distance between rows beyond their length, orientation (1: a transposed, 2: b transposed).
    @ParameterizedTest(name = "[{0}, {2}] x [{2}, {1}], gap {3}, orientation {4}")
    @CsvSource({"1,1,1,0,2", "3,5,0,1,2", "1,40,64,0,2", "3,17,200,0,2", "8,16,1000,8,2", "9,33,648,0,2", "16,31,72,8,2", "11,16,8,0,2", "2,3,4,1,0", "1,70,300,0,2", "1,33,65,5,2", "16,20,259,0,2", "5,17,33,1,2", "16,16,64,0,0", "17,5,15,0,1", "40,70,33,3,2", "64,64,48,0,3", "65,67,17,0,0", "70,66,31,2,1",
            "66,130,24,5,3", "129,65,40,1,2", "130,140,37,0,0", "128,128,16,0,2", "150,129,9,3,1"})
    void sameBitsAsTheCpu(int m, int n, int k, int gap, int orientation) {
        boolean ta = (orientation & 1) != 0;
        boolean tb = (orientation & 2) != 0;
        for (DType type : new DType[] {F32, BF16, F16}) {
            SameBits.check(type == F16 ? Schedule.RANDOM : Schedule.ROUND_ROBIN, m * 31 + n, (device, data) -> {
                Matrix a = data.matrix(F32, ta ? k : m, ta ? m : k, gap);
                Matrix b = data.matrix(type, tb ? n : k, tb ? k : n, gap);
                Matrix bias = data.matrix(F32, 1, n, gap);
                Matrix c = data.matrix(F32, m, n, gap);
                device.matMul().multiply(a, ta, b, tb, null, Accumulate.SET, c);
                Matrix d = data.matrix(F32, m, n, gap);
                device.matMul().multiply(a, ta, b, tb, bias, Accumulate.ADD, d);
                device.matMul().multiplyContinue(a, ta, b, tb, d);
            });
        }
    }

    /// Chains start from +0: a product of -0 alone is +0, and infinities and NaN stay where they belong.
    @Test void special() {
        float[] values = {-0f, Float.POSITIVE_INFINITY, Float.NaN, 1e38f, Float.MIN_VALUE, 3f};
        SameBits.check(Schedule.RANDOM, 1, (device, data) -> {
            Matrix a = data.values(6, 1, values);
            Matrix b = data.values(1, 6, values);
            Matrix c = data.matrix(F32, 6, 6, 0);
            device.matMul().multiply(a, false, b, false, null, Accumulate.SET, c);
            Matrix d = data.matrix(F32, 6, 6, 0);
            device.matMul().multiply(a, false, data.values(6, 1, values), true, data.values(1, 6, values), Accumulate.SET, d);
        });
    }

    @Test void gradientOfAWeight() {
        SameBits.check(Schedule.RANDOM, 7, (device, data) -> {
            Matrix dy = data.matrix(F32, 70, 20, 3);
            Matrix x = data.matrix(F32, 70, 75, 1);
            Matrix dw = data.matrix(F32, 20, 75, 2);
            device.matMul().gradWeight(dy, x, new RowGroups(0, 0, 23, 23, 24, 70, 70), dw);
        });
    }
}
