package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Tolerance: scores are chains over at most 128 dimensions, the output a convex combination of values of size 1: 3e-6. Gradients of keys sum over
/// queries and heads, at most some hundred terms of size 1/keys: 2e-5.
abstract class AttentionContract extends DeviceContract {
    AttentionContract(Supplier<Device> factory) { super(factory); }

    private record Case(String name, AttentionPlan plan, int queryRows, int keyRows, int gap) {
        @Override public String toString() { return name; }
    }

    private static Case of(String name, int heads, int kvHeads, int headDim, int queryRows, int keyRows, int gap, Span... spans) {
        return new Case(name, new AttentionPlan(heads, kvHeads, headDim, List.of(spans)), queryRows, keyRows, gap);
    }

    static Stream<Case> cases() {
        return Stream.of(
                of("one token", 1, 1, 1, 1, 1, 0, Span.causal(0, 1)),
                of("nobody", 2, 1, 4, 0, 0, 0),
                of("causal 5", 2, 1, 3, 5, 5, 2, Span.causal(0, 5)),
                of("causal, longer than two key blocks", 4, 2, 16, 70, 70, 0, Span.causal(0, 70)),
                of("two sequences, rows between them untouched", 2, 2, 8, 50, 50, 1, Span.causal(0, 33), Span.causal(40, 10)),
                of("full image", 3, 3, 10, 37, 37, 0, Span.full(0, 37)),
                of("cross", 2, 2, 5, 4, 90, 3, Span.cross(0, 4, 10, 65)),
                of("completions on a shared prompt", 4, 2, 8, 60, 60, 0, Span.causal(0, 35), Span.continuing(35, 10, 0, 35),
                        Span.continuing(45, 15, 0, 35)),
                of("cached decoding", 4, 2, 16, 3, 120, 0, new Span(0, 1, 39, 0, 30, 30, 10, true), new Span(1, 1, 30, 0, 30, 60, 1, true),
                        new Span(2, 1, 61, 0, 30, 80, 32, true)),
                of("head of 128", 2, 1, 128, 12, 12, 0, Span.causal(0, 12)));
    }

    @ParameterizedTest @MethodSource("cases")
    void forwardAndBackward(Case c) {
        gap = c.gap;
        AttentionPlan plan = c.plan;
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        float scale = (float) (1 / Math.sqrt(plan.headDim()));
        Twin q = random(c.queryRows, width, -3, 3);
        Twin k = random(c.keyRows, kvWidth);
        Twin v = random(c.keyRows, kvWidth);
        Twin out = random(c.queryRows, width);
        Twin lse = random(c.queryRows, plan.heads());
        both((d, s) -> d.attention().forward(plan, scale, q.on(s), k.on(s), v.on(s), out.on(s), lse.on(s)));
        assertSame("out", out, 3e-6);
        assertSame("lse", lse, 3e-6);
        Twin dOut = random(c.queryRows, width);
        Twin dq = random(c.queryRows, width);
        Twin dk = random(c.keyRows, kvWidth);
        Twin dv = random(c.keyRows, kvWidth);
        both((d, s) -> d.attention().backward(plan, scale, q.on(s), k.on(s), v.on(s), out.on(s), lse.on(s), dOut.on(s), dq.on(s),
                dk.on(s), dv.on(s)));
        assertSame("dq", dq, 1e-5);
        assertSame("dk", dk, 2e-5);
        assertSame("dv", dv, 2e-5);
    }

