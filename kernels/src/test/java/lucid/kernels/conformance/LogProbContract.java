package lucid.kernels.conformance;

import static lucid.kernels.contract.LogProb.Surrogate.CISPO;
import static lucid.kernels.contract.LogProb.Surrogate.CLIP;
import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tolerance: log-probabilities of size 10 carry a logit's error plus the sum's, 5e-6 relative to max(1, |x|). Gradients are products of
/// probabilities (relative error some 1e-6) with hidden states, at most some thousand terms.
abstract class LogProbContract extends DeviceContract {
    private static final double TOLERANCE = 5e-6;
    private static final float NONE = Float.POSITIVE_INFINITY;

    LogProbContract(Supplier<Device> factory) { super(factory); }

    private int[] ids(int rows, int vocabulary) {
        int[] ids = new int[rows];
        for (int r = 0; r < rows; r++) ids[r] = random.nextInt(vocabulary);
        return ids;
    }

    @ParameterizedTest(name = "{0} rows, width {1}, vocabulary {2}, temperature {3}, gap {4}")
    @CsvSource({"1,1,1,1,0", "0,4,3,1,0", "3,5,7,0.7,2", "5,16,33,1,0", "2,8,2047,1,0", "3,8,2049,1.3,1", "2,3,4500,1,0", "37,20,100,0.9,0"})
    void logProbAndItsBackward(int rows, int width, int vocabulary, float temperature, int layout) {
        gap = layout;
        Twin hidden = random(rows, width, -2, 2);
        TwinBuffer targets = ints(ids(rows, vocabulary));
        for (Twin head : new Twin[] {random(vocabulary, width), matrix(BF16, vocabulary, width, uniform(vocabulary * width, -1, 1)),
                matrix(F16, vocabulary, width, uniform(vocabulary * width, -1, 1))}) {
            TwinBuffer logProb = floats(new float[rows]);
            TwinBuffer entropy = floats(new float[rows]);
            TwinBuffer lse = floats(new float[rows]);
            both((d, s) -> d.logProb().forward(hidden.on(s), head.on(s), targets.on(s), temperature, logProb.on(s), entropy.on(s), lse.on(s)));
            assertSame("logProb", logProb, TOLERANCE);
            assertSame("entropy", entropy, 4 * TOLERANCE);
            assertSame("lse", lse, TOLERANCE);
            TwinBuffer top = floats(new float[rows]);
            both((d, s) -> d.logProb().forward(hidden.on(s), head.on(s), targets.on(s), temperature, logProb.on(s), entropy.on(s), lse.on(s),
                    top.on(s)));
            assertSame("top", top, 0);
            TwinBuffer coefficient = floats(uniform(rows, -1, 1));
            RowGroups groups = new RowGroups(0, rows / 3, rows);
            for (Accumulate mode : Accumulate.values()) {
                Twin dHidden = random(rows, width);
                Twin dHead = random(vocabulary, width);
                both((d, s) -> d.logProb().backward(hidden.on(s), head.on(s), targets.on(s), temperature, lse.on(s), coefficient.on(s), groups, mode,
                        dHidden.on(s), dHead.on(s)));
                assertSame("dHidden " + mode, dHidden, 4 * TOLERANCE);
                assertSame("dHead", dHead, 4 * TOLERANCE);
                both((d, s) -> d.logProb().backward(hidden.on(s), head.on(s), targets.on(s), temperature, lse.on(s), coefficient.on(s), groups, mode,
                        dHidden.on(s), null));
                both((d, s) -> d.logProb().backward(hidden.on(s), head.on(s), targets.on(s), temperature, lse.on(s), coefficient.on(s), groups, mode,
                        null, dHead.on(s)));
                assertSame("dHidden alone", dHidden, 8 * TOLERANCE);
                assertSame("dHead alone", dHead, 8 * TOLERANCE);
            }
        }
    }

