package lucid.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import lucid.kernels.math.ScalarMath;
import org.junit.jupiter.api.Test;

/// The vector functions have, lane by lane, the bits of the scalar ones.
class VectorMathTest {
    @FunctionalInterface
    private interface FloatFunction {
        float of(float x);
    }

    private static void sameBits(String name, UnaryOperator<FloatVector> vector, FloatFunction scalar) {
        float[] x = new float[Species.LANES];
        float[] y = new float[Species.LANES];
        // An odd step that visits every exponent, both signs, NaN and infinities' neighbourhoods, with lanes of mixed magnitude.
        int bits = 0;
        for (int round = 0; round < 20_000; round++) {
            for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(bits += 0x9E3779B9);
            if (round % 16 == 0) x[round / 16 % x.length] = SPECIAL[round / 16 % SPECIAL.length];
            vector.apply(FloatVector.fromArray(Species.F, x, 0)).intoArray(y, 0);
            for (int i = 0; i < x.length; i++) {
                assertEquals(Float.floatToIntBits(scalar.of(x[i])), Float.floatToIntBits(y[i]), name + "(" + x[i] + "), lane " + i);
            }
        }
    }

    private static final float[] SPECIAL = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_VALUE,
        Float.MAX_VALUE, Float.MIN_NORMAL, 1f, -1f, 88.7f, -103.9f, 131072f, 131073f, 0.70710677f, 4f, 3.9999f};

    @Test void exp() { sameBits("exp", VectorMath::exp, ScalarMath::exp); }

    @Test void log() { sameBits("log", VectorMath::log, ScalarMath::log); }

    @Test void tanh() { sameBits("tanh", VectorMath::tanh, ScalarMath::tanh); }

    @Test void erf() { sameBits("erf", VectorMath::erf, ScalarMath::erf); }

    @Test void sin() { sameBits("sin", VectorMath::sin, ScalarMath::sin); }

    @Test void cos() { sameBits("cos", VectorMath::cos, ScalarMath::cos); }

    @Test void rsqrt() { sameBits("rsqrt", VectorMath::rsqrt, ScalarMath::rsqrt); }

    @Test void sigmoid() { sameBits("sigmoid", VectorMath::sigmoid, ScalarMath::sigmoid); }
}
