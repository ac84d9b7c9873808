package lucid.kernels.simd.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.SimdDevice;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention against a double oracle, and the oracle's derivative against finite differences. The bits are in [AttentionLawTest].
class SimdAttentionTest {
    /// f32 chains of at most a few hundred terms of size one: 2e-5 is about 100 times the worst error seen, far below any wrong term.
    private static final double TOLERANCE = 2e-5;

    static Stream<AttentionCase> cases() {
        return Stream.of(
                AttentionCase.random("causal, 2 of 4 heads", 1, 4, 2, 16, 70, 70, Span.causal(0, 70)),
                AttentionCase.random("causal, head size 128, 8 heads on one", 2, 8, 1, 128, 40, 40, Span.causal(0, 40)),
                AttentionCase.random("head size 9", 3, 2, 2, 9, 45, 45, Span.causal(2, 41)),
                AttentionCase.random("head size 10, five heads on one", 4, 5, 1, 10, 33, 33, Span.full(0, 33)),
                AttentionCase.random("head size 12", 5, 3, 1, 12, 100, 100, Span.causal(0, 37), Span.full(37, 50)),
                AttentionCase.random("image, head size 72", 6, 2, 2, 72, 81, 81, Span.full(0, 49), Span.full(49, 32)),
                AttentionCase.random("latents over chunks", 7, 4, 4, 24, 12, 300, Span.cross(0, 5, 0, 200), Span.cross(5, 7, 200, 100)),
                AttentionCase.random("latents over the same keys", 8, 4, 2, 32, 9, 150, Span.cross(0, 5, 0, 100), Span.cross(5, 4, 50, 100)),
                AttentionCase.random("prompt and completions", 9, 4, 2, 32, 240, 240, Span.causal(0, 100),
                        Span.continuing(100, 70, 0, 100), Span.continuing(170, 3, 0, 100), Span.continuing(173, 65, 0, 100)),
                AttentionCase.random("two groups, backwards", 10, 2, 1, 16, 200, 200, Span.continuing(60, 20, 40, 20), Span.continuing(80, 33, 0, 40),
                        Span.causal(40, 20), Span.causal(0, 40)),
                AttentionCase.random("full with prefix", 11, 2, 2, 20, 30, 90, new Span(3, 20, 0, 50, 37, 0, 29, false)),
                AttentionCase.random("queries inside the prefix", 12, 2, 1, 16, 30, 90, new Span(0, 20, 5, 10, 40, 60, 3, true)),
                AttentionCase.random("prefix only", 13, 2, 1, 16, 3, 64, new Span(0, 3, 60, 1, 63, 0, 0, true)),
                AttentionCase.random("decode", 14, 4, 2, 32, 3, 300, new Span(0, 1, 99, 0, 0, 0, 100, true), new Span(1, 1, 99, 0, 64, 100, 40, true),
                        new Span(2, 1, 100, 0, 64, 200, 40, true)),
                AttentionCase.random("one key", 15, 2, 1, 8, 2, 2, Span.causal(0, 1), Span.causal(1, 1)),
                AttentionCase.random("empty spans", 16, 2, 1, 8, 5, 9, new Span(0, 0, 0, 0, 3, 0, 0, false), Span.causal(4, 1),
                        new Span(0, 0, 0, 0, 0, 0, 0, true)),
                AttentionCase.random("no spans", 17, 2, 1, 8, 4, 4));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void forwardIsTheTextbook(AttentionCase c) {
        AttentionOracle oracle = new AttentionOracle(c);
        try (SimdDevice device = new SimdDevice(2)) {
            AttentionCase.Forward f = c.forward(device);
            assertClose("out", oracle.out, f.out());
            assertClose("lse", oracle.lse, f.lse());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void backwardIsTheTextbook(AttentionCase c) {
        AttentionOracle oracle = new AttentionOracle(c);
        oracle.backward(AttentionOracle.wide(c.dOut()));
        // One thread takes whole units; many threads divide dk and dv by keys, dq by queries.
        for (int threads : new int[] {1, 16}) {
            try (SimdDevice device = new SimdDevice(threads)) {
                AttentionCase.Backward b = c.backward(device, c.forward(device));
                assertClose("dq", oracle.dq, b.dq());
                assertClose("dk", oracle.dk, b.dk());
                assertClose("dv", oracle.dv, b.dv());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void derivativeAgreesWithFiniteDifferences(AttentionCase c) {
        double[] dOut = AttentionOracle.wide(c.dOut());
        AttentionOracle oracle = new AttentionOracle(c);
        oracle.backward(dOut);
        double h = 1e-5;
        for (double[][] pair : new double[][][] {{oracle.q, oracle.dq}, {oracle.k, oracle.dk}, {oracle.v, oracle.dv}}) {
            double[] x = pair[0], dx = pair[1];
            for (int i = 1; i < x.length; i += Math.max(1, x.length / 5)) {
                double was = x[i];
                x[i] = was + h;
                double up = new AttentionOracle(c.plan(), c.scale(), oracle.q, oracle.k, oracle.v, c.queryRows()).loss(dOut);
                x[i] = was - h;
                double down = new AttentionOracle(c.plan(), c.scale(), oracle.q, oracle.k, oracle.v, c.queryRows()).loss(dOut);
                x[i] = was;
                double wanted = dx[i] == AttentionCase.UNTOUCHED ? 0 : dx[i];
                assertEquals(wanted, (up - down) / (2 * h), 1e-7 * Math.max(1, Math.abs(wanted)));
            }
        }
    }

    @Test
    void largeScoresStayFinite() {
        AttentionCase c = AttentionCase.random("large", 20, 2, 1, 16, 50, 50, Span.causal(0, 50));
        for (int i = 0; i < c.q().length; i++) c.q()[i] *= 60;
        AttentionOracle oracle = new AttentionOracle(c);
        try (SimdDevice device = new SimdDevice(1)) {
            AttentionCase.Forward f = c.forward(device);
            // Scores of about 300 carry an error of 300 · 2^-24 · √16 into the exponent.
            for (int i = 0; i < f.out().length; i++) assertEquals(oracle.out[i], f.out()[i], 1e-3);
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (SimdDevice device = new SimdDevice(1); Buffer b = device.allocate(DType.F32, 10_000); Buffer o = device.allocate(DType.F32, 10_000);
                Buffer l = device.allocate(DType.F32, 1000); Buffer half = device.allocate(DType.BF16, 10_000)) {
            AttentionPlan plan = new AttentionPlan(4, 2, 8, List.of(Span.causal(0, 10)));
            Matrix q = Matrix.of(b, 10, 32), k = Matrix.of(b, 10, 16), out = Matrix.of(o, 10, 32), lse = Matrix.of(l, 10, 4);
            refused(device, plan, Matrix.of(b, 10, 31), k, out, lse, "attention forward: q is f32[10 x 31]; wanted [10 x 32]");
            refused(device, plan, q, Matrix.of(b, 10, 32), out, lse, "k is f32[10 x 32]; wanted [10 x 16]");
            refused(device, plan, Matrix.of(half, 10, 32), k, out, lse, "q is bf16[10 x 32]; wanted F32");
            refused(device, plan, q, k, Matrix.of(o, 9, 32), lse, "out is f32[9 x 32] but q is f32[10 x 32]");
            refused(device, plan, q, k, out, Matrix.of(l, 10, 2), "lse is f32[10 x 2]; wanted [10 x 4]");
            refused(device, plan, q, k, Matrix.of(b, 10, 32), lse, "out f32[10 x 32] overlaps an input");
            refused(device, plan, q, Matrix.of(b, 9, 16), out, lse, "names key rows up to 9 but k is f32[9 x 16]");
            refused(device, plan(Span.causal(5, 6)), q, Matrix.of(b, 20, 16), out, lse, "names query rows up to 10 but q is f32[10 x 32]");
            refused(device, plan(Span.causal(0, 6), Span.causal(5, 2)), q, k, out, lse, "two spans have query row 5");
            refused(device, plan(new Span(0, 2, 4, 0, 5, 4, 2, true)), q, k, out, lse, "span 0 has prefix rows 0 .. 4 and own rows 4 .. 5");
        }
    }

    private static AttentionPlan plan(Span... spans) { return new AttentionPlan(4, 2, 8, List.of(spans)); }

    private static void refused(SimdDevice device, AttentionPlan plan, Matrix q, Matrix k, Matrix out, Matrix lse, String message) {
        var e = assertThrows(IllegalArgumentException.class, () -> device.attention().forward(plan, 1, q, k, k, out, lse));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    private static void assertClose(String what, double[] wanted, float[] found) {
        for (int i = 0; i < wanted.length; i++) {
            double bound = TOLERANCE * Math.max(1, Math.abs(wanted[i]));
            if (!(Math.abs(wanted[i] - found[i]) <= bound)) assertEquals(wanted[i], found[i], bound, what + "[" + i + "]");
        }
    }
}