    @ParameterizedTest(name = "{0} rows, vocabulary {1}, gap {2}")
    @CsvSource({"1,1,0", "0,3,0", "4,17,2", "3,2048,0", "2,5000,1"})
    void explicitLogits(int rows, int vocabulary, int layout) {
        gap = layout;
        Twin logits = random(rows, vocabulary, -10, 10);
        int[] target = ids(rows, vocabulary);
        TwinBuffer targets = ints(target);
        TwinBuffer logProb = floats(new float[rows]);
        TwinBuffer entropy = floats(new float[rows]);
        TwinBuffer lse = floats(new float[rows]);
        both((d, s) -> d.logProb().ofLogits(logits.on(s), targets.on(s), 0.8f, logProb.on(s), entropy.on(s), lse.on(s)));
        assertSame("logProb", logProb, TOLERANCE);
        assertSame("entropy", entropy, 4 * TOLERANCE);
        int[] masked = target.clone();
        if (rows > 1) masked[1] = -100;
        TwinBuffer some = ints(masked);
        TwinBuffer loss = floats(uniform(rows, 0, 1));
        both((d, s) -> d.logProb().crossEntropy(logits.on(s), some.on(s), loss.on(s), lse.on(s)));
        assertSame("loss", loss, TOLERANCE);
        TwinBuffer dLoss = floats(uniform(rows, -1, 1));
        for (Accumulate mode : Accumulate.values()) {
            Twin dLogits = random(rows, vocabulary);
            both((d, s) -> d.logProb().crossEntropyBackward(logits.on(s), some.on(s), lse.on(s), dLoss.on(s), mode, dLogits.on(s)));
            assertSame("dLogits " + mode, dLogits, TOLERANCE);
        }
    }

    /// Probabilities 1/8, 2/8, 5/8.
    @Test void byHand() {
        Twin logits = values(2, 3, Math.log(1), Math.log(2), Math.log(5), Math.log(1), Math.log(2), Math.log(5));
        TwinBuffer logProb = floats(0, 0);
        TwinBuffer entropy = floats(0, 0);
        TwinBuffer lse = floats(0, 0);
        tested.logProb().ofLogits(logits.tested(), ints(1, 2).tested(), 1, logProb.tested(), entropy.tested(), lse.tested());
        double h = -(0.125 * Math.log(0.125) + 0.25 * Math.log(0.25) + 0.625 * Math.log(0.625));
        assertValues("logProb", logProb, 5e-7, Math.log(0.25), Math.log(0.625));
        assertValues("entropy", entropy, 1e-6, h, h);
        assertValues("lse", lse, 5e-7, Math.log(8), Math.log(8));
        TwinBuffer loss = floats(9, 9);
        tested.logProb().crossEntropy(logits.tested(), ints(-100, 0).tested(), loss.tested(), lse.tested());
        assertValues("loss", loss, 5e-7, 0, Math.log(8));
        Twin dLogits = random(2, 3);
        tested.logProb().crossEntropyBackward(logits.tested(), ints(-100, 0).tested(), lse.tested(), floats(5, 2).tested(), Accumulate.SET,
                dLogits.tested());
        assertValues("dLogits", dLogits, 1e-6, 0, 0, 0, -1.75, 0.5, 1.25);
    }

    /// One token far above thousands of others, and all of them far from 0: `lse - Σ softmax · x` would be a small difference of large numbers.
    @ParameterizedTest(name = "vocabulary {0}, around {1}, {2} above")
    @CsvSource({"40,200,14", "4100,200,16", "4100,-3000,12", "2049,0,20"})
    void theEntropyOfANearlyCertainTokenKeepsItsDigits(int vocabulary, float around, float above) {
        double[] x = new double[vocabulary];
        for (int i = 0; i < vocabulary; i++) x[i] = around + (i == vocabulary / 2 ? above : i % 7 / 8f);
        Twin logits = values(1, vocabulary, x);
        TwinBuffer entropy = floats(9);
        TwinBuffer rest = floats(9);
        tested.logProb().ofLogits(logits.tested(), ints(0).tested(), 1, rest.tested(), entropy.tested(), floats(9).tested());
        double sum = Arrays.stream(x).map(v -> Math.exp(v - around - above)).sum();
        double wanted = Arrays.stream(x).map(v -> v - around - above - Math.log(sum)).map(l -> -Math.exp(l) * l).sum();
        assertValues("entropy", entropy, 1e-6, wanted);
    }

