package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.TestGpu;
import lucid.kernels.ptx.async.work.Timing;
import lucid.kernels.ptx.machine.launch.Schedule;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Attention on tensor cores beside the CPU's, from inputs that bf16 can hold. What remains is the rounding of the weights (and of ds) to bf16, 2^-9
/// of each, and of exponentials and sums.
class CudaAttentionTensorTest {
    /// Of an element: of `out` the weights sum to one, so half of 2^-8 of values of size one; a gradient is a sum of many terms of that kind.
    private static final float OUT = 0x1p-8f;
    private static final float LSE = 3e-6f;
    private static final float GRADIENT = 0x1p-7f;

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        add(cases, "one token", 1, 1, 1, 1, 1, Layout.DENSE, Span.causal(0, 1));
        add(cases, "nobody", 2, 1, 4, 3, 3, Layout.DENSE);
        add(cases, "causal and continued, two of four heads of 64", 4, 2, 64, 160, 160, Layout.DENSE, Span.causal(0, 140),
                Span.continuing(140, 9, 0, 140), Span.continuing(149, 11, 0, 140));
        add(cases, "images, heads of 72", 2, 2, 72, 90, 90, Layout.ALIGNED, Span.full(1, 75), Span.full(77, 13));
        add(cases, "heads of 128 on a shared prompt", 2, 1, 128, 110, 110, Layout.ALIGNED, Span.causal(0, 75), Span.continuing(75, 20, 0, 75),
                Span.continuing(96, 14, 0, 75));
        add(cases, "odd heads at odd places", 3, 1, 19, 20, 170, Layout.ODD, new Span(2, 7, 130, 3, 130, 140, 30, true), Span.cross(10, 4, 0, 165));
        add(cases, "queries inside the prefix", 2, 1, 16, 40, 150, Layout.DENSE, new Span(0, 35, 50, 10, 90, 110, 3, true),
                new Span(35, 2, 70, 0, 90, 110, 1, true));
        add(cases, "decoding and prefill behind a cache", 4, 2, 80, 76, 420, Layout.DENSE, new Span(0, 1, 299, 0, 270, 300, 30, true),
                new Span(1, 1, 99, 0, 64, 330, 40, true),
                new Span(2, 1, 261, 0, 0, 10, 262, true), new Span(3, 40, 280, 0, 140, 200, 190, true),
                new Span(43, 33, 290, 0, 140, 200, 190, true));
        add(cases, "empty spans, and keys that nobody sees", 2, 1, 8, 5, 9, Layout.DENSE, new Span(0, 0, 0, 0, 3, 0, 0, false), Span.causal(4, 1),
                new Span(0, 0, 0, 0, 0, 0, 0, true));
        add(cases, "keys alone", 2, 1, 8, 5, 9, Layout.DENSE, new Span(0, 0, 0, 2, 3, 7, 1, false));
        return cases;
    }

    private static void add(List<BitCase> cases, String name, int heads, int kvHeads, int dim, int queryRows, int keyRows, Layout layout,
            Span... spans) {
        AttentionPlan plan = new AttentionPlan(heads, kvHeads, dim, List.of(spans));
        for (boolean hopper : new boolean[] {false, true}) {
            cases.add(new BitCase(name + (hopper ? ", wgmma" : ", mma"), b -> run(b, b.tensorAttention(hopper), plan, queryRows, keyRows, layout)));
        }
    }

    /// A number in [-1, 1) that bf16 holds.
    private static double short8(Bits b) { return b.random.nextInt(-128, 128) / 128.0; }

    private static void run(Bits b, Attention tensor, AttentionPlan plan, int queryRows, int keyRows, Layout layout) {
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        float scale = (float) (2 / Math.sqrt(plan.headDim()));
        Twin q = b.matrix(queryRows, width, layout, _ -> short8(b));
        Twin k = b.matrix(keyRows, kvWidth, layout, _ -> short8(b));
        Twin v = b.matrix(keyRows, kvWidth, layout, _ -> short8(b));
        Twin out = b.matrix(queryRows, width, layout, _ -> 7);
        Twin lse = b.matrix(queryRows, plan.heads(), layout, _ -> 7);
        b.cpu.attention().forward(plan, scale, q.onCpu(), k.onCpu(), v.onCpu(), out.onCpu(), lse.onCpu());
        tensor.forward(plan, scale, q.onGpu(), k.onGpu(), v.onGpu(), out.onGpu(), lse.onGpu());
        b.assertClose("out", out, OUT);
        b.assertClose("lse", lse, LSE);
        Twin dOut = b.matrix(queryRows, width, layout, _ -> short8(b));
        Twin dq = b.matrix(queryRows, width, layout, _ -> 7);
        Twin dk = b.matrix(keyRows, kvWidth, layout, _ -> 7);
        Twin dv = b.matrix(keyRows, kvWidth, layout, _ -> 7);
        b.cpu.attention().backward(plan, scale, q.onCpu(), k.onCpu(), v.onCpu(), out.onCpu(), lse.onCpu(), dOut.onCpu(), dq.onCpu(), dk.onCpu(),
                dv.onCpu());
        tensor.backward(plan, scale, q.onGpu(), k.onGpu(), v.onGpu(), out.onGpu(), lse.onGpu(), dOut.onGpu(), dq.onGpu(), dk.onGpu(), dv.onGpu());
        b.assertClose("dq", dq, GRADIENT);
        b.assertClose("dk", dk, GRADIENT);
        b.assertClose("dv", dv, GRADIENT);
    }

    @TestFactory Stream<DynamicTest> closeToTheCpu() {
        return Stream.of(Schedule.RANDOM, Schedule.ROUND_ROBIN)
                .flatMap(schedule -> cases().stream().map(c -> DynamicTest.dynamicTest(c.name() + ", " + schedule, () -> {
            try (Bits bits = new Bits(TestGpu.open(new EmulatedGpu.Settings(c.name().endsWith("wgmma") ? 90 : 89, schedule, Timing.RANDOM, 5, 2)))) {
                c.body().accept(bits);
            }
        })));
    }
}
