package lucid.kernels.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The elementary functions against double `StrictMath` over the whole range of floats, in steps; the bounds are read from the table in
/// `BIT-CONTRACT.md`.
class ScalarMathTest {
    private static final int STEP = 4001;

    @FunctionalInterface
    private interface FloatFunction {
        float of(float x);
    }

    private static void withinUlp(String function, float from, float to, FloatFunction f, DoubleUnaryOperator exact) {
        double bound = bound(function);
        double worst = 0;
        float at = 0;
        int seen = 0;
        for (long b = Integer.MIN_VALUE; b <= Integer.MAX_VALUE; b += STEP) {
            float x = Float.intBitsToFloat((int) b);
            if (!(x >= from && x <= to)) continue;
            double want = exact.applyAsDouble(x);
            double error = Math.abs(f.of(x) - want) / Math.ulp((float) want);
            if (Float.isInfinite((float) want) && Float.isInfinite(f.of(x))) error = 0;
            seen++;
            if (error > worst) {
                worst = error;
                at = x;
            }
        }
        assertTrue(seen > 1000, "points: " + seen);
        assertTrue(worst <= bound, "at " + at + ": " + worst + " ulp, bound " + bound);
    }

    private static double bound(String function) {
        try (Stream<String> lines = Files.lines(Path.of("BIT-CONTRACT.md"))) {
            String[] row = lines.map(line -> line.split(" *\\| *"))
                    .filter(cells -> cells.length == 5 && List.of(cells[1].split(", ")).contains(function)).findFirst().orElseThrow();
            return Double.parseDouble(row[4]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final float MAX = Float.MAX_VALUE;

    @Test void exp() { withinUlp("exp", -MAX, MAX, ScalarMath::exp, StrictMath::exp); }

    @Test void log() { withinUlp("log", Float.MIN_VALUE, MAX, ScalarMath::log, StrictMath::log); }

    @Test void tanh() { withinUlp("tanh", -MAX, MAX, ScalarMath::tanh, StrictMath::tanh); }

    @Test void erf() { withinUlp("erf", -MAX, MAX, ScalarMath::erf, ScalarMathTest::erf); }

    @Test void sin() { withinUlp("sin", -MAX, MAX, ScalarMath::sin, StrictMath::sin); }

    @Test void cos() { withinUlp("cos", -MAX, MAX, ScalarMath::cos, StrictMath::cos); }

    @Test void rsqrt() { withinUlp("rsqrt", Float.MIN_VALUE, MAX, ScalarMath::rsqrt, x -> 1 / Math.sqrt(x)); }

    /// Below -87 the exponential overflows before the true value is 0; there the error is under 1e-38, absolute.
    @Test void sigmoid() { withinUlp("sigmoid", -87, MAX, ScalarMath::sigmoid, x -> 1 / (1 + StrictMath.exp(-x))); }

    /// Taylor series, then Laplace's continued fraction.
    private static double erf(double x) {
        double a = Math.abs(x);
        if (a > 6) return Math.signum(x);
        if (a < 2.5) {
            double term = a;
            double sum = a;
            for (int n = 1; n < 100; n++) {
                term *= -a * a / n;
                sum += term / (2 * n + 1);
            }
            return Math.copySign(sum * 2 / Math.sqrt(Math.PI), x);
        }
        double fraction = 0;
        for (int k = 80; k > 0; k--) fraction = k / 2.0 / (a + fraction);
        return Math.copySign(1 - StrictMath.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction), x);
    }

    private static void bits(float want, float got) {
        assertEquals(Float.floatToIntBits(want), Float.floatToIntBits(got), want + " wanted, got " + got);
    }

    @Test void specialValues() {
        float inf = Float.POSITIVE_INFINITY;
        bits(inf, ScalarMath.exp(inf));
        bits(0f, ScalarMath.exp(-inf));
        bits(1f, ScalarMath.exp(0f));
        bits(1f, ScalarMath.exp(-0f));
        bits(inf, ScalarMath.exp(88.723f));
        bits(Float.MIN_VALUE, ScalarMath.exp(-103.5f));
        bits(0f, ScalarMath.exp(-103.98f));
        bits(0f, ScalarMath.log(1f));
        bits(-inf, ScalarMath.log(0f));
        bits(-inf, ScalarMath.log(-0f));
        bits(inf, ScalarMath.log(inf));
        bits(Float.NaN, ScalarMath.log(-1f));
        bits(Float.NaN, ScalarMath.log(-inf));
        bits(-0f, ScalarMath.tanh(-0f));
        bits(1f, ScalarMath.tanh(inf));
        bits(-1f, ScalarMath.tanh(-inf));
        bits(-0f, ScalarMath.erf(-0f));
        bits(1f, ScalarMath.erf(inf));
        bits(-1f, ScalarMath.erf(-inf));
        bits(-0f, ScalarMath.sin(-0f));
        bits(1f, ScalarMath.cos(0f));
        bits(Float.NaN, ScalarMath.sin(inf));
        bits(Float.NaN, ScalarMath.cos(-inf));
        bits(0f, ScalarMath.rsqrt(inf));
        bits(0.5f, ScalarMath.sigmoid(0f));
        bits(1f, ScalarMath.sigmoid(inf));
        bits(0f, ScalarMath.sigmoid(-inf));
        for (FloatFunction f : new FloatFunction[] {ScalarMath::exp, ScalarMath::log, ScalarMath::tanh, ScalarMath::erf, ScalarMath::sin,
                ScalarMath::cos,
            ScalarMath::rsqrt, ScalarMath::sigmoid}) {
            bits(Float.NaN, f.of(Float.NaN));
        }
    }
}