    @Test void derivatives() {
        Twin hidden = random(3, 4);
        Twin head = random(6, 4);
        int[] target = {0, 5, 2};
        float[] weight = uniform(3, -1, 1);
        TwinBuffer out = floats(new float[3]);
        TwinBuffer entropy = floats(new float[3]);
        TwinBuffer lse = floats(new float[3]);
        TwinBuffer targets = ints(target);
        Twin dHidden = zeros(3, 4);
        Twin dHead = zeros(6, 4);
        tested.logProb().forward(hidden.tested(), head.tested(), targets.tested(), 0.7f, out.tested(), entropy.tested(), lse.tested());
        tested.logProb().backward(hidden.tested(), head.tested(), targets.tested(), 0.7f, lse.tested(), floats(weight).tested(), RowGroups.single(3),
                Accumulate.SET,
                dHidden.tested(), dHead.tested());
        DoubleSupplier loss = () -> {
            oracle.logProb().forward(hidden.oracle(), head.oracle(), targets.oracle(), 0.7f, out.oracle(), entropy.oracle(), lse.oracle());
            return weighted(Matrix.row(out.oracle()), weight);
        };
        assertGradient("dHidden", hidden, loss, dHidden);
        assertGradient("dHead", head, loss, dHead);
    }

    @Test void crossEntropyDerivative() {
        Twin logits = random(3, 5, -2, 2);
        TwinBuffer targets = ints(4, -100, 0);
        TwinBuffer out = floats(new float[3]);
        TwinBuffer lse = floats(new float[3]);
        float[] weight = uniform(3, -1, 1);
        Twin dLogits = zeros(3, 5);
        tested.logProb().crossEntropy(logits.tested(), targets.tested(), out.tested(), lse.tested());
        tested.logProb().crossEntropyBackward(logits.tested(), targets.tested(), lse.tested(), floats(weight).tested(), Accumulate.SET,
                dLogits.tested());
        assertGradient("dLogits", logits, () -> {
            oracle.logProb().crossEntropy(logits.oracle(), targets.oracle(), out.oracle(), lse.oracle());
            return weighted(Matrix.row(out.oracle()), weight);
        }, dLogits);
    }

    /// The outputs of one call of [LogProb#ratio].
    private record Terms(TwinBuffer ratio, TwinBuffer kl, TwinBuffer loss, TwinBuffer coefficient) {
        void run(Device d, Side s, LogProb.ClippedLoss settings, TwinBuffer now, TwinBuffer old, TwinBuffer reference, TwinBuffer advantage,
                TwinBuffer weight) {
            Buffer anchor = reference == null ? null : reference.on(s);
            d.logProb().ratio(settings, now.on(s), old.on(s), anchor, advantage.on(s), weight.on(s), ratio.on(s), kl.on(s), loss.on(s),
                    coefficient.on(s));
        }
    }

    private Terms terms(int n) { return new Terms(floats(new float[n]), floats(new float[n]), floats(new float[n]), floats(new float[n])); }

    @Test void ratio() {
        int n = 1003;
        TwinBuffer now = floats(uniform(n, -6, 0));
        float[] before = read(oracle, now.oracle());
        float[] anchor = before.clone();
        for (int i = 0; i < n; i++) {
            if (i % 4 != 0) before[i] += (random.nextFloat() - 0.5f);
            anchor[i] += 2 * (random.nextFloat() - 0.5f);
        }
        TwinBuffer old = floats(before);
        TwinBuffer reference = floats(anchor);
        TwinBuffer advantage = floats(uniform(n, -2, 2));
        TwinBuffer weight = floats(uniform(n, 0, 1));
        for (LogProb.ClippedLoss settings : new LogProb.ClippedLoss[] {new LogProb.ClippedLoss(0.2f, 0.28f, 0.04f, NONE),
                new LogProb.ClippedLoss(0.2f, 0.2f, 0.5f, 0.1f), new LogProb.ClippedLoss(0.2f, 0.2f, 0.5f, NONE, CLIP, 1.3f, true, false),
                new LogProb.ClippedLoss(NONE, NONE, 0.5f, 0.1f, CLIP, NONE, true, true), new LogProb.ClippedLoss(0.3f, 0.1f, 0.5f, NONE, CISPO, NONE,
                        false, false)}) {
            for (TwinBuffer with : new TwinBuffer[] {reference, null}) {
                Terms t = terms(n);
                both((d, s) -> t.run(d, s, settings, now, old, with, advantage, weight));
                assertSame("ratio", t.ratio, 1e-6);
                assertSame("kl", t.kl, 1e-6);
                assertSame("loss", t.loss, 4e-6);
                assertSame("coefficient", t.coefficient, 4e-6);
            }
        }
    }

