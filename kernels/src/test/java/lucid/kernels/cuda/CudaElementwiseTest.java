package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import lucid.kernels.CudaDevice;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.Matrix;
import lucid.kernels.gpu.EmulatedGpu;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Functions on the GPU have the CPU's bits.
class CudaElementwiseTest {
    private static final float[] SPECIAL = {0f, -0f, 1f, -1f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_VALUE,
            Float.MIN_NORMAL, Float.MAX_VALUE, 88.7f, 88.8f, -87.4f, -103.9f, -104.5f, 1e-40f};

    @ParameterizedTest @EnumSource(value = Unary.class, names = {"EXP", "LOG"}) void sameBitsAsTheCpu(Unary op) {
        float[] x = new float[1000];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < x.length; i++) x[i] = i < SPECIAL.length ? SPECIAL[i] : i % 2 == 0 ? (float) random.nextDouble(-100, 100) : Float.intBitsToFloat(random.nextInt());
        float[] cpu;
        float[] gpu;
        try (Device d = new SimdDevice(1)) {
            cpu = run(d, op, x);
        }
        try (Device d = new CudaDevice(new EmulatedGpu())) {
            gpu = run(d, op, x);
        }
        for (int i = 0; i < x.length; i++) assertEquals(Float.floatToIntBits(cpu[i]), Float.floatToIntBits(gpu[i]), op + "(" + x[i] + "): " + cpu[i] + " on the CPU, " + gpu[i] + " on the GPU");
    }

    private static float[] run(Device device, Unary op, float[] x) {
        try (Buffer a = device.allocate(DType.F32, x.length); Buffer b = device.allocate(DType.F32, x.length)) {
            device.write(a, 0, x);
            device.elementwise().unary(op, Matrix.of(a, 4, 250), Matrix.of(b, 4, 250));
            float[] y = new float[x.length];
            device.read(b, 0, y);
            return y;
        }
    }
}
