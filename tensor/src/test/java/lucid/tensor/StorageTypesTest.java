package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StorageTypesTest {
    /// Weights stored in bf16 are widened exactly; their gradients are f32.
    @ParameterizedTest @EnumSource(Devices.class)
    void weightsInBf16ComputeAsTheirWidenedValues(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor half = Tensor.of(scope, GradientTest.random(5 * 6, -1, 1, 3), 5, 6).to(DType.BF16).copy();
            Tensor wide = Tensor.of(scope, half.toFloats(), 5, 6);
            half.requireGrad();
            wide.requireGrad();
            Tensor x = Tensor.of(scope, GradientTest.random(4 * 6, -1, 1, 4), 4, 6);
            Tensor ids = Tensor.ints(scope, new int[] {4, 0, 4}, 3);
            Tensor targets = Tensor.ints(scope, new int[] {1, 0, 3, 2}, 4);
            for (Tensor w : new Tensor[] {half, wide}) {
                x.linear(w, null).square().sum().add(Tensor.embedding(ids, w).square().sum()).add(Tensor.logProb(x, w, targets, 1f).logProb().sum())
                        .backward();
            }
            assertArrayEquals(x.linear(wide, null).toFloats(), x.linear(half, null).toFloats());
            assertEquals(DType.F32, half.grad().dtype());
            assertArrayEquals(wide.grad().toFloats(), half.grad().toFloats());
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void framesAreNormalisedLikePixels(Devices which) {
        int n = 2;
        int size = 5;
        byte[] frames = new byte[n * size * size * 3];
        for (int i = 0; i < frames.length; i++) frames[i] = (byte) (i * 37);
        float[] pixels = new float[frames.length];
        for (int i = 0; i < frames.length; i++) {
            int channel = i % 3;
            int place = i / 3 % (size * size);
            pixels[(i / (3 * size * size) * 3 + channel) * size * size + place] = ((float) ((frames[i] & 255) * (1.0 / 255)) - 0.5f) / 0.5f;
        }
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Parameter w = new Parameter("w", Tensor.of(scope, GradientTest.random(4 * 12, -1, 1, 5), 4, 3, 2, 2));
            Parameter b = new Parameter("b", Tensor.of(scope, GradientTest.random(4, -1, 1, 6), 4));
            float[][] results = new float[2][];
            float[][] gradients = new float[2][];
            for (int i = 0; i < 2; i++) {
                Tensor images = i == 0 ? Tensor.bytes(scope, frames, n, size, size, 3) : Tensor.of(scope, pixels, n, 3, size, size);
                Tensor y = images.patchEmbedding(w.value(), b.value(), null, 2, new RowGroups(0, 4, 8));
                assertEquals(new Shape(n, 4, 4), y.shape());
                assertEquals(2, y.rowGroups().count());
                y.square().sum().backward();
                results[i] = y.toFloats();
                gradients[i] = w.grad().toFloats();
                w.zeroGrad();
            }
            assertArrayEquals(results[1], results[0]);
            assertArrayEquals(gradients[1], gradients[0]);
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void mappedMemoryIsUsedWhereItLies(Devices which) {
        try (Device device = which.open(); Arena arena = Arena.ofConfined(); Scope scope = Scope.open(device)) {
            var memory = arena.allocate(24, 64);
            for (int i = 0; i < 6; i++) memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + 1);
            Tensor t = Tensor.over(scope, device.adopt(DType.F32, memory), 2, 3);
            assertArrayEquals(new float[] {6, 15}, t.rowSum().toFloats());
            assertThrows(ShapeException.class, () -> Tensor.over(scope, device.adopt(DType.F32, memory), 2, 2));
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void normalNumbersDependOnTheKeyOnly(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            float[] x = Tensor.normal(scope, 42, 1f, 2f, 30, 40).toFloats();
            assertArrayEquals(x, Tensor.normal(scope, 42, 1f, 2f, 1200).toFloats());
            double mean = 0;
            double square = 0;
            for (float v : x) {
                mean += v / x.length;
                square += (v - 1) * (v - 1) / x.length;
            }
            // 1200 draws: standard errors 0.058 of the mean and 0.16 of the variance 4.
            assertEquals(1, mean, 0.25);
            assertEquals(4, square, 0.7);
        }
    }
}
