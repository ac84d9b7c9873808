package lucid.kernels.conformance;

import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.Stream;
import lucid.kernels.Device;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.math.Philox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Probabilities within 2e-6. A sampled id may differ from the textbook's only where the drawn number lies within 1e-5 of a step of the cumulative
/// distribution, because f32 and double put that step at slightly different places.
abstract class SamplingContract extends DeviceContract {
    SamplingContract(Supplier<Device> factory) { super(factory); }

    static Stream<Rule> rules() {
        return Stream.of(Rule.GREEDY, Rule.temperature(1), Rule.temperature(0.6f), new Rule(false, 1, 5, 1, 0), new Rule(false, 1, 1, 1, 0),
                new Rule(false, 1, 5000, 1, 0),
                new Rule(false, 1, 0, 0.9f, 0), new Rule(false, 1.5f, 0, 1e-6f, 0), new Rule(false, 1, 0, 1, 0.1f),
                        new Rule(false, 0.8f, 20, 0.95f, 0.05f));
    }

    @ParameterizedTest @MethodSource("rules")
    void probabilitiesAndSamples(Rule rule) {
        int[][] shapes = {{1, 1, 0}, {0, 5, 0}, {3, 24, 2}, {5, 100, 0}, {2, 3000, 1}};
        for (int[] shape : shapes) {
            gap = shape[2];
            int rows = shape[0];
            int vocabulary = shape[1];
            Twin logits = random(rows, vocabulary, -5, 5);
            Twin y = zeros(rows, vocabulary);
            both((d, s) -> d.sampling().probabilities(rule, logits.on(s), y.on(s)));
            assertSame("probabilities", y, 2e-6);
            int[] counter = new int[4 * rows];
            for (int i = 0; i < counter.length; i++) counter[i] = random.nextInt(1000);
            TwinBuffer counters = ints(counter);
            TwinBuffer ids = ints(new int[rows]);
            both((d, s) -> d.sampling().sample(rule, logits.on(s), 0x123456789ABCDEFL, counters.on(s), ids.on(s)));
            assertSamples(rule, y, counter, ids);
        }
    }

    private void assertSamples(Rule rule, Twin probabilities, int[] counter, TwinBuffer ids) {
        float[] p = read(oracle, probabilities.oracle());
        int[] expected = readInts(oracle, ids.oracle());
        int[] found = readInts(tested, ids.tested());
        int vocabulary = probabilities.oracle().cols();
        for (int r = 0; r < expected.length; r++) {
            if (expected[r] == found[r]) continue;
            assertTrue(!rule.greedy(), "greedy choice of row " + r);
            double u = Philox.uniform(Philox.word(0x123456789ABCDEFL, counter[4 * r], counter[4 * r + 1], counter[4 * r + 2], counter[4 * r + 3]));
            double step = 0;
            for (int id = 0; id <= Math.min(expected[r], found[r]); id++) step += p[r * vocabulary + id];
            assertEquals(u, step, 1e-5, "row " + r + ": the textbook draws " + expected[r] + ", the device " + found[r]);
        }
    }

    /// A random word that begins with 24 zeros draws no token that is as good as impossible.
    @Test void theLeastRandomNumber() {
        assertEquals(0, Philox.word(7, 32_245_323, 0, 0, 0) >>> 8);
        TwinBuffer counters = ints(new int[] {32_245_323, 0, 0, 0}), ids = ints(new int[1]);
        Twin logits = values(1, 4, -60, 0, 0, 0);
        both((d, s) -> d.sampling().sample(Rule.temperature(1), logits.on(s), 7, counters.on(s), ids.on(s)));
        assertEquals(1, readInts(oracle, ids.oracle())[0]);
        assertEquals(1, readInts(tested, ids.tested())[0]);
    }