    /// Columns: equal, clipped above with A > 0, beyond the clip with A < 0 (not clipped), clipped below with A < 0, masked.
    @Test void ratioByHand() {
        TwinBuffer now = floats((float) Math.log(0.5), (float) Math.log(0.75), (float) Math.log(0.75), (float) Math.log(0.25), (float) Math.log(0.5));
        TwinBuffer old = floats((float) Math.log(0.5), (float) Math.log(0.5), (float) Math.log(0.5), (float) Math.log(0.5), Float.NEGATIVE_INFINITY);
        Terms t = terms(5);
        t.run(tested, Side.TESTED, new LogProb.ClippedLoss(0.2f, 0.2f, 0, Float.POSITIVE_INFINITY), now, old, null, floats(3, 2, -2, -2, 1),
                floats(0.5f, 1, 1, 1, 0));
        assertValues("coefficient", t.coefficient, 1e-6, -1.5, 0, 3, 0, 0);
        float[] ratio = read(tested, t.ratio.tested());
        assertClose("ratio", new float[] {1, 1.5f, 1.5f, 0.5f}, Arrays.copyOf(ratio, 4), 1e-6);
        assertEquals(1f, ratio[0], "equal log-probabilities give exactly 1");
        assertClose("loss", new float[] {-3, -2.4f, 3, 1.6f}, Arrays.copyOf(read(tested, t.loss.tested()), 4), 1e-6);
    }

    /// `coefficient = d loss / d logProb` where the loss is smooth, with and without the clamp of the KL estimate.
    @Test void ratioDerivative() {
        Twin now = values(1, 4, -1, -1.1, -0.6, -2);
        TwinBuffer buffer = new TwinBuffer(now.tested().buffer(), now.oracle().buffer());
        TwinBuffer old = floats(-1.05f, -1, -2, -2.02f);
        TwinBuffer reference = floats(-1.2f, -0.5f, -0.9f, -5);
        TwinBuffer advantage = floats(1, -1, 2, 0.5f);
        float[] weight = uniform(4, 0.5, 1);
        LogProb.ClippedLoss settings = new LogProb.ClippedLoss(0.5f, 0.5f, 0.3f, 1.2f);
        Terms t = terms(4);
        t.run(tested, Side.TESTED, settings, buffer, old, reference, advantage, floats(weight));
        assertGradient("coefficient", now, () -> {
            t.run(oracle, Side.ORACLE, settings, buffer, old, reference, advantage, floats(weight));
            return weighted(Matrix.row(t.loss.oracle()), weight);
        }, new Twin(Matrix.row(t.coefficient.tested()), Matrix.row(t.coefficient.oracle())));
    }

