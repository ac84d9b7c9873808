package lucid.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import lucid.kernels.Device;
import lucid.kernels.contract.LogProb;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LogProbsTest {
    @ParameterizedTest @EnumSource(Devices.class)
    void entropyAndLogSumExpAreThoseOfTheDistribution(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor hidden = Tensor.of(scope, new float[] {1, 0, 0, 2}, 2, 2);
            Tensor head = Tensor.of(scope, new float[] {1, 0, 0, 1, -1, 1}, 3, 2);
            LogProbs p = Tensor.logProb(hidden, head, Tensor.ints(scope, new int[] {0, 2}, 2), 0.5f);
            double[][] logits = {{2, 0, -2}, {0, 4, 4}};
            int[] target = {0, 2};
            for (int r = 0; r < 2; r++) {
                double sum = 0;
                for (double x : logits[r]) sum += Math.exp(x);
                double lse = Math.log(sum);
                double entropy = 0;
                for (double x : logits[r]) entropy -= Math.exp(x - lse) * (x - lse);
                assertEquals(lse, p.lse().toFloats()[r], 1e-6);
                assertEquals(entropy, p.entropy().toFloats()[r], 1e-6);
                assertEquals(logits[r][target[r]] - lse, p.logProb().toFloats()[r], 1e-6);
            }
        }
    }

    @ParameterizedTest @EnumSource(Devices.class)
    void policyTermsCarryTheCoefficientOfTheirLoss(Devices which) {
        try (Device device = which.open(); Scope scope = Scope.open(device)) {
            Tensor now = Tensor.of(scope, new float[] {-1f, -1f, -1f}, 3);
            LogProbs p = new LogProbs(now, now, now, now);
            Tensor old = Tensor.of(scope, new float[] {-1f, -1.5f, -0.9f}, 3);
            Tensor reference = Tensor.of(scope, new float[] {-1f, -1.2f, -0.5f}, 3);
            Tensor advantage = Tensor.of(scope, new float[] {2f, 1f, 1f}, 3);
            Tensor weight = Tensor.full(scope, 0.25f, 3);
            LogProbs.PolicyTerms t = p.policyTerms(new LogProb.ClippedLoss(0.2f, 0.2f, 0.1f, Float.POSITIVE_INFINITY), old, reference,
                    advantage, weight);
            double[] a = {2, 1, 1};
            double[] ratio = {1, Math.exp(0.5), Math.exp(-0.1)};
            double[] d = {0, -0.2, 0.5};
            for (int i = 0; i < 3; i++) {
                boolean clipped = i == 1;   // ratio 1.65 above 1.2 with a positive advantage
                double kl = Math.exp(d[i]) - d[i] - 1;
                assertEquals(kl, t.kl().toFloats()[i], 1e-6);
                assertEquals(-(clipped ? 1.2 : ratio[i]) * a[i] + 0.1 * kl, t.loss().toFloats()[i], 1e-6);
                assertEquals(0.25 * (-(clipped ? 0 : ratio[i]) * a[i] + 0.1 * (1 - Math.exp(d[i]))), t.coefficient().toFloats()[i], 1e-6);
            }
            assertEquals(1f, t.ratio().toFloats()[0]);
            assertEquals(0f, p.policyTerms(new LogProb.ClippedLoss(0.2f, 0.2f, 0.1f, 1f), old, null, advantage, weight).kl().toFloats()[2]);
            assertThrows(ShapeException.class, () -> p.policyTerms(new LogProb.ClippedLoss(0.2f, 0.2f, 0.1f, 1f), old, null, advantage,
                    Tensor.zeros(scope, 2)));
        }
    }
}
