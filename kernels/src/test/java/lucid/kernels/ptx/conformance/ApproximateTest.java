package lucid.kernels.ptx.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;
import lucid.kernels.ptx.conformance.FormTable.Form;
import lucid.kernels.ptx.conformance.FormTable.Slot;
import org.junit.jupiter.api.Test;

/// Sweeps the approximate instructions against `StrictMath` in double: the error stays within the bound that the ISA documents for each,
/// and a second run gives the same bits.
class ApproximateTest {
    private static final int CASES = 1024;
    private static final int RUNS = 4;

    /// The allowed error of a result, from the argument and the exact value.
    @FunctionalInterface
    private interface Bound {
        double of(double x, double exact);
    }

    private static double ulps(double exact, double count) {
        return count * Math.max(Math.ulp((float) exact), Float.MIN_VALUE);
    }

    @Test
    void ex2IsWithin2Ulp() {
        sweep("ex2.approx.f32 d, a;", -140, 127, x -> StrictMath.pow(2, x), (_, y) -> ulps(y, 2));
        sweep("ex2.approx.ftz.f32 d, a;", -125, 127, x -> StrictMath.pow(2, x), (_, y) -> ulps(y, 2));
    }

    @Test
    void lg2IsWithin2ToMinus22() {
        DoubleUnaryOperator log = x -> StrictMath.log(x) / StrictMath.log(2);
        sweep("lg2.approx.f32 d, a;", 0.5, 2, log, (_, _) -> 0x1p-22);
        sweep("lg2.approx.f32 d, a;", 2, 1e30, log, (_, y) -> Math.abs(y) * 0x1p-22);
        sweep("lg2.approx.ftz.f32 d, a;", 1e-30, 0.5, log, (_, y) -> Math.abs(y) * 0x1p-22);
    }

    @Test
    void sineAndCosineAreWithinTheirAbsoluteErrors() {
        for (double range : new double[] {2 * Math.PI, 100 * Math.PI}) {
            double bound = range < 10 ? StrictMath.pow(2, -20.5) : StrictMath.pow(2, -14.7);
            sweep("sin.approx.f32 d, a;", -range, range, StrictMath::sin, (_, _) -> bound);
            sweep("cos.approx.ftz.f32 d, a;", -range, range, StrictMath::cos, (_, _) -> bound);
        }
    }

    @Test
    void tanhIsWithin2ToMinus11() {
        sweep("tanh.approx.f32 d, a;", -9, 9, StrictMath::tanh, (_, y) -> Math.abs(y) * 0x1p-11);
        sweep("tanh.approx.f32 d, a;", -0.02, 0.02, StrictMath::tanh, (_, y) -> Math.abs(y) * 0x1p-11);
    }

    @Test
    void rootsAndReciprocalsAreWithinTheirRelativeErrors() {
        sweep("rsqrt.approx.f32 d, a;", 1e-30, 1e30, x -> 1 / StrictMath.sqrt(x), (_, y) -> y * StrictMath.pow(2, -22.9));
        sweep("sqrt.approx.f32 d, a;", 1e-30, 1e30, StrictMath::sqrt, (_, y) -> y * 0x1p-23);
        sweep("rcp.approx.ftz.f32 d, a;", 1e-30, 1e30, x -> 1 / x, (_, y) -> ulps(y, 1));
    }

    @Test
    void divisionIsWithin2Ulp() {
        sweep("{ .reg .f32 c; mov.f32 c, 0f40490fdb; div.approx.f32 d, c, a; }", 1e-20, 1e20, x -> (float) Math.PI / x, (_, y) -> ulps(y, 2));
        sweep("{ .reg .f32 c; mov.f32 c, 0f40490fdb; div.full.f32 d, c, a; }", 1e-20, 1e20, x -> (float) Math.PI / x, (_, y) -> ulps(y, 2));
    }

    @Test
    void halvesAreWithinTheirFormats() {
        sweepHalves("ex2.approx.f16 d, a;", -14, 15, x -> StrictMath.pow(2, x), StrictMath.pow(2, -9.9));
        sweepHalves("tanh.approx.f16 d, a;", 0.01, 5, StrictMath::tanh, StrictMath.pow(2, -10.987));
    }

    private static void sweep(String text, double from, double to, DoubleUnaryOperator exact, Bound bound) {
        var random = new SplittableRandom(text.hashCode());
        for (int run = 0; run < RUNS; run++) {
            boolean logarithmic = from > 0 && to / from > 100;
            long[] bits = random.doubles(CASES, logarithmic ? Math.log(from) : from, logarithmic ? Math.log(to) : to)
                    .mapToLong(x -> Float.floatToRawIntBits((float) (logarithmic ? Math.exp(x) : x)) & 0xffffffffL).toArray();
            long[] results = run(text, "f32", bits);
            for (int i = 0; i < CASES; i++) {
                double x = Float.intBitsToFloat((int) bits[i]);
                double y = Float.intBitsToFloat((int) results[i]);
                double wanted = exact.applyAsDouble(x);
                assertTrue(Math.abs(y - wanted) <= bound.of(x, wanted), text + " of " + x + ": " + y + ", exact " + wanted);
            }
            assertEquals(List.of(LongStream.of(results).boxed().toArray()), List.of(LongStream.of(run(text, "f32", bits)).boxed().toArray()),
                    "deterministic");
        }
    }

    private static void sweepHalves(String text, double from, double to, DoubleUnaryOperator exact, double relative) {
        long[] bits = new SplittableRandom(7).doubles(CASES, from, to).mapToLong(x -> Float.floatToFloat16((float) x) & 0xffffL).toArray();
        long[] results = run(text, "b16", bits);
        for (int i = 0; i < CASES; i++) {
            double x = Float.float16ToFloat((short) bits[i]);
            double y = Float.float16ToFloat((short) results[i]);
            double wanted = exact.applyAsDouble(x);
            assertTrue(Math.abs(y - wanted) <= wanted * relative, text + " of " + x + ": " + y + ", exact " + wanted);
        }
    }

    private static long[] run(String text, String type, long[] bits) {
        var form = new Form("sweep", 1, "8.0", false, text, List.of(new Slot("d", type)), List.of(new Slot("a", type)), false, List.of(bits, bits));
        FormModule.Outcome outcome = FormModule.run(form);
        assertEquals(List.of(), outcome.report().findings());
        return outcome.results().getFirst();
    }
}