    /// The same of the other forms: CISPO's loss is differentiated with its factor held, a given ratio as if it were the token's own.
    @ParameterizedTest(name = "{0}, cap {1}, KL times ratio {2}, ratio given {3}")
    @CsvSource({"CLIP, 3, true, false", "CLIP, 2, false, false", "CISPO, 9, false, false", "CISPO, 9, true, false", "CLIP, 9, true, true"})
    void derivativesOfTheOtherForms(LogProb.Surrogate surrogate, float cap, boolean klTimesRatio, boolean ratioGiven) {
        // Free, held below by the clip, above its cap with A < 0, KL beyond its clamp.
        double[] now = {-1, -1.6, -0.6, -2.1};
        double[] old = {-1.05, -0.9, -2, -2.2};
        double[] reference = {-1.2, -0.5, -0.9, -4};
        double[] advantage = {1, -1, -2, 0.5};
        LogProb.ClippedLoss s = new LogProb.ClippedLoss(0.4f, 0.6f, 0.3f, 0.9f, surrogate, cap, klTimesRatio, ratioGiven);
        double[] given = new double[4];
        for (int i = 0; i < 4; i++) given[i] = ratioGiven ? now[i] - old[i] : old[i];
        Terms t = terms(4);
        t.run(tested, Side.TESTED, s, numbers(now), numbers(given), numbers(reference), numbers(advantage), floats(1, 1, 1, 0.5f));
        double[] wanted = new double[4];
        for (int i = 0; i < 4; i++) {
            double factor = Math.clamp(Math.exp(now[i] - old[i]), 0.6, 1.6);
            double h = 1e-5;
            double difference = loss(s, now[i] + h, old[i], reference[i], advantage[i], factor) - loss(s, now[i] - h, old[i], reference[i],
                    advantage[i], factor);
            wanted[i] = difference / (2 * h) * (i == 3 ? 0.5 : 1);
        }
        assertValues("coefficient", t.coefficient, 1e-5, wanted);
        for (int i = 0; i < 4; i++) wanted[i] = loss(s, now[i], old[i], reference[i], advantage[i], Math.clamp(Math.exp(now[i] - old[i]), 0.6, 1.6));
        assertValues("loss", t.loss, 2e-6, wanted);
    }

    private static double loss(LogProb.ClippedLoss s, double now, double old, double reference, double advantage, double factor) {
        double ratio = Math.exp(now - old);
        double d = reference - now;
        double kl = Math.min(Math.exp(d) - d - 1, s.klClamp()) * (s.klTimesRatio() ? ratio : 1);
        double gain = s.surrogate() == CISPO ? factor * advantage * now
                : Math.min(Math.min(ratio, s.ratioCap()) * advantage, Math.clamp(ratio, 0.6, 1.6) * advantage);
        return -gain + s.beta() * kl;
    }

    private TwinBuffer numbers(double... x) {
        float[] f = new float[x.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) x[i];
        return floats(f);
    }

    /// Columns: a NaN advantage, log-probability and reference; the same masked; a token without NaN, whose numbers do not change.
    @Test void nanInTheLossIsNanInTheGradient() {
        float nan = Float.NaN;
        TwinBuffer now = floats(-1, nan, -1, -1, nan, -1, -1);
        TwinBuffer reference = floats(-1, -1, nan, -1, -1, nan, -1);
        TwinBuffer advantage = floats(nan, 2, 2, nan, 2, 2, 2);
        Terms t = terms(7);
        for (LogProb.ClippedLoss settings : new LogProb.ClippedLoss[] {new LogProb.ClippedLoss(0.2f, 0.2f, 0.1f, 10),
                new LogProb.ClippedLoss(0.2f, 0.2f, 0, 10)}) {
            t.run(tested, Side.TESTED, settings, now, floats(-1, -1, -1, -1, -1, -1, -1), reference, advantage, floats(1, 1, 1, 0, 0, 0, 0.5f));
            // Without beta the reference has no part in the loss.
            float third = settings.beta() == 0 ? -2 : nan;
            assertClose("coefficient", new float[] {nan, nan, third, 0, 0, 0, -1}, read(tested, t.coefficient.tested()), 0);
            assertClose("loss", new float[] {nan, nan, third, nan, nan, third, -2}, read(tested, t.loss.tested()), 0);
        }
    }

