package lucid.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lucid.kernels.Device;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Repetition;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.attention.AttentionTables;
import lucid.kernels.cuda.attention.SplitAttention;
import lucid.kernels.gpu.EmulatedGpu;
import lucid.kernels.gpu.Replay;
import lucid.kernels.ptx.Profile;
import lucid.kernels.ptx.RunReport;
import org.junit.jupiter.api.Test;

/// Few queries with many keys, by two kernels: heads of 3 to 256 dimensions in slices of 16 and 32, one to eight queries and one to 64 rows, shared
/// prefixes, caches, odd numbers of keys, short spans beside long ones.
class CudaSplitAttentionTest extends BitTest {
    CudaSplitAttentionTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        add(cases, "one query, head of 16", 1, 1, 16, 1, 513, Layout.DENSE, Span.cross(0, 1, 0, 513));
        add(cases, "head of 64, seven on one, behind a cache", 7, 1, 64, 2, 650, Layout.ALIGNED, new Span(0, 1, 640, 0, 0, 2, 641, true));
        add(cases, "head of 72, prefix and own rows", 4, 2, 72, 3, 700, Layout.DENSE, new Span(1, 1, 591, 7, 549, 601, 43, true));
        add(cases, "head of 128, eight on one", 8, 1, 128, 1, 600, Layout.DENSE, Span.cross(0, 1, 3, 545));
        add(cases, "head of 128 at odd places", 2, 1, 128, 2, 600, Layout.ODD, Span.cross(0, 2, 3, 577));
        add(cases, "head of 3, five on one", 5, 1, 3, 1, 540, Layout.DENSE, Span.cross(0, 1, 0, 539));
        add(cases, "head of 9, eight queries, strided", 2, 2, 9, 11, 1100, Layout.ODD, new Span(2, 8, 1030, 9, 700, 720, 340, true));
        add(cases, "head of 20, five queries and other spans", 6, 2, 20, 9, 900, Layout.DENSE, new Span(0, 5, 520, 4, 517, 560, 8, true),
                Span.causal(6, 2), new Span(5, 1, 97, 0, 64, 600, 40, true),
                new Span(8, 1, 0, 0, 0, 890, 1, true));
        add(cases, "head of 256", 1, 1, 256, 1, 520, Layout.DENSE, Span.cross(0, 1, 0, 517));
        add(cases, "completions on a shared prompt, one of them with many queries", 2, 1, 12, 50, 700, Layout.DENSE,
                new Span(0, 1, 601, 0, 600, 610, 2, true), new Span(1, 2, 640, 0, 600, 630, 42, true),
                new Span(4, 40, 600, 0, 600, 640, 40, true));
        add(cases, "many spans, six rows each, slices of 32", 24, 4, 36, 16, 560, Layout.DENSE, many(16));
        add(cases, "many spans at odd places, slices of 32", 4, 4, 33, 16, 560, Layout.ODD, many(16));
        cases.add(new BitCase("large scores", b -> run(b, plan(2, 1, 8, Span.cross(0, 3, 0, 550)), 3, 550, Layout.DENSE, 60)));
        cases.add(new BitCase("rising scores", CudaSplitAttentionTest::rising));
        cases.add(new BitCase("negative scores", CudaSplitAttentionTest::negative));
        cases.add(new BitCase("invisible keys that are no numbers", CudaSplitAttentionTest::invisible));
        return cases;
    }

    /// One long span and others of 1, 32, 63, ... keys.
    private static Span[] many(int n) {
        Span[] spans = new Span[n];
        for (int i = 0; i < n; i++) spans[i] = i == 3 ? Span.cross(i, 1, 9, 550) : Span.cross(i, 1, 2 * i, 1 + 31 * i);
        return spans;
    }

    private static AttentionPlan plan(int heads, int kvHeads, int dim, Span... spans) {
        return new AttentionPlan(heads, kvHeads, dim, List.of(spans));
    }

    private static void add(List<BitCase> cases, String name, int heads, int kvHeads, int dim, int queryRows, int keyRows, Layout layout,
            Span... spans) {
        cases.add(new BitCase(name, b -> run(b, plan(heads, kvHeads, dim, spans), queryRows, keyRows, layout, 1)));
    }

    private static void run(Bits b, AttentionPlan plan, int queryRows, int keyRows, Layout layout, double size) {
        Twin k = b.random(keyRows, plan.kvHeads() * plan.headDim(), layout);
        Twin v = b.random(keyRows, plan.kvHeads() * plan.headDim(), layout);
        run(b, plan, b.random(queryRows, plan.heads() * plan.headDim(), layout, -3 * size, 3 * size), k, v, layout);
    }

    private static void run(Bits b, AttentionPlan plan, Twin q, Twin k, Twin v, Layout layout) {
        float scale = (float) (1 / Math.sqrt(plan.headDim()));
        Twin out = b.random(q.onCpu().rows(), q.onCpu().cols(), layout);
        Twin lse = b.random(q.onCpu().rows(), plan.heads(), layout);
        assertTrue(new SplitAttention(b.kernels(), SplitAttention.Form.EXACT).wants(new AttentionTables(plan)),
                "the case does not come to these kernels");
        if (CudaAttentionTest.tooLarge(b, plan)) {
            b.assertGpuRefuses(d -> d.attention().forward(plan, scale, q.on(d), k.on(d), v.on(d), out.on(d), lse.on(d)), "heads of " + plan.headDim()
                    + " dimensions");
            return;
        }
        b.both((d, _) -> d.attention().forward(plan, scale, q.on(d), k.on(d), v.on(d), out.on(d), lse.on(d)));
        b.assertSame("out", out);
        b.assertSame("lse", lse);
    }

    /// Every key block has a larger score than all before, so every factor counts; then they fall.
    private static void rising(Bits b) {
        AttentionPlan plan = plan(3, 1, 16, new Span(0, 2, 620, 0, 0, 0, 622, true));
        Twin k = b.matrix(640, 16, Layout.DENSE, i -> (i / 16 < 400 ? i / 16 : 800 - i / 16) / 300.0 + b.random.nextDouble(-0.2, 0.2));
        run(b, plan, b.matrix(2, 48, Layout.DENSE, _ -> b.random.nextDouble(0, 2)), k, b.random(640, 16, Layout.DENSE), Layout.DENSE);
    }

    private static void negative(Bits b) {
        Twin k = b.matrix(530, 5, Layout.DENSE, _ -> b.random.nextDouble(-3, 0));
        run(b, plan(5, 1, 5, Span.cross(0, 1, 0, 530)), b.matrix(1, 25, Layout.DENSE, _ -> b.random.nextDouble(0, 2)), k,
                b.random(530, 5, Layout.DENSE), Layout.DENSE);
    }

    /// Keys of a block that some rows see are poisoned; a row that has a NaN in sight is NaN on both devices.
    private static void invisible(Bits b) {
        AttentionPlan plan = plan(1, 1, 8, new Span(0, 8, 604, 0, 0, 0, 640, true), new Span(8, 1, 637, 0, 0, 0, 640, true));
        Twin k = b.matrix(660, 8, Layout.DENSE, i -> i / 8 >= 606 && i / 8 < 650 ? i % 2 == 0 ? Double.NaN : Double.POSITIVE_INFINITY
                : b.random.nextDouble(-1, 1));
        Twin v = b.matrix(660, 8, Layout.DENSE, i -> i / 8 >= 606 && i / 8 < 650 ? i % 2 == 0 ? Double.NEGATIVE_INFINITY : Double.NaN
                : b.random.nextDouble(-1, 1));
        run(b, plan, b.random(9, 8, Layout.DENSE), k, v, Layout.DENSE);
    }

    /// A step of decoding (two layers) is queued as a graph while the room for keys is the same, though each step sees one key more; at 1025 keys the
    /// room grows. The bits are the CPU's throughout.
    @Test void decodingIsReplayed() {
        EmulatedGpu gpu = new EmulatedGpu().capacity(64 << 20);
        try (Bits b = new Bits(gpu); Repetition repetition = b.gpu.repetition()) {
            Twin k = b.random(1040, 16, Layout.DENSE);
            Twin v = b.random(1040, 16, Layout.DENSE);
            Twin q = b.random(2, 32, Layout.DENSE);
            Twin middle = b.random(2, 32, Layout.DENSE);
            Twin out = b.random(2, 32, Layout.DENSE);
            Twin lse = b.random(2, 4, Layout.DENSE);
            Replay.Counts before = gpu.replayed();
            for (int t = 0; t < 8; t++) {
                AttentionPlan plan = plan(4, 2, 8, new Span(0, 1, 1019 + t, 0, 900, 905, 135, true), new Span(1, 1, 40 + t, 0, 0, 900, 100, true));
                layers(b.cpu, plan, q, k, v, middle, out, lse);
                repetition.run(() -> layers(b.gpu, plan, q, k, v, middle, out, lse));
                b.assertSame("out", out);
                b.assertSame("lse", lse);
            }
            int works = 5;
            assertEquals(new Replay.Counts(2, 6, 2 * works), gpu.replayed().minus(before),
                    "the first steps with 1020 and 1025 keys one by one, all others as graphs");
        }
    }

    private static void layers(Device d, AttentionPlan plan, Twin q, Twin k, Twin v, Twin middle, Twin out, Twin lse) {
        d.attention().forward(plan, 0.3f, q.on(d), k.on(d), v.on(d), middle.on(d), lse.on(d));
        d.attention().forward(plan, 0.3f, middle.on(d), k.on(d), v.on(d), out.on(d), lse.on(d));
    }

    /// Neither copies nor reads meet a bank of shared memory twice.
    @Test void scoresHaveNoBankConflicts() {
        List<RunReport> reports = new ArrayList<>();
        try (Bits b = new Bits(new EmulatedGpu().listen(reports::add))) {
            run(b, plan(8, 1, 128, Span.cross(0, 1, 0, 545)), 1, 545, Layout.DENSE, 1);
        }
        List<Profile> scores = reports.stream().filter(r -> r.entry().name().startsWith("attention_decode_scores")).map(RunReport::profile).toList();
        assertEquals(1, scores.size());
        assertEquals(scores.getFirst().idealWavefronts(), scores.getFirst().wavefronts());
    }

    /// The choice is by the longest span of few rows, and for all of them.
    @Test void manyKeysAndFewRows() {
        assertFalse(wants(plan(2, 1, 8, Span.cross(0, 1, 0, 512))));
        assertTrue(wants(plan(2, 1, 8, Span.cross(0, 1, 0, 512), Span.cross(1, 32, 0, 513))));
        assertFalse(wants(plan(2, 1, 8, Span.cross(0, 33, 0, 513))), "a tile of 64 rows has its own kernel");
        assertFalse(wants(plan(2, 1, 8)));
        assertFalse(wants(plan(1 << 12, 1 << 12, 8, Span.cross(0, 1, 0, 1 << 20))), "scores beyond all memory");
    }

    private static boolean wants(AttentionPlan plan) { return new SplitAttention(null, SplitAttention.Form.EXACT).wants(new AttentionTables(plan)); }
}
