package lucid.kernels.simd.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.Device;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.math.Coefficients;
import lucid.kernels.math.ScalarMath;
import org.junit.jupiter.api.Test;

/// The vector functions have, lane by lane, the bits of the scalar ones.
class VectorMathTest {
    @FunctionalInterface
    private interface FloatFunction {
        float of(float x);
    }

    private static void sameBits(String name, float largest, UnaryOperator<FloatVector> vector, FloatFunction scalar) {
        float[] x = new float[Species.LANES];
        float[] y = new float[Species.LANES];
        // An odd step that visits every exponent, both signs, NaN and infinities' neighbourhoods, with lanes of mixed magnitude.
        int bits = 0;
        for (int round = 0; round < 20_000; round++) {
            for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(bits += 0x9E3779B9);
            if (round % 16 == 0) x[round / 16 % x.length] = SPECIAL[round / 16 % SPECIAL.length];
            for (int i = 0; i < x.length; i++) {
                if (!(Math.abs(x[i]) <= largest)) x[i] = Float.isNaN(x[i]) ? Float.NaN : 0.5f * (i - 7);
            }
            vector.apply(FloatVector.fromArray(Species.F, x, 0)).intoArray(y, 0);
            for (int i = 0; i < x.length; i++) {
                assertEquals(Float.floatToIntBits(scalar.of(x[i])), Float.floatToIntBits(y[i]), name + "(" + x[i] + "), lane " + i);
            }
        }
    }

    private static final float[] SPECIAL = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_VALUE,
        Float.MAX_VALUE, Float.MIN_NORMAL, 1f, -1f, 88.7f, -103.9f, 131072f, 131073f, 0.70710677f, 4f, 3.9999f};

    @Test void exp() { sameBits("exp", Float.POSITIVE_INFINITY, VectorMath::exp, ScalarMath::exp); }

    @Test void expOfNonPositive() {
        sameBits("expOfNonPositive", Float.POSITIVE_INFINITY, x -> VectorMath.expOfNonPositive(x.abs().neg()), x -> ScalarMath.exp(-Math.abs(x)));
        float[] x = new float[Species.LANES];
        float[] y = new float[Species.LANES];
        // Down to where results are denormal, then zero.
        for (int i = 0; i < 180_000; ) {
            int first = i;
            for (int l = 0; l < x.length; l++) x[l] = -i++ * 0.000611f;
            VectorMath.expOfNonPositive(FloatVector.fromArray(Species.F, x, 0)).intoArray(y, 0);
            for (int l = 0; l < x.length; l++)
                assertEquals(Float.floatToIntBits(ScalarMath.exp(x[l])), Float.floatToIntBits(y[l]), "exp(" + x[l] + "), number " + (first + l));
        }
    }

    /// Where sigmoid, tanh and erf leave the numbers that they share with exp: clamped earlier than exp itself.
    @Test void everywhereNearZero() {
        near("exp", VectorMath::exp, ScalarMath::exp);
        near("sigmoid", VectorMath::sigmoid, ScalarMath::sigmoid);
        near("tanh", VectorMath::tanh, ScalarMath::tanh);
        near("erf", VectorMath::erf, ScalarMath::erf);
    }

    private static void near(String name, UnaryOperator<FloatVector> vector, FloatFunction scalar) {
        float[] x = new float[Species.LANES], y = new float[Species.LANES];
        for (int i = -90_000; i < 90_000; ) {
            for (int l = 0; l < x.length; l++) x[l] = i++ * 0.001223f;
            vector.apply(FloatVector.fromArray(Species.F, x, 0)).intoArray(y, 0);
            for (int l = 0; l < x.length; l++)
                assertEquals(Float.floatToIntBits(scalar.of(x[l])), Float.floatToIntBits(y[l]), name + "(" + x[l] + ")");
        }
    }

    /// The exponent is added to bits: no payload may turn a NaN into a number.
    @Test void everyNaNStaysOne() {
        for (int payload = 0; payload < 1 << 10; payload++) {
            for (int sign : new int[] {0, Integer.MIN_VALUE}) {
                float nan = Float.intBitsToFloat(sign | 0x7FC00000 | payload);
                FloatVector x = FloatVector.broadcast(Species.F, nan);
                assertTrue(Float.isNaN(VectorMath.expOfNonPositive(x).lane(0)), "payload " + payload);
                assertTrue(Float.isNaN(VectorMath.sigmoid(x).lane(0)), "payload " + payload);
                assertTrue(Float.isNaN(VectorMath.tanh(x).lane(0)), "payload " + payload);
            }
        }
    }

    @Test void log() { sameBits("log", Float.POSITIVE_INFINITY, VectorMath::log, ScalarMath::log); }

    @Test void tanh() { sameBits("tanh", Float.POSITIVE_INFINITY, VectorMath::tanh, ScalarMath::tanh); }

    @Test void erf() { sameBits("erf", Float.POSITIVE_INFINITY, VectorMath::erf, ScalarMath::erf); }

    @Test void sin() { sameBits("sin", Coefficients.TRIG_MAX, VectorMath::sin, ScalarMath::sin); }

    @Test void cos() { sameBits("cos", Coefficients.TRIG_MAX, VectorMath::cos, ScalarMath::cos); }

    @Test void rsqrt() { sameBits("rsqrt", Float.POSITIVE_INFINITY, VectorMath::rsqrt, ScalarMath::rsqrt); }

    @Test void sigmoid() { sameBits("sigmoid", Float.POSITIVE_INFINITY, VectorMath::sigmoid, ScalarMath::sigmoid); }

    /// One angle beyond the vector form's range sends its whole vector through the scalar form.
    @Test void largeAngles() {
        float[] x = {1f, 2e5f, -3e9f, 0.5f, 1e30f, 131072f, 131080f, Float.POSITIVE_INFINITY, 3f, -2f, 4f, 5f, 6f, 7f, 8f, 9f, 10f, -1e7f};
        float[] y = new float[x.length];
        try (Device device = new SimdDevice(1)) {
            Matrix in = Matrix.row(device.allocate(DType.F32, x.length));
            Matrix out = Matrix.row(device.allocate(DType.F32, x.length));
            device.write(in.buffer(), 0, x);
            device.elementwise().unary(Unary.SIN, in, out);
            device.read(out.buffer(), 0, y);
            for (int i = 0; i < x.length; i++) assertEquals(ScalarMath.sin(x[i]), y[i], "sin " + x[i]);
            device.elementwise().unaryBackward(Unary.COS, in, in, Accumulate.ADD, out);
            float[] before = y.clone();
            device.read(out.buffer(), 0, y);
            for (int i = 0; i < x.length; i++) assertEquals(before[i] + -ScalarMath.sin(x[i]) * x[i], y[i], "cos' " + x[i]);
        }
    }
}