    /// 0 · ∞ of the ratio that is clipped away is in neither.
    @Test void anInfiniteRatioOfATokenWithoutAdvantageIsHeld() {
        Terms t = terms(2);
        t.run(tested, Side.TESTED, new LogProb.ClippedLoss(0.2f, 0.2f, 0, 1), floats(-1, -1), floats(-1000, -1000), null, floats(0, 1), floats(1, 1));
        assertValues("ratio", t.ratio, 0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
        assertValues("loss", t.loss, 1e-6, 0, -1.2);
        assertValues("coefficient", t.coefficient, 0, 0, 0);
    }

    @Test void withoutBetaAnInfiniteKlHasNoPartInTheLoss() {
        Terms t = terms(1);
        t.run(tested, Side.TESTED, new LogProb.ClippedLoss(0.2f, 0.2f, 0, Float.POSITIVE_INFINITY), floats(-1), floats(-1),
                floats(Float.NEGATIVE_INFINITY), floats(3), floats(0.5f));
        assertValues("kl", t.kl, 0, Double.POSITIVE_INFINITY);
        assertValues("loss", t.loss, 0, -3);
        assertValues("coefficient", t.coefficient, 0, -1.5);
    }

    @Test void refusesSettings() {
        for (float bad : new float[] {Float.NaN, -0.1f}) {
            assertRefused("logProb.ratio: epsilonLow is " + bad, () -> new LogProb.ClippedLoss(bad, 0.2f, 0, 1));
            assertRefused("logProb.ratio: epsilonHigh is " + bad, () -> new LogProb.ClippedLoss(0.2f, bad, 0, 1));
            assertRefused("logProb.ratio: beta is " + bad, () -> new LogProb.ClippedLoss(0.2f, 0.2f, bad, 1));
            assertRefused("logProb.ratio: klClamp is " + bad, () -> new LogProb.ClippedLoss(0.2f, 0.2f, 0, bad));
        }
        assertRefused("logProb.ratio: beta is Infinity", () -> new LogProb.ClippedLoss(0.2f, 0.2f, Float.POSITIVE_INFINITY, 1));
        new LogProb.ClippedLoss(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, 0, Float.POSITIVE_INFINITY);
    }

    @Test void refuses() {
        var op = tested.logProb();
        Twin hidden = random(2, 3);
        Twin head = random(5, 3);
        Buffer out = floats(0, 0).tested();
        Buffer other = floats(0, 0).tested();
        Buffer third = floats(0, 0).tested();
        assertRefused("logProb", () -> op.forward(hidden.tested(), random(5, 4).tested(), ints(0, 1).tested(), 1, out, other, third));
        assertRefused("logProb", () -> op.forward(hidden.tested(), head.tested(), ints(0, 5).tested(), 1, out, other, third));
        assertRefused("logProb", () -> op.forward(hidden.tested(), head.tested(), ints(0, -100).tested(), 1, out, other, third));
        assertRefused("logProb", () -> op.forward(hidden.tested(), head.tested(), ints(0, 1).tested(), 0, out, other, third));
        assertRefused("logProb", () -> op.forward(hidden.tested(), head.tested(), ints(0).tested(), 1, out, other, third));
        assertRefused("logProb", () -> op.backward(hidden.tested(), head.tested(), ints(0, 1).tested(), 1, out, other, RowGroups.single(3),
                Accumulate.SET, random(2, 3).tested(), null));
        Matrix both = random(5, 3).tested();
        assertRefused("dHead .*overlaps dHidden", () -> op.backward(hidden.tested(), head.tested(), ints(0, 1).tested(), 1, out, other,
                RowGroups.single(2),
                Accumulate.SET, both.rows(1, 3), both));
        assertRefused("logProb", () -> op.ofLogits(random(3, 5).tested(), ints(0, 1).tested(), 1, out, other, third));
        assertRefused("logProb", () -> op.ratio(new LogProb.ClippedLoss(0.2f, 0.2f, 0, 1), out, floats(0).tested(), null, other, third, out,
                out, out, out));
        assertRefused("crossEntropy", () -> op.crossEntropy(random(2, 5).tested(), ints(0, 5).tested(), out, other));
        assertRefused("crossEntropy", () -> op.crossEntropyBackward(random(2, 5).tested(), ints(0, 1).tested(), out, other, Accumulate.SET,
                matrix(F32, 2, 4, new float[8]).tested()));
    }
}
