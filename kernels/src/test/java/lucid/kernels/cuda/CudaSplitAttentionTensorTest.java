package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.attention.AttentionTables;
import lucid.kernels.cuda.attention.SplitAttention;

/// Few queries with many keys on tensor cores: the bits that the same queries have among many, by the kernels of prefill. How close those are to the
/// CPU's values is [CudaAttentionTensorTest]'s.
class CudaSplitAttentionTensorTest extends BitTest {
    /// Queries that prefill has at once: more rows than few in every case.
    private static final int QUERIES = 66;
    private static final float UNTOUCHED = 7;

    /// By `wgmma` too, so both cards are Hoppers.
    CudaSplitAttentionTensorTest() { super(cases(), 90); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        for (boolean hopper : new boolean[] {false, true}) {
            add(cases, hopper, "head of 16, one query", new Shape(1, 1, 16, 0, 513, true), Layout.DENSE, 1);
            add(cases, hopper, "head of 64, seven on one, shared prefix", new Shape(7, 1, 64, 499, 78, true), Layout.ALIGNED, 1, 1);
            add(cases, hopper, "head of 72, five queries and one", new Shape(4, 2, 72, 514, 130, true), Layout.DENSE, 5, 1);
            add(cases, hopper, "head of 128, eight on one", new Shape(8, 1, 128, 0, 640, true), Layout.DENSE, 1);
            add(cases, hopper, "head of 19 at odd places, eight queries", new Shape(6, 2, 19, 70, 601, true), Layout.ODD, 8);
            add(cases, hopper, "head of 9, all see all", new Shape(2, 1, 9, 300, 245, false), Layout.ODD, 2, 3);
            add(cases, hopper, "head of 128 at odd places", new Shape(1, 1, 128, 0, 515, true), Layout.ODD, 1);
        }
        return cases;
    }

    private record Shape(int heads, int kvHeads, int dim, int prefix, int own, boolean causal) {
        /// `queries` of the sequence's last QUERIES, from number `from` on.
        Span span(int from, int queries) { return new Span(from, queries, prefix + own - QUERIES + from, 3, prefix, prefix + 9, own, causal); }

        AttentionPlan plan(Span... spans) { return new AttentionPlan(heads, kvHeads, dim, List.of(spans)); }
    }

    private static void add(List<BitCase> cases, boolean hopper, String name, Shape shape, Layout layout, int... queries) {
        cases.add(new BitCase(name + (hopper ? ", wgmma" : ", mma"), b -> run(b, hopper, shape, layout, queries)));
    }

    private static void run(Bits b, boolean hopper, Shape shape, Layout layout, int... queries) {
        Attention tensor = b.tensorAttention(hopper);
        int keys = shape.prefix + shape.own + 12;
        Twin q = b.random(QUERIES, shape.heads * shape.dim, layout, -3, 3);
        Twin k = b.random(keys, shape.kvHeads * shape.dim, layout);
        Twin v = b.random(keys, shape.kvHeads * shape.dim, layout);
        Span[] spans = new Span[queries.length];
        int from = QUERIES;
        for (int i = 0; i < spans.length; i++) {
            from -= queries[i];
            spans[i] = shape.span(from, queries[i]);
        }
        float[][] many = forward(b, tensor, shape.plan(shape.span(0, QUERIES)), false, q, k, v, layout);
        float[][] few = forward(b, tensor, shape.plan(spans), true, q, k, v, layout);
        same("out", layout, shape.heads * shape.dim, from, many[0], few[0]);
        same("lse", layout, shape.heads, from, many[1], few[1]);
    }

    /// The whole buffers of out and lse.
    private static float[][] forward(Bits b, Attention tensor, AttentionPlan plan, boolean apart, Twin q, Twin k, Twin v, Layout layout) {
        for (SplitAttention.Form form : SplitAttention.Form.values())
            assertEquals(apart, new SplitAttention(null, form).wants(new AttentionTables(plan)), "whether keys are split");
        Twin out = b.matrix(QUERIES, plan.heads() * plan.headDim(), layout, _ -> UNTOUCHED);
        Twin lse = b.matrix(QUERIES, plan.heads(), layout, _ -> UNTOUCHED);
        tensor.forward(plan, (float) (2 / Math.sqrt(plan.headDim())), q.onGpu(), k.onGpu(), v.onGpu(), out.onGpu(), lse.onGpu());
        return new float[][] {read(b, out), read(b, lse)};
    }

    private static float[] read(Bits b, Twin m) {
        float[] values = new float[Math.toIntExact(m.onGpu().buffer().length())];
        b.gpu.read(m.onGpu().buffer(), 0, values);
        return values;
    }

    private static void same(String what, Layout layout, int cols, int from, float[] many, float[] few) {
        for (int r = 0; r < QUERIES; r++) {
            for (int c = 0; c < cols; c++) {
                int at = layout.offset() + r * (cols + layout.gap()) + c;
                float wanted = r < from ? UNTOUCHED : many[at];
                assertTrue(Float.isFinite(wanted) && wanted == few[at], what + "(" + r + ", " + c + "): " + few[at] + " alone, " + many[at]
                        + " among " + QUERIES + "; row " + from + " is the first one alone");
            }
        }
    }
}