    /// Probabilities 1/2, 1/4, 1/8, 1/8 at temperature 1.
    @Test void filtersByHand() {
        Twin logits = values(1, 4, Math.log(4), Math.log(2), 0, 0);
        Twin y = zeros(1, 4);
        tested.sampling().probabilities(Rule.temperature(1), logits.tested(), y.tested());
        assertValues("temperature 1", y, 2e-7, 0.5, 0.25, 0.125, 0.125);
        tested.sampling().probabilities(Rule.temperature(0.5f), logits.tested(), y.tested());
        assertValues("temperature 1/2", y, 2e-7, 16 / 22.0, 4 / 22.0, 1 / 22.0, 1 / 22.0);
        tested.sampling().probabilities(new Rule(false, 1, 3, 1, 0), logits.tested(), y.tested());
        assertValues("ties at the third place stay", y, 2e-7, 0.5, 0.25, 0.125, 0.125);
        tested.sampling().probabilities(new Rule(false, 1, 2, 1, 0), logits.tested(), y.tested());
        assertValues("top-k 2", y, 2e-7, 2 / 3.0, 1 / 3.0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 0, 0.7f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.7", y, 2e-7, 2 / 3.0, 1 / 3.0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 0, 0.88f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.88 drops less than 0.12: nothing", y, 2e-7, 0.5, 0.25, 0.125, 0.125);
        tested.sampling().probabilities(new Rule(false, 1, 0, 0.87f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.87 drops 0.125, of equals the lower id", y, 2e-7, 4 / 7.0, 2 / 7.0, 0, 1 / 7.0);
        tested.sampling().probabilities(new Rule(false, 1, 0, 0.51f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.51", y, 2e-7, 2 / 3.0, 1 / 3.0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 0, 0.49f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.49", y, 0, 1, 0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 2, 0.7f, 0), logits.tested(), y.tested());
        assertValues("top-p sees what top-k left: 2/3 and 1/3", y, 2e-7, 2 / 3.0, 1 / 3.0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 2, 0.66f, 0), logits.tested(), y.tested());
        assertValues("top-p 0.66 after top-k 2", y, 0, 1, 0, 0, 0);
        tested.sampling().probabilities(new Rule(false, 1, 0, 1, 0.3f), logits.tested(), y.tested());
        assertValues("min-p 0.3", y, 2e-7, 2 / 3.0, 1 / 3.0, 0, 0);
        TwinBuffer ids = ints(7, 7);
        tested.sampling().sample(Rule.GREEDY, values(2, 3, 1, 2, 2, -3, -4, -3).tested(), 1, ints(new int[8]).tested(), ids.tested());
        assertArrayEquals(new int[] {1, 0}, readInts(tested, ids.tested()), "the lowest id wins a tie");
    }

    /// 8,000 draws of four tokens: each frequency within five standard deviations.
    @Test void frequenciesFollowTheDistribution() {
        int n = 8000;
        float[] rows = new float[4 * n];
        int[] counter = new int[4 * n];
        for (int r = 0; r < n; r++) {
            System.arraycopy(new float[] {(float) Math.log(4), (float) Math.log(2), 0, 0}, 0, rows, 4 * r, 4);
            counter[4 * r + 3] = r;
        }
        TwinBuffer ids = ints(new int[n]);
        tested.sampling().sample(Rule.temperature(1), matrix(F32, n, 4, rows).tested(), 42, ints(counter).tested(), ids.tested());
        int[] counts = new int[4];
        for (int id : readInts(tested, ids.tested())) counts[id]++;
        double[] p = {0.5, 0.25, 0.125, 0.125};
        for (int id = 0; id < 4; id++) assertEquals(n * p[id], counts[id], 5 * Math.sqrt(n * p[id] * (1 - p[id])), "token " + id);
    }

    /// A row's draw depends on its own counter only.
    @Test void aRowAloneDrawsTheSame() {
        Twin logits = random(6, 50, -3, 3);
        int[] counter = new int[24];
        for (int i = 0; i < 24; i++) counter[i] = random.nextInt();
        TwinBuffer ids = ints(new int[6]);
        tested.sampling().sample(Rule.temperature(1), logits.tested(), 5, ints(counter).tested(), ids.tested());
        int[] together = readInts(tested, ids.tested());
        for (int r = 0; r < 6; r++) {
            TwinBuffer one = ints(-1);
            tested.sampling().sample(Rule.temperature(1), logits.rows(r, r + 1).tested(), 5, ints(Arrays.copyOfRange(counter, 4 * r, 4 * r + 4))
                    .tested(), one.tested());
            assertEquals(together[r], readInts(tested, one.tested())[0], "row " + r);
        }
    }

    @Test void normal() {
        gap = 3;
        Twin y = zeros(13, 77);
        both((d, s) -> d.sampling().normal(99, 0.5f, 2, y.on(s)));
        assertSame("normal", y, 5e-6);
        gap = 0;
        Twin many = zeros(1, 40000);
        tested.sampling().normal(7, 0, 1, many.tested());
        double[] moments = new double[5];
        for (float v : read(tested, many.tested())) {
            for (int k = 1; k <= 4; k++) moments[k] += Math.pow(v, k) / 40000;
        }
        // Five standard errors of the first four moments of 40,000 normal numbers: √(1, 2, 15, 96)/200.
        assertEquals(0, moments[1], 5 / 200.0);
        assertEquals(1, moments[2], 5 * Math.sqrt(2) / 200);
        assertEquals(0, moments[3], 5 * Math.sqrt(15) / 200);
        assertEquals(3, moments[4], 5 * Math.sqrt(96) / 200);
    }

    @Test void refuses() {
        var op = tested.sampling();
        Twin logits = random(2, 3);
        assertRefused("sampl", () -> op.sample(Rule.GREEDY, logits.tested(), 1, ints(new int[7]).tested(), ints(0, 0).tested()));
        assertRefused("sampl", () -> op.sample(Rule.GREEDY, logits.tested(), 1, ints(new int[8]).tested(), ints(0).tested()));
        assertRefused("sampl", () -> op.sample(Rule.GREEDY, random(2, 0).tested(), 1, ints(new int[8]).tested(), ints(0, 0).tested()));
        assertRefused("sampl|probabilities", () -> op.probabilities(Rule.GREEDY, logits.tested(), random(3, 2).tested()));
        assertRefused("sampl", () -> new Rule(false, 0, 0, 1, 0));
        assertRefused("sampl.*temperature Infinity", () -> Rule.temperature(Float.POSITIVE_INFINITY));
        assertRefused("sampl.*temperature NaN", () -> Rule.temperature(Float.NaN));
    }

    /// A row without a finite largest logit has no distribution to draw from.
    @Test void refusesRowsWithoutADistribution() {
        var op = tested.sampling();
        float no = Float.NEGATIVE_INFINITY;
        for (Rule rule : new Rule[] {Rule.GREEDY, Rule.temperature(0.5f), new Rule(false, 1, 2, 0.9f, 0.1f)}) {
            for (float[] row : new float[][] {{1, Float.NaN, 2}, {1, Float.POSITIVE_INFINITY, 2}, {no, no, no}}) {
                Twin logits = matrix(F32, 3, 3, new float[] {1, no, 2, row[0], row[1], row[2], row[0], row[1], row[2]});
                String largest = "row 1 is " + Math.max(row[0], Math.max(row[1], row[2]));
                assertRefused("sample.*" + largest, () -> op.sample(rule, logits.tested(), 1, ints(new int[12]).tested(), ints(0, 0, 0).tested()));
                assertRefused("probabilities.*" + largest, () -> op.probabilities(rule, logits.tested(), zeros(3, 3).tested()));
            }
        }
        Twin finite = values(1, 3, 1, 5, 2);
        assertRefused("sample.*row 0 is 5.0, at temperature 1.0E-40",
                () -> op.sample(Rule.temperature(1e-40f), finite.tested(), 1, ints(new int[4]).tested(), ints(0).tested()));
        assertRefused("probabilities.*row 0 is 5.0, at temperature 1.0E-40",
                () -> op.probabilities(Rule.temperature(1e-40f), finite.tested(), zeros(1, 3).tested()));
    }
}
