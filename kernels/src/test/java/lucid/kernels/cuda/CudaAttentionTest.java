package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;

/// Plans of every kind: causal, full, cross, shared prefixes, caches; head sizes within and beyond a vector; rows and keys within and beyond a tile.
class CudaAttentionTest extends BitTest {
    CudaAttentionTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        add(cases, "one token", 1, 1, 1, 1, 1, Layout.DENSE, Span.causal(0, 1));
        add(cases, "nobody", 2, 1, 4, 3, 3, Layout.DENSE);
        add(cases, "causal, two of four heads", 4, 2, 16, 70, 70, Layout.DENSE, Span.causal(0, 70));
        add(cases, "head of 9, strided", 2, 2, 9, 45, 45, Layout.ODD, Span.causal(2, 41));
        add(cases, "head of 12, five heads on one", 5, 1, 12, 33, 33, Layout.ALIGNED, Span.full(0, 33));
        add(cases, "image, head of 72", 2, 2, 72, 50, 50, Layout.DENSE, Span.full(0, 37), Span.full(37, 13));
        add(cases, "head of 64, six on one", 6, 1, 64, 11, 11, Layout.DENSE, Span.causal(0, 11));
        add(cases, "head of 128", 2, 1, 128, 9, 40, Layout.DENSE, Span.cross(0, 9, 0, 40));
        add(cases, "head of 128, decoding", 2, 1, 128, 1, 40, Layout.ODD, Span.cross(0, 1, 0, 40));
        add(cases, "head of 100, several rounds of rows, shared prompt", 2, 1, 100, 80, 80, Layout.ODD, Span.causal(0, 41),
                Span.continuing(45, 33, 0, 41));
        add(cases, "head of 130, 35 keys", 1, 1, 130, 17, 40, Layout.ODD, Span.cross(0, 17, 2, 35));
        add(cases, "head of 256, 3 keys", 1, 1, 256, 3, 40, Layout.DENSE, new Span(0, 3, 0, 0, 0, 5, 3, true));
        add(cases, "completions on a shared prompt", 4, 2, 8, 62, 62, Layout.ODD, Span.causal(0, 35), Span.continuing(35, 10, 0, 35),
                Span.continuing(46, 15, 0, 35));
        add(cases, "two groups, backwards", 2, 1, 16, 100, 100, Layout.DENSE, Span.continuing(60, 20, 40, 20), Span.continuing(80, 13, 0, 40),
                Span.causal(40, 20), Span.causal(0, 40));
        add(cases, "full with prefix", 2, 2, 20, 30, 90, Layout.DENSE, new Span(3, 20, 0, 50, 37, 0, 29, false));
        add(cases, "queries inside the prefix", 2, 1, 16, 30, 90, Layout.DENSE, new Span(0, 20, 5, 10, 40, 60, 3, true));
        add(cases, "cached decoding, more than 256 keys", 4, 2, 16, 3, 420, Layout.DENSE, new Span(0, 1, 299, 0, 270, 300, 30, true),
                new Span(1, 1, 99, 0, 64, 330, 40, true),
                new Span(2, 1, 261, 0, 0, 10, 262, true));
        add(cases, "empty spans", 2, 1, 8, 5, 9, Layout.DENSE, new Span(0, 0, 0, 0, 3, 0, 0, false), Span.causal(4, 1),
                new Span(0, 0, 0, 0, 0, 0, 0, true));
        cases.add(new BitCase("invisible keys that are no numbers", CudaAttentionTest::invisible));
        cases.add(new BitCase("large scores", b -> run(b, plan(2, 1, 8, Span.causal(0, 40)), 40, 40, Layout.DENSE, 60)));
        cases.add(new BitCase("views of one buffer", CudaAttentionTest::shared));
        cases.add(new BitCase("refusals", CudaAttentionTest::refusals));
        return cases;
    }

    private static AttentionPlan plan(int heads, int kvHeads, int dim, Span... spans) {
        return new AttentionPlan(heads, kvHeads, dim, List.of(spans));
    }

    private static void add(List<BitCase> cases, String name, int heads, int kvHeads, int dim, int queryRows, int keyRows, Layout layout,
            Span... spans) {
        cases.add(new BitCase(name, b -> run(b, plan(heads, kvHeads, dim, spans), queryRows, keyRows, layout, 1)));
    }

    private static void run(Bits b, AttentionPlan plan, int queryRows, int keyRows, Layout layout, double size) {
        int width = plan.heads() * plan.headDim();
        int kvWidth = plan.kvHeads() * plan.headDim();
        Twin k = b.random(keyRows, kvWidth, layout);
        Twin v = b.random(keyRows, kvWidth, layout);
        run(b, plan, b.random(queryRows, width, layout, -3 * size, 3 * size), k, v, layout);
    }

    private static void run(Bits b, AttentionPlan plan, Twin q, Twin k, Twin v, Layout layout) {
        float scale = (float) (1 / Math.sqrt(plan.headDim()));
        Twin out = b.random(q.onCpu().rows(), q.onCpu().cols(), layout);
        Twin lse = b.random(q.onCpu().rows(), plan.heads(), layout);
        if (tooLarge(b, plan)) {
            b.assertGpuRefuses(d -> d.attention().forward(plan, scale, q.on(d), k.on(d), v.on(d), out.on(d), lse.on(d)),
                    "attention forward: heads of " + plan.headDim() + " dimensions", "--device simd");
            return;
        }
        b.both((d, _) -> d.attention().forward(plan, scale, q.on(d), k.on(d), v.on(d), out.on(d), lse.on(d)));
        b.assertSame("out", out);
        b.assertSame("lse", lse);
        Twin dOut = b.random(q.onCpu().rows(), q.onCpu().cols(), layout);
        Twin dq = b.random(q.onCpu().rows(), q.onCpu().cols(), layout);
        Twin dk = b.random(k.onCpu().rows(), k.onCpu().cols(), layout);
        Twin dv = b.random(k.onCpu().rows(), k.onCpu().cols(), layout);
        b.both((d, _) -> d.attention().backward(plan, scale, q.on(d), k.on(d), v.on(d), out.on(d), lse.on(d), dOut.on(d), dq.on(d),
                dk.on(d), dv.on(d)));
        b.assertSame("dq", dq);
        b.assertSame("dk", dk);
        b.assertSame("dv", dv);
    }

    /// Whether heads are of a size for which blocks of this GPU lack shared memory.
    static boolean tooLarge(Bits b, AttentionPlan plan) { return plan.headDim() > 128 && b.sharedBytes() < 140_288; }

    /// Rows of k and v after the last query's own position are poisoned; a row that has a NaN in sight is NaN on both devices.
    private static void invisible(Bits b) {
        AttentionPlan plan = plan(2, 1, 8, new Span(0, 3, 22, 0, 16, 29, 30, true), Span.causal(9, 40));
        Twin k = b.matrix(60, 8, Layout.DENSE, i -> i / 8 >= 36 && i / 8 < 56 ? i % 2 == 0 ? Double.NaN : Double.POSITIVE_INFINITY
                : b.random.nextDouble(-1, 1));
        Twin v = b.matrix(60, 8, Layout.DENSE, i -> i / 8 >= 36 && i / 8 < 56 ? i % 2 == 0 ? Double.NEGATIVE_INFINITY : Double.NaN
                : b.random.nextDouble(-1, 1));
        run(b, plan, b.random(49, 16, Layout.DENSE), k, v, Layout.DENSE);
    }

    private static void shared(Bits b) {
        AttentionPlan plan = plan(3, 3, 8, Span.causal(0, 40));
        Twin qkv = b.random(40, 72, Layout.DENSE);
        run(b, plan, qkv.cols(0, 24), qkv.cols(24, 48), qkv.cols(48, 72), Layout.DENSE);
    }

    private static void refusals(Bits b) {
        AttentionPlan good = plan(4, 2, 8, Span.causal(0, 10));
        Twin q = b.random(10, 32, Layout.DENSE);
        Twin k = b.random(10, 16, Layout.DENSE);
        Twin out = b.random(10, 32, Layout.DENSE);
        Twin lse = b.random(10, 4, Layout.DENSE);
        refused(b, good, b.random(10, 31, Layout.DENSE), k, out, lse);
        refused(b, good, q, b.random(10, 32, Layout.DENSE), out, lse);
        refused(b, good, q, k, out.rows(0, 9), lse);
        refused(b, good, q, k, out, lse.cols(0, 2));
        refused(b, good, q, k, q, lse);
        refused(b, good, q, k.rows(0, 9), out, lse);
        refused(b, plan(4, 2, 8, Span.causal(5, 6)), q, k, out, lse);
        refused(b, plan(4, 2, 8, Span.causal(0, 6), Span.causal(5, 2)), q, k, out, lse);
        refused(b, plan(4, 2, 8, new Span(0, 2, 4, 0, 5, 4, 2, true)), q, k, out, lse);
        refused(b, null, q, k, out, lse);
        b.assertRefused((d, _) -> d.attention().backward(good, 1, q.on(d), k.on(d), k.on(d), out.on(d), lse.on(d), q.on(d), q.on(d),
                k.on(d), k.on(d)));
    }

    private static void refused(Bits b, AttentionPlan plan, Twin q, Twin k, Twin out, Twin lse) {
        b.assertRefused((d, _) -> d.attention().forward(plan, 1, q.on(d), k.on(d), k.on(d), out.on(d), lse.on(d)));
    }
}
