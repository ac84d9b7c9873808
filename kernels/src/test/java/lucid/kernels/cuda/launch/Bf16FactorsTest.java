package lucid.kernels.cuda.launch;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lucid.kernels.CudaDevice;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.cuda.Precision;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.OutOfDeviceMemoryException;
import org.junit.jupiter.api.Test;

/// Factors are rounded once as long as they stay the same, and never once too few.
class Bf16FactorsTest {
    private static final int MIB = 1 << 20;

    private final EmulatedGpu gpu = new EmulatedGpu();
    private final List<Buffer> open = new ArrayList<>();

    private Matrix matrix(CudaDevice d, DType type, int rows, int cols, float value) {
        Buffer b = d.allocate(type, (long) rows * cols);
        open.add(b);
        float[] values = new float[rows * cols];
        Arrays.fill(values, value);
        short[] bits = new short[values.length];
        Arrays.fill(bits, (short) (Float.floatToRawIntBits(value) >>> 16));
        d.write(b, 0, type == F32 ? values : bits);
        return Matrix.of(b, rows, cols);
    }

    private static float first(CudaDevice d, Matrix m) {
        float[] values = new float[(int) m.buffer().length()];
        d.read(m.buffer(), 0, values);
        return values[0];
    }

    private long launches(Runnable work) {
        long before = gpu.launches();
        work.run();
        return gpu.launches() - before;
    }

    private void closeAll() {
        open.forEach(Buffer::close);
        open.clear();
    }

