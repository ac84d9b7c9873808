package lucid.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.cuda.Bits.Layout;
import lucid.kernels.cuda.Bits.Twin;
import lucid.kernels.cuda.Bits.TwinBuffer;

/// Every filter, alone and together; few tokens and more than a tile of them; ties; flat and peaked distributions.
class CudaSamplingTest extends BitTest {
    private static final long KEY = 0x123456789ABCDEFL;

    CudaSamplingTest() { super(cases()); }

    static List<BitCase> cases() {
        List<BitCase> cases = new ArrayList<>();
        List<Rule> rules = List.of(Rule.GREEDY, Rule.temperature(1), Rule.temperature(0.6f), new Rule(false, 1, 5, 1, 0),
                new Rule(false, 0.9f, 1, 1, 0), new Rule(false, 1, 0, 0.9f, 0),
                new Rule(false, 1.5f, 0, 1e-6f, 0), new Rule(false, 1, 0, 1, 0.1f), new Rule(false, 0.8f, 40, 0.95f, 0.05f));
        for (Rule rule : rules) {
            cases.add(new BitCase(rule + " of few", b -> draw(b, rule, 4, 24, Layout.ODD, i -> i % 5 == 0 ? 1.5 : b.random.nextDouble(-5, 5))));
            cases.add(new BitCase(rule + " of 700", b -> draw(b, rule, 3, 700, Layout.DENSE, _ -> b.random.nextDouble(-5, 5))));
        }
        cases.add(new BitCase("one token", b -> draw(b, new Rule(false, 0.8f, 4, 0.9f, 0.2f), 2, 1, Layout.DENSE, _ -> 3)));
        cases.add(new BitCase("flat, more than two tiles", b -> draw(b, new Rule(false, 1, 0, 0.4f, 0), 1, 5000, Layout.DENSE,
                i -> i * 7919 % 5000 * 1e-5)));
        cases.add(new BitCase("peaked, more than two tiles",
                b -> draw(b, new Rule(false, 1, 3000, 0.7f, 0), 1, 4500, Layout.DENSE, i -> i * 7919 % 4500 * 0.01 - 20)));
        cases.add(new BitCase("all equal", b -> draw(b, new Rule(false, 1, 10, 0.5f, 0), 1, 600, Layout.DENSE, i -> i % 2 == 0 ? 0.0 : -0.0)));
        cases.add(new BitCase("all equal, all but one dropped", b -> draw(b, new Rule(false, 1, 0, 1e-30f, 0), 1, 40, Layout.DENSE, _ -> 2)));
        cases.add(new BitCase("forbidden tokens", b -> draw(b, new Rule(false, 1, 300, 0.9f, 0.01f), 2, 400, Layout.DENSE,
                i -> i % 3 == 0 ? b.random.nextDouble(-3, 3) : Float.NEGATIVE_INFINITY)));
        cases.add(new BitCase("underflowing weights", b -> draw(b, Rule.temperature(0.05f), 4, 600, Layout.DENSE,
                i -> i % 600 == 300 ? 20 : b.random.nextDouble(-5, 5))));
        cases.add(new BitCase("not finite", CudaSamplingTest::notFinite));
        cases.add(new BitCase("normal numbers", CudaSamplingTest::normal));
        cases.add(new BitCase("refusals", CudaSamplingTest::refusals));
        return cases;
    }

    private static void draw(Bits b, Rule rule, int rows, int cols, Layout layout, IntToDoubleFunction logit) {
        Twin x = b.matrix(rows, cols, layout, logit);
        TwinBuffer counters = b.ints(b.random.ints(4 * rows).toArray());
        TwinBuffer ids = b.ints(new int[rows]);
        b.both((d, _) -> d.sampling().sample(rule, x.on(d), KEY, counters.on(d), ids.on(d)));
        b.assertSame("ids", ids);
        Twin y = b.random(rows, cols, layout);
        b.both((d, _) -> d.sampling().probabilities(rule, x.on(d), y.on(d)));
        b.assertSame("probabilities", y);
    }

    /// A row without a largest logit keeps its token on the CPU and gets token 0 on the GPU, so that what follows before the complaint finds one.
    private static void notFinite(Bits b) {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Twin x = b.matrix(3, 40, Layout.DENSE, i -> i < 40 ? i : value == Float.NEGATIVE_INFINITY || i % 40 == 7 ? value : 1);
            Twin y = b.random(3, 40, Layout.DENSE);
            TwinBuffer counters = b.ints(new int[12]);
            TwinBuffer ids = b.ints(7, 0, 0);
            for (Rule rule : List.of(Rule.GREEDY, new Rule(false, 1, 5, 0.9f, 0.1f))) {
                b.assertRefused((d, _) -> d.sampling().sample(rule, x.on(d), KEY, counters.on(d), ids.on(d)));
                b.assertSame("ids of the other rows", ids);
                b.assertRefused((d, _) -> d.sampling().probabilities(rule, x.on(d), y.on(d)));
            }
        }
    }

    private static void normal(Bits b) {
        for (int[] s : new int[][] {{1, 1}, {3, 6}, {1, 7}, {2, 1030}, {0, 4}}) {
            Twin y = b.random(s[0], s[1], Layout.ODD);
            b.both((d, _) -> d.sampling().normal(99, 0.5f, 2, y.on(d)));
            b.assertSame("normal", y);
        }
    }

    private static void refusals(Bits b) {
        Twin x = b.random(2, 3, Layout.DENSE);
        b.assertRefused((d, _) -> d.sampling().sample(Rule.GREEDY, x.on(d), 1, b.ints(new int[7]).on(d), b.ints(0, 0).on(d)));
        b.assertRefused((d, _) -> d.sampling().sample(Rule.GREEDY, x.on(d), 1, b.ints(new int[8]).on(d), b.ints(0).on(d)));
        b.assertRefused((d, _) -> d.sampling().sample(null, x.on(d), 1, b.ints(new int[8]).on(d), b.ints(0, 0).on(d)));
        b.assertRefused((d, _) -> d.sampling().sample(Rule.GREEDY, b.random(2, 0, Layout.DENSE).on(d), 1, b.ints(new int[8]).on(d),
                b.ints(0, 0).on(d)));
        b.assertRefused((d, _) -> d.sampling().probabilities(Rule.GREEDY, x.on(d), b.random(3, 2, Layout.DENSE).on(d)));
    }
}
