package lucid.grpo.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import lucid.grpo.policy.Aggregation;
import lucid.grpo.policy.PolicyLoss;
import lucid.kernels.Device;
import lucid.tensor.Scope;
import lucid.tensor.Tensor;

/// One batch under one loss: the formulas in double ([PolicyLoss], which the ledger shows) and the device's fused kernel (which trains) against the
/// original's loss and gradient.
///
/// @param accumulation the original divides by this number of micro-batches
record LossCase(String name, PolicyLoss loss, Aggregation aggregation, int accumulation, double[] logProb, double[] old, double[] reference,
        double[] mask, double[] advantage) {
    static LossCase of(String name, PolicyLoss loss, Aggregation aggregation, int accumulation, JsonNode batch, JsonNode old) {
        return new LossCase(name, loss, aggregation, accumulation, Tables.numbers(batch.required("logps")), Tables.numbers(old),
                Tables.numbers(batch.required("ref_logps")),
                Tables.numbers(batch.required("mask")), Tables.numbers(batch.required("advantages")));
    }

    // Tolerances of the tables' README: 1e-5 of the largest gradient of the case; an element of the f32 gradient 1e-4 of itself besides.
    List<Row> rows(double wantedLoss, JsonNode wantedGradient, Device device) {
        double[] wanted = Tables.numbers(wantedGradient);
        double largest = 1e-9;
        for (double g : wanted) largest = Math.max(largest, Math.abs(g));
        int width = mask.length / advantage.length;
        double[] weight = weights(width);
        double[] gradient = new double[mask.length];
        double total = 0;
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] == 0) continue;
            PolicyLoss.Term term = loss.token(logProb[i], old[i], reference[i], advantage[i / width], weight[i]);
            total += weight[i] * term.loss();
            gradient[i] = term.coefficient();
        }
        Row formula = Row.compare(name + " gradient", gradient, wanted, 1e-5 * largest, 1e-6, advantage.length, width);
        Row sum = Row.compare(name + " loss", total, wantedLoss, 1e-5 * largest, 1e-7);
        // The kernel clamps the estimate's value; a clamp of its argument (Video-R1) is a formula only.
        if (!Double.isInfinite(loss.kl().inputClamp())) return List.of(formula, sum);
        double[] fused = new double[mask.length];
        double fusedLoss = kernel(device, weight, width, fused);
        return List.of(formula, sum, Row.compare(name + " gradient of the kernel", fused, wanted, 1e-5 * largest, 1e-4, advantage.length, width),
                Row.compare(name + " loss of the kernel", fusedLoss, wantedLoss, 1e-5 * largest, 1e-5));
    }

    private double[] weights(int width) {
        int[] lengths = new int[advantage.length];
        for (int i = 0; i < mask.length; i++) lengths[i / width] += (int) mask[i];
        double[] perToken = aggregation.weights(lengths);
        double[] all = new double[mask.length];
        for (int i = 0; i < all.length; i++) all[i] = mask[i] * perToken[i / width] / accumulation;
        return all;
    }

    private double kernel(Device device, double[] weight, int width, double[] gradient) {
        int n = mask.length;
        float[] advantages = new float[n];
        for (int i = 0; i < n; i++) advantages[i] = (float) advantage[i / width];
        try (Scope scope = Scope.open(device)) {
            Tensor[] out = new Tensor[4];
            for (int i = 0; i < out.length; i++) out[i] = Tensor.zeros(scope, n);
            device.logProb().ratio(loss.settings(), row(scope, logProb).buffer(), row(scope, old).buffer(), row(scope, reference).buffer(),
                    Tensor.of(scope, advantages, n).buffer(),
                    row(scope, weight).buffer(), out[0].buffer(), out[1].buffer(), out[2].buffer(), out[3].buffer());
            float[] losses = out[2].toFloats();
            float[] coefficients = out[3].toFloats();
            double total = 0;
            for (int i = 0; i < n; i++) {
                if (mask[i] != 0) total += weight[i] * losses[i];
                gradient[i] = coefficients[i];
            }
            return total;
        }
    }

    private static Tensor row(Scope scope, double[] values) { return Tensor.of(scope, Tables.floats(values), values.length); }
}