    /// q, k and v as column ranges of one product, as a model holds them.
    @Test void sharedBuffer() {
        Twin qkv = random(40, 3 * 24);
        Twin out = zeros(40, 24);
        Twin lse = zeros(40, 3);
        AttentionPlan plan = new AttentionPlan(3, 3, 8, List.of(Span.causal(0, 40)));
        both((d, s) -> d.attention().forward(plan, 0.3f, qkv.cols(0, 24).on(s), qkv.cols(24, 48).on(s), qkv.cols(48, 72).on(s), out.on(s),
                lse.on(s)));
        assertSame("out", out, 3e-6);
        Twin dOut = random(40, 24);
        Twin d3 = random(40, 72);
        both((d, s) -> d.attention().backward(plan, 0.3f, qkv.cols(0, 24).on(s), qkv.cols(24, 48).on(s), qkv.cols(48, 72).on(s), out.on(s),
                lse.on(s), dOut.on(s),
                d3.cols(0, 24).on(s), d3.cols(24, 48).on(s), d3.cols(48, 72).on(s)));
        assertSame("gradients", d3, 2e-5);
    }

    /// Two keys whose scores differ by log 3 are mixed 3 to 1.
    @Test void byHand() {
        AttentionPlan plan = new AttentionPlan(1, 1, 1, List.of(Span.causal(0, 2)));
        Twin out = zeros(2, 1);
        Twin lse = zeros(2, 1);
        tested.attention().forward(plan, 0.5f, values(2, 1, 5, 2 * Math.log(3)).tested(), values(2, 1, 1, 0).tested(), values(2, 1, 8, 4).tested(),
                out.tested(), lse.tested());
        assertValues("out", out, 1e-6, 8, 7);
        assertValues("lse", lse, 1e-6, 2.5, Math.log(4));
    }

    @Test void derivatives() {
        AttentionPlan plan = new AttentionPlan(2, 1, 3, List.of(Span.causal(0, 3), Span.continuing(3, 2, 0, 3)));
        Twin q = random(5, 6);
        Twin k = random(5, 3);
        Twin v = random(5, 3);
        Twin out = zeros(5, 6);
        Twin lse = zeros(5, 2);
        float[] weight = uniform(30, -1, 1);
        Twin dq = zeros(5, 6);
        Twin dk = zeros(5, 3);
        Twin dv = zeros(5, 3);
        tested.attention().forward(plan, 0.7f, q.tested(), k.tested(), v.tested(), out.tested(), lse.tested());
        tested.attention().backward(plan, 0.7f, q.tested(), k.tested(), v.tested(), out.tested(), lse.tested(), matrix(F32, 5, 6, weight).tested(),
                dq.tested(), dk.tested(), dv.tested());
        DoubleSupplier loss = () -> {
            oracle.attention().forward(plan, 0.7f, q.oracle(), k.oracle(), v.oracle(), out.oracle(), lse.oracle());
            return weighted(out.oracle(), weight);
        };
        assertGradient("dq", q, loss, dq);
        assertGradient("dk", k, loss, dk);
        assertGradient("dv", v, loss, dv);
    }

    @Test void refuses() {
        var op = tested.attention();
        AttentionPlan plan = new AttentionPlan(2, 1, 3, List.of(Span.causal(0, 4)));
        Twin q = random(4, 6);
        Twin k = random(4, 3);
        Twin lse = random(4, 2);
        assertRefused("attention", () -> op.forward(plan, 1, q.tested(), random(4, 6).tested(), random(4, 6).tested(), random(4, 6).tested(),
                lse.tested()));
        assertRefused("attention", () -> op.forward(plan, 1, random(3, 6).tested(), k.tested(), random(4, 3).tested(), random(3, 6).tested(),
                random(3, 2).tested()));
        assertRefused("attention", () -> op.forward(plan, 1, q.tested(), random(3, 3).tested(), random(3, 3).tested(), random(4, 6).tested(),
                lse.tested()));
        assertRefused("attention", () -> op.forward(plan, 1, q.tested(), k.tested(), random(4, 3).tested(), random(4, 6).tested(),
                random(4, 1).tested()));
        assertRefused("attention", () -> op.backward(plan, 1, q.tested(), k.tested(), random(4, 3).tested(), random(4, 6).tested(), lse.tested(),
                random(4, 6).tested(),
                random(4, 6).tested(), random(3, 3).tested(), random(4, 3).tested()));
        assertThrows(IllegalArgumentException.class, () -> new AttentionPlan(3, 2, 4, List.of()));
    }
}
