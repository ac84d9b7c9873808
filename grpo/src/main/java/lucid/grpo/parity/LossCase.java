package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import lucid.grpo.policy.PolicyLoss;
import lucid.kernels.Device;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// One batch under one loss: the formulas in double ([PolicyLoss], which the ledger shows) and the device's fused kernel (which trains) against the
/// original's loss and gradient.
///
/// @param weight of a token of each sequence
record LossCase(String name, PolicyLoss loss, double[] weight, double[] logProb, double[] old, double[] reference, double[] mask,
        double[] advantage) {
    static LossCase of(String name, PolicyLoss loss, double[] weight, JsonNode batch, JsonNode old) {
        return new LossCase(name, loss, weight, Tables.numbers(batch.required("logps")), Tables.numbers(old),
                Tables.numbers(batch.required("ref_logps")), Tables.numbers(batch.required("mask")), Tables.numbers(batch.required("advantages")));
    }

    /// Tokens of each sequence of a batch that are not masked.
    static int[] lengths(JsonNode batch) {
        double[] mask = Tables.numbers(batch.required("mask"));
        int[] lengths = new int[batch.required("advantages").size()];
        for (int i = 0; i < mask.length; i++) lengths[i / (mask.length / lengths.length)] += (int) mask[i];
        return lengths;
    }

    // Tolerances of the tables' README: 1e-5 of the largest gradient of the case; an element of the f32 gradient 1e-4 of itself besides.
    List<Row> rows(double wantedLoss, JsonNode wantedGradient, Device device) {
        double[] wanted = Tables.numbers(wantedGradient);
        double largest = 1e-9;
        for (double g : wanted) largest = Math.max(largest, Math.abs(g));
        int width = mask.length / advantage.length;
        double[] gradient = new double[mask.length];
        double total = 0;
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] == 0) continue;
            PolicyLoss.Term term = loss.term(logProb[i], logRatio(i, width), reference[i], advantage[i / width], weight[i / width]);
            total += weight[i / width] * term.loss();
            gradient[i] = term.coefficient();
        }
        Row formula = Row.compare(name + " gradient", gradient, wanted, 1e-5 * largest, 1e-6, advantage.length, width);
        Row sum = Row.compare(name + " loss", total, wantedLoss, 1e-5 * largest, 1e-7);
        // The kernel clamps the estimate's value; a clamp of its argument (Video-R1) is a formula only.
        if (!Double.isInfinite(loss.kl().inputClamp())) return List.of(formula, sum);
        double[] fused = new double[mask.length];
        double fusedLoss = kernel(device, width, fused);
        return List.of(formula, sum, Row.compare(name + " gradient of the kernel", fused, wanted, 1e-5 * largest, 1e-4, advantage.length, width),
                Row.compare(name + " loss of the kernel", fusedLoss, wantedLoss, 1e-5 * largest, 1e-5));
    }

    // Of the token, or the mean over its sequence's tokens that are not masked.
    private double logRatio(int token, int width) {
        if (!loss.sequence()) return logProb[token] - old[token];
        double sum = 0;
        double tokens = 0;
        for (int i = token / width * width; i < (token / width + 1) * width; i++) {
            sum += mask[i] == 0 ? 0 : logProb[i] - old[i];
            tokens += mask[i];
        }
        return sum / Math.max(1, tokens);
    }

    private double kernel(Device device, int width, double[] gradient) {
        int n = mask.length;
        float[] advantages = new float[n];
        float[] weights = new float[n];
        float[] before = Tables.floats(old);
        for (int i = 0; i < n; i++) {
            advantages[i] = (float) advantage[i / width];
            weights[i] = (float) (mask[i] * weight[i / width]);
            if (loss.sequence()) before[i] = (float) logRatio(i, width);
        }
        try (Scope scope = Scope.open(device)) {
            Tensor[] out = new Tensor[4];
            for (int i = 0; i < out.length; i++) out[i] = Tensor.zeros(scope, n);
            device.logProb().ratio(loss.settings(), row(scope, logProb).buffer(), Tensor.of(scope, before, n).buffer(),
                    row(scope, reference).buffer(),
                    Tensor.of(scope, advantages, n).buffer(),
                    Tensor.of(scope, weights, n).buffer(), out[0].buffer(), out[1].buffer(), out[2].buffer(), out[3].buffer());
            float[] losses = out[2].toFloats();
            float[] coefficients = out[3].toFloats();
            double total = 0;
            for (int i = 0; i < n; i++) {
                if (mask[i] != 0) total += weight[i / width] * losses[i];
                gradient[i] = coefficients[i];
            }
            return total;
        }
    }

    private static Tensor row(Scope scope, double[] values) { return Tensor.of(scope, Tables.floats(values), values.length); }
}
