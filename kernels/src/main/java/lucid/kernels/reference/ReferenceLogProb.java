package lucid.kernels.reference;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// Log-softmax, its gradient, and the clipped policy-gradient terms. See [LogProb].
public final class ReferenceLogProb implements LogProb {
    private static final int IGNORED = -100;

    @Override public void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        String operation = "logProb.forward";
        int[] target = check(operation, hidden, head, targets, temperature);
        write(operation, logits(hidden, head), target, temperature, logProb, entropy, lse);
    }

    @Override public void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        String operation = "logProb.ofLogits";
        Checks.type(operation, "logits", logits, F32);
        checkTemperature(operation, temperature);
        write(operation, Values.read(logits), targets(operation, targets, logits.rows(), logits.cols(), false), temperature, logProb, entropy, lse);
    }

    /// `logProb = x_target - lse`, `entropy = lse - Σ softmax·x`, `lse = log Σ eˣ`, with x = logits / temperature.
    private static void write(String operation, double[][] logits, int[] target, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        int rows = logits.length;
        Checks.buffer(operation, "logProb", logProb, rows, F32);
        Checks.buffer(operation, "entropy", entropy, rows, F32);
        Checks.buffer(operation, "lse", lse, rows, F32);
        double[] logProbs = new double[rows];
        double[] entropies = new double[rows];
        double[] sums = new double[rows];
        for (int r = 0; r < rows; r++) {
            double[] x = divided(logits[r], temperature);
            sums[r] = ReferenceReduce.logSumExp(x);
            logProbs[r] = x[target[r]] - sums[r];
            // A logit of -infinity has probability 0 and no share in the entropy (0 · ∞ would be NaN).
            double[] p = ReferenceReduce.softmax(x);
            entropies[r] = sums[r];
            for (int j = 0; j < x.length; j++) entropies[r] -= p[j] == 0 ? 0 : p[j] * x[j];
        }
        Values.write(logProbs, logProb);
        Values.write(entropies, entropy);
        Values.write(sums, lse);
    }

    /// `dLogits = dLogProb / temperature · (onehot(target) - softmax)`, then the two products behind `logits = hidden · headᵀ`.
    @Override public void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups, Accumulate mode,
                                   Matrix dHidden, Matrix dHead) {
        String operation = "logProb.backward";
        int[] target = check(operation, hidden, head, targets, temperature);
        Checks.buffer(operation, "lse", lse, hidden.rows(), F32);
        Checks.buffer(operation, "dLogProb", dLogProb, hidden.rows(), F32);
        Checks.groups(operation, groups, hidden.rows());
        double[][] d = logits(hidden, head);
        double[] sums = Values.read(lse);
        double[] coefficient = Values.read(dLogProb);
        for (int r = 0; r < d.length; r++) {
            for (int j = 0; j < d[r].length; j++) {
                double p = StrictMath.exp(d[r][j] / temperature - sums[r]);
                d[r][j] = coefficient[r] / temperature * ((j == target[r] ? 1 : 0) - p);
            }
        }
        if (dHidden != null) {
            Checks.like(operation, "dHidden", dHidden, "hidden", hidden);
            Values.write(ReferenceMatMul.product(d, Values.read(head), head.cols()), mode, dHidden);
        }
        if (dHead != null) {
            Checks.shape(operation, "dHead", dHead, head.rows(), head.cols(), F32);
            double[][] transposed = new double[head.rows()][d.length];
            for (int r = 0; r < d.length; r++) {
                for (int j = 0; j < d[r].length; j++) transposed[j][r] = d[r][j];
            }
            Values.write(ReferenceMatMul.product(transposed, Values.read(hidden), head.cols()), Accumulate.ADD, dHead);
        }
    }

    @Override public void ratio(Ratio settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio, Buffer kl, Buffer loss, Buffer coefficient) {
        String operation = "logProb.ratio";
        Checks.present(operation, "logProb", logProb);
        long rows = logProb.length();
        Buffer[] all = {logProb, old, advantage, weight, ratio, kl, loss, coefficient};
        String[] names = {"logProb", "old", "advantage", "weight", "ratio", "kl", "loss", "coefficient"};
        for (int i = 0; i < all.length; i++) Checks.buffer(operation, names[i], all[i], rows, F32);
        if (reference != null) Checks.buffer(operation, "reference", reference, rows, F32);
        double[] now = Values.read(logProb);
        double[] before = Values.read(old);
        double[] anchor = reference == null ? now : Values.read(reference);
        double[] a = Values.read(advantage);
        double[] w = Values.read(weight);
        double[][] results = new double[4][now.length];
        for (int i = 0; i < now.length; i++) {
            Term term = Term.of(settings, now[i], before[i], anchor[i], a[i]);
            results[0][i] = term.ratio;
            results[1][i] = term.kl;
            results[2][i] = term.loss;
            // A masked token's term may be infinite; 0 · ∞ must not reach the gradient.
            results[3][i] = w[i] == 0 ? 0 : w[i] * term.gradient;
        }
        Values.write(results[0], ratio);
        Values.write(results[1], kl);
        Values.write(results[2], loss);
        Values.write(results[3], coefficient);
    }

    /// One token of the clipped objective (Schulman et al. 2017, arXiv 1707.06347) with the k3 estimate of the KL divergence (Schulman 2020).
    private record Term(double ratio, double kl, double loss, double gradient) {
        static Term of(Ratio s, double now, double old, double reference, double advantage) {
            double ratio = StrictMath.exp(now - old);
            double clipped = Math.clamp(ratio, 1.0 - s.epsilonLow(), 1.0 + s.epsilonHigh());
            boolean active = ratio * advantage <= clipped * advantage;
            double d = reference - now;
            double k3 = StrictMath.expm1(d) - d;
            double kl = Math.clamp(k3, -s.klClamp(), s.klClamp());
            // d ratio / d now = ratio; d k3 / d now = 1 - e^d.
            double surrogateGradient = active ? -ratio * advantage : 0;
            double klGradient = kl == k3 ? -StrictMath.expm1(d) : 0;
            return new Term(ratio, kl, -Math.min(ratio * advantage, clipped * advantage) + s.beta() * kl, surrogateGradient + s.beta() * klGradient);
        }
    }

    @Override public void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse) {
        String operation = "logProb.crossEntropy";
        Checks.type(operation, "logits", logits, F32);
        int[] target = targets(operation, targets, logits.rows(), logits.cols(), true);
        Checks.buffer(operation, "loss", loss, logits.rows(), F32);
        Checks.buffer(operation, "lse", lse, logits.rows(), F32);
        double[][] x = Values.read(logits);
        double[] losses = new double[x.length];
        double[] sums = new double[x.length];
        for (int r = 0; r < x.length; r++) {
            sums[r] = ReferenceReduce.logSumExp(x[r]);
            if (target[r] != IGNORED) losses[r] = sums[r] - x[r][target[r]];
        }
        Values.write(losses, loss);
        Values.write(sums, lse);
    }

    @Override public void crossEntropyBackward(Matrix logits, Buffer targets, Buffer lse, Buffer dLoss, Accumulate mode, Matrix dLogits) {
        String operation = "logProb.crossEntropy backward";
        Checks.type(operation, "logits", logits, F32);
        int[] target = targets(operation, targets, logits.rows(), logits.cols(), true);
        Checks.buffer(operation, "lse", lse, logits.rows(), F32);
        Checks.buffer(operation, "dLoss", dLoss, logits.rows(), F32);
        Checks.like(operation, "dLogits", dLogits, "logits", logits);
        Checks.sameOrApart(operation, "dLogits", dLogits, "logits", logits);
        double[][] x = Values.read(logits);
        double[] sums = Values.read(lse);
        double[] d = Values.read(dLoss);
        for (int r = 0; r < x.length; r++) {
            for (int j = 0; j < x[r].length; j++) {
                double softmax = StrictMath.exp(x[r][j] - sums[r]);
                x[r][j] = target[r] == IGNORED ? 0 : d[r] * (softmax - (j == target[r] ? 1 : 0));
            }
        }
        Values.write(x, mode, dLogits);
    }

    private static double[][] logits(Matrix hidden, Matrix head) {
        return ReferenceMatMul.product(Values.read(hidden), Values.read(head, true), head.rows());
    }

    private static double[] divided(double[] x, double temperature) {
        double[] y = new double[x.length];
        for (int j = 0; j < x.length; j++) y[j] = x[j] / temperature;
        return y;
    }

    private static int[] check(String operation, Matrix hidden, Matrix head, Buffer targets, float temperature) {
        Checks.type(operation, "hidden", hidden, F32);
        Checks.type(operation, "head", head, F32, BF16);
        Checks.that(hidden.cols() == head.cols(), operation, "hidden is " + hidden.describe() + " and head is " + head.describe() + "; wanted equal columns (the width)");
        checkTemperature(operation, temperature);
        return targets(operation, targets, hidden.rows(), head.rows(), false);
    }

    private static void checkTemperature(String operation, float temperature) {
        Checks.that(temperature > 0, operation, "temperature is " + temperature + "; wanted > 0");
    }

    private static int[] targets(String operation, Buffer targets, int rows, int vocabulary, boolean mayIgnore) {
        Checks.buffer(operation, "targets", targets, rows, I32);
        int[] values = Values.readInts(targets);
        for (int r = 0; r < rows; r++) {
            if (!mayIgnore || values[r] != IGNORED) Checks.index(operation, "targets", r, values[r], vocabulary);
        }
        return values;
    }
}
