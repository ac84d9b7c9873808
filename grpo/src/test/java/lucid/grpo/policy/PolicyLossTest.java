package lucid.grpo.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lucid.grpo.policy.PolicyLoss.Clip;
import lucid.kernels.contract.LogProb.Surrogate;
import org.junit.jupiter.api.Test;

class PolicyLossTest {
    private static final double NONE = Double.POSITIVE_INFINITY;

    /// Means of 0.1, 0.3 and of nothing; where nothing has changed exactly 0, whatever the log-probabilities.
    @Test void theRatioOfASequence() {
        float[] old = {-1, -2, Float.NEGATIVE_INFINITY, -7, -3};
        assertArrayEquals(new float[5], SequenceRatio.logarithms(old.clone(), old, new int[] {3, 0, 2}));
        float[] found = SequenceRatio.logarithms(new float[] {-1.5f, -0.5f, -3}, new float[] {-2, -0.8f, -2}, new int[] {2, 0, 1});
        assertArrayEquals(new float[] {0.4f, 0.4f, -1}, found, 1e-7f);
        assertThrows(IllegalArgumentException.class, () -> SequenceRatio.logarithms(old, old, new int[] {3, 1}));
        PolicyLoss own = new PolicyLoss(NONE, NONE, 0, Kl.PLAIN);
        assertSame(old, own.old(new float[5], old, new int[] {5}), "of a token nothing is computed");
    }

    /// A completion without tokens to learn from has no weight, and counts where completions do.
    @Test void whatTokensWeigh() {
        int[] lengths = {2, 0, 4};
        assertArrayEquals(new double[] {1 / 6.0, 0, 1 / 12.0}, Aggregation.SEQUENCE_MEAN.weights(lengths, 8), 1e-15);
        assertArrayEquals(new double[] {1 / 6.0, 0, 1 / 6.0}, Aggregation.TOKEN_MEAN.weights(lengths, 8), 1e-15);
        assertArrayEquals(new double[] {1 / 24.0, 0, 1 / 24.0}, Aggregation.FIXED_LENGTH_MEAN.weights(lengths, 8), 1e-15);
        for (Aggregation a : Aggregation.values()) assertArrayEquals(new double[2], a.weights(new int[2], 8));
    }

    /// What holds a token, by ratio and advantage.
    @Test void whatHoldsAToken() {
        PolicyLoss clip = new PolicyLoss(0.2, 0.3, 0, Kl.PLAIN, Surrogate.CLIP, 2, false, false);
        PolicyLoss cispo = new PolicyLoss(0.2, 0.3, 0, Kl.PLAIN, Surrogate.CISPO, NONE, false, false);
        double[] ratios = {0.7, 1, 1.4, 2.1};
        Clip[][] held = {{Clip.LOW, Clip.NONE, Clip.NONE, Clip.DELTA}, {Clip.NONE, Clip.NONE, Clip.HIGH, Clip.HIGH}};
        Clip[] factor = {Clip.LOW, Clip.NONE, Clip.HIGH, Clip.HIGH};
        for (int i = 0; i < ratios.length; i++) {
            for (int positive = 0; positive < 2; positive++) {
                double a = positive == 1 ? 1.5 : -1.5;
                assertEquals(held[positive][i], clip.clip((float) ratios[i], a));
                assertEquals(held[positive][i], clip.token(Math.log(ratios[i]), 0, 0, a, 1).clip());
                assertEquals(held[positive][i] == Clip.NONE ? -ratios[i] * a : 0, clip.token(Math.log(ratios[i]), 0, 0, a, 1).coefficient(), 1e-12);
                assertEquals(factor[i], cispo.clip((float) ratios[i], a));
                assertEquals(-Math.clamp(ratios[i], 0.8, 1.3) * a, cispo.token(Math.log(ratios[i]), 0, 0, a, 1).coefficient(), 1e-12);
            }
        }
    }

    /// Its derivative where ratio is 1: that of the plain estimate is 1 - e^d, that of the product -d, the KL's own.
    @Test void theKlTimesTheRatio() {
        PolicyLoss plain = new PolicyLoss(NONE, NONE, 1, Kl.PLAIN);
        PolicyLoss times = new PolicyLoss(NONE, NONE, 1, Kl.PLAIN, Surrogate.CLIP, NONE, true, false);
        assertEquals(1 - Math.exp(0.7), plain.token(-2, -2, -1.3, 0, 1).coefficient(), 1e-12);
        assertEquals(-0.7, times.token(-2, -2, -1.3, 0, 1).coefficient(), 1e-12);
        double ratio = Math.exp(0.5);
        assertEquals(ratio * (Math.exp(0.7) - 1.7), times.token(-2, -2.5, -1.3, 0, 1).kl(), 1e-12);
        assertEquals(-0.7 * ratio, times.token(-2, -2.5, -1.3, 0, 1).coefficient(), 1e-12);
    }

    @Test void aClampThatTheKernelDoesNotHaveIsRefused() {
        assertEquals(100f, new PolicyLoss(0.2, 0.3, 0.04, Kl.TINY_LLAVA_VIDEO_R1).settings().klClamp());
        PolicyLoss loss = new PolicyLoss(0.2, 0.3, 0.04, Kl.VIDEO_R1);
        String message = assertThrows(IllegalArgumentException.class, loss::settings).getMessage();
        assertTrue(message.startsWith("policy loss: input_clamp 10.0 "), message);
    }
}