    @Test void aFactorOfSeveralProductsIsRoundedOnce() {
        try (CudaDevice d = new CudaDevice(gpu, Precision.TENSOR)) {
            Matrix x = matrix(d, F32, 3, 16, 2), w = matrix(d, BF16, 8, 16, 1), narrow = matrix(d, F32, 8, 16, 3), y = matrix(d, F32, 3, 8, 0);
            long live = d.liveBytes();
            assertEquals(2, launches(() -> d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y)), "x is rounded, then multiplied");
            assertEquals(1, launches(() -> d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y)), "x is as it was");
            assertEquals(32, first(d, y));
            assertEquals(2, launches(() -> d.matMul().multiply(x, false, narrow, true, null, Accumulate.SET, y)), "another weight");
            assertEquals(96, first(d, y));
            assertEquals(2, launches(() -> d.matMul().multiply(x.rows(0, 2), false, w, true, null, Accumulate.SET, y.rows(0, 2))),
                    "another part of x");
            assertEquals(live, d.liveBytes(), "what is kept is not live");
            closeAll();
            assertEquals(0, d.liveBytes());
        }
    }

    @Test void aChangedFactorIsRoundedAgain() {
        try (CudaDevice d = new CudaDevice(gpu, Precision.TENSOR)) {
            Matrix x = matrix(d, F32, 3, 16, 2), w = matrix(d, BF16, 8, 16, 1), y = matrix(d, F32, 3, 8, 0);
            d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
            d.elementwise().fill(x, 1);
            d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
            assertEquals(16, first(d, y), "by a kernel");
            d.write(x.buffer(), 0, new float[48]);
            d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
            assertEquals(0, first(d, y), "by the host");
            x.buffer().close();
            open.remove(x.buffer());
            Matrix z = matrix(d, F32, 3, 16, 5);
            d.matMul().multiply(z, false, w, true, null, Accumulate.SET, y);
            assertEquals(80, first(d, y), "by another buffer in its place");
            closeAll();
        }
    }

    /// A product's result is the next one's factor.
    @Test void aResultIsAChange() {
        try (CudaDevice d = new CudaDevice(gpu, Precision.TENSOR)) {
            Matrix x = matrix(d, F32, 16, 16, 1), w = matrix(d, BF16, 16, 16, 1), y = matrix(d, F32, 16, 16, 1), z = matrix(d, F32, 16, 16, 0);
            d.matMul().multiply(y, false, w, true, null, Accumulate.SET, z);
            d.matMul().multiply(x, false, w, true, null, Accumulate.ADD, y);
            d.matMul().multiply(y, false, w, true, null, Accumulate.SET, z);
            assertEquals(16 * 17, first(d, z));
            d.matMul().gradWeight(x, z, RowGroups.single(16), y);
            d.matMul().multiply(y, false, w, true, null, Accumulate.SET, z);
            assertEquals(16 * 4384, first(d, z), "y is 17 + 16 · 272 = 4369, as bf16 4384");
            closeAll();
        }
    }

    /// What the host writes between repeated steps, and what the steps write, is rounded again; a weight is not.
    @Test void repeatedSteps() {
        try (CudaDevice d = new CudaDevice(gpu.capacity(1 << 28), Precision.TENSOR); Repetition repetition = d.repetition()) {
            Matrix x = matrix(d, F32, 3, 16, 2), w = matrix(d, F32, 8, 16, 1), y = matrix(d, F32, 3, 8, 0), up = matrix(d, BF16, 16, 8, 1),
                    z = matrix(d, F32, 3, 16, 0);
            for (int i = 1; i < 6; i++) {
                float[] values = new float[48];
                Arrays.fill(values, i);
                d.write(x.buffer(), 0, values);
                repetition.run(() -> {
                    d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
                    d.matMul().multiply(y, false, up, true, null, Accumulate.SET, z);
                    d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y);
                    d.matMul().multiply(z, false, w, true, null, Accumulate.SET, y);
                });
                assertEquals(16 * 128 * i, first(d, y), "step " + i);
            }
            closeAll();
        }
    }

    @Test void whatIsKeptIsBounded() {
        try (CudaDevice d = new CudaDevice(gpu)) {
            Kernels kernels = new Kernels(gpu, new CudaMemory(gpu));
            Bf16Factors factors = new Bf16Factors(kernels, d.conversion(), d.elementwise(), 1000);
            Matrix a = matrix(d, F32, 16, 16, 1), b = matrix(d, F32, 8, 16, 2), c = matrix(d, F32, 8, 16, 3), large = matrix(d, F32, 64, 16, 4);
            try (Bf16Factor held = factors.of(a); Bf16Factor other = factors.of(b); Bf16Factor third = factors.of(c)) {
                assertEquals(512 + 256 + 256, factors.bytes(), "what is in use stays");
                assertEquals(List.of(16, 8, 8), List.of(held.view().rows(), other.view().rows(), third.view().rows()));
            }
            factors.of(large).close();
            assertEquals(1024, factors.bytes(), "too large to be kept");
            factors.of(matrix(d, F32, 1, 16, 1)).close();
            assertEquals(256 + 256 + 32, factors.bytes(), "the oldest went");
            closeAll();
            assertEquals(0, factors.bytes());
        }
    }

    /// 1 MiB of numbers and half of that kept of them; the rest of 2 MiB is asked for.
    @Test void whatIsKeptGivesWay() {
        EmulatedGpu small = new EmulatedGpu().capacity(2 * MIB);
        try (CudaDevice d = new CudaDevice(small, Precision.TENSOR)) {
            Buffer x = d.allocate(F32, MIB / 4), y = d.allocate(F32, 64);
            d.elementwise().fill(Matrix.of(x, 256, 1024), 1);
            Matrix rows = new Matrix(x, 0, 8, MIB / 32, MIB / 32);
            d.matMul().multiply(rows, false, rows, true, null, Accumulate.SET, Matrix.of(y, 8, 8));
            Buffer rest = d.allocate(DType.U8, 3 * MIB / 4);
            assertThrows(OutOfDeviceMemoryException.class, () -> d.allocate(DType.U8, MIB / 2));
            rest.close();
            x.close();
            float[] result = new float[64], expected = new float[64];
            d.read(y, 0, result);
            Arrays.fill(expected, MIB / 32);
            assertArrayEquals(expected, result);
            y.close();
        }
    }

    /// An f16 weight is widened on the way: 8 KiB are there for its copy and not the 16 KiB between. The copy is given back, however often that
    /// happens.
    @Test void aCopyThatCannotBeFilledIsGivenBack() {
        EmulatedGpu small = new EmulatedGpu().capacity(64 << 10);
        try (CudaDevice d = new CudaDevice(small, Precision.TENSOR)) {
            Matrix x = matrix(d, F32, 4, 64, 1), w = matrix(d, DType.F16, 64, 64, 1), y = matrix(d, F32, 4, 64, 0);
            for (int i = 0; i < 3; i++)
                assertThrows(OutOfDeviceMemoryException.class, () -> d.matMul().multiply(x, false, w, true, null, Accumulate.SET, y));
            d.allocate(DType.U8, 20 << 10).close();
            closeAll();
        }
    }
}
