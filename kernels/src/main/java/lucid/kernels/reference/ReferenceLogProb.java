package lucid.kernels.reference;

import java.util.Arrays;
import java.util.stream.IntStream;
import lucid.kernels.contract.LogProb;
import lucid.kernels.contract.check.LogProbArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Log-softmax, its gradient, and the clipped policy-gradient terms. See [LogProb].
public final class ReferenceLogProb implements LogProb {
    @Override public void forward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse,
            Buffer top) {
        String operation = "logProb.forward";
        LogProbArguments.forward(operation, hidden, head, targets, temperature, logProb, entropy, lse, top);
        int[] target = targets(operation, targets, head.rows(), false);
        double[][] x = logits(hidden, head);
        write(x, target, temperature, logProb, entropy, lse);
        if (top != null) Values.write(IntStream.range(0, x.length).mapToDouble(r -> isTop(x[r], target[r]) ? 1 : 0).toArray(), top);
    }

    @Override public void ofLogits(Matrix logits, Buffer targets, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        String operation = "logProb.ofLogits";
        LogProbArguments.ofLogits(operation, logits, targets, temperature, logProb, entropy, lse);
        int[] target = targets(operation, targets, logits.cols(), false);
        write(Values.read(logits), target, temperature, logProb, entropy, lse);
    }

    private static boolean isTop(double[] logits, int target) { return Arrays.stream(logits).noneMatch(x -> !(x <= logits[target])); }

    /// `logProb = x_target - lse`, `entropy = -Σ softmax · log softmax`, `lse = log Σ eˣ`, with x = logits / temperature.
    private static void write(double[][] logits, int[] target, float temperature, Buffer logProb, Buffer entropy, Buffer lse) {
        int rows = logits.length;
        double[] logProbs = new double[rows];
        double[] entropies = new double[rows];
        double[] sums = new double[rows];
        for (int r = 0; r < rows; r++) {
            double[] x = divided(logits[r], temperature);
            sums[r] = ReferenceReduce.logSumExp(x);
            logProbs[r] = x[target[r]] - sums[r];
            // A logit of -infinity has probability 0 and no share in the entropy (0 · ∞ would be NaN).
            double[] p = ReferenceReduce.softmax(x);
            for (int j = 0; j < x.length; j++) entropies[r] -= p[j] == 0 ? 0 : p[j] * (x[j] - sums[r]);
        }
        Values.write(logProbs, logProb);
        Values.write(entropies, entropy);
        Values.write(sums, lse);
    }

    /// `dLogits = dLogProb / temperature · (onehot(target) - softmax)`, then the two products behind `logits = hidden · headᵀ`.
    @Override public void backward(Matrix hidden, Matrix head, Buffer targets, float temperature, Buffer lse, Buffer dLogProb, RowGroups groups,
            Accumulate mode,
                                   Matrix dHidden, Matrix dHead) {
        String operation = "logProb.backward";
        LogProbArguments.backward(operation, hidden, head, targets, temperature, lse, dLogProb, groups, mode, dHidden, dHead);
        int[] target = targets(operation, targets, head.rows(), false);
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
            Values.write(ReferenceMatMul.product(d, Values.read(head), head.cols()), mode, dHidden);
        }
        if (dHead != null) {
            double[][] transposed = new double[head.rows()][d.length];
            for (int r = 0; r < d.length; r++) {
                for (int j = 0; j < d[r].length; j++) transposed[j][r] = d[r][j];
            }
            Values.write(ReferenceMatMul.product(transposed, Values.read(hidden), head.cols()), Accumulate.ADD, dHead);
        }
    }

    @Override public void ratio(ClippedLoss settings, Buffer logProb, Buffer old, Buffer reference, Buffer advantage, Buffer weight, Buffer ratio,
            Buffer kl, Buffer loss, Buffer coefficient) {
        LogProbArguments.ratio("logProb.ratio", settings, logProb, old, reference, advantage, weight, ratio, kl, loss, coefficient);
        double[] now = Values.read(logProb);
        double[] before = Values.read(old);
        double[] ref = reference == null ? now : Values.read(reference);
        double[] a = Values.read(advantage);
        double[] w = Values.read(weight);
        double[][] results = new double[4][now.length];
        for (int i = 0; i < now.length; i++) {
            Term term = Term.of(settings, now[i], before[i], ref[i], a[i]);
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
        static Term of(ClippedLoss s, double now, double old, double reference, double advantage) {
            double ratio = StrictMath.exp(s.ratioGiven() ? old : now - old);
            double d = reference - now;
            double k3 = StrictMath.expm1(d) - d;
            double clamped = Math.clamp(k3, -s.klClamp(), s.klClamp());
            double kl = s.klTimesRatio() ? ratio * clamped : clamped;
            // d ratio / d now = ratio; d k3 / d now = 1 - e^d; so d (ratio k3) / d now = ratio (e^d - 1 - d + 1 - e^d).
            double klGradient = !s.klTimesRatio() ? clamped == k3 || Double.isNaN(k3) ? -StrictMath.expm1(d) : 0
                    : clamped == k3 && !Double.isNaN(kl) ? -ratio * d : kl;
            double clipped = Math.clamp(ratio, 1.0 - s.epsilonLow(), 1.0 + s.epsilonHigh());
            Term term = s.surrogate() == Surrogate.CISPO ? cispo(ratio, clipped * advantage, now, kl) : clip(s, ratio, clipped, advantage, kl);
            // 0 · ∞ is no 0.
            if (s.beta() == 0) return term;
            return new Term(ratio, kl, term.loss + s.beta() * kl, term.gradient + s.beta() * klGradient);
        }

        private static Term clip(ClippedLoss s, double ratio, double clipped, double advantage, double kl) {
            double free = Math.min(ratio, s.ratioCap()) * advantage;
            // NaN in the loss is NaN in its gradient.
            boolean active = free <= clipped * advantage || Double.isNaN(clipped * advantage);
            double gradient = active && !(ratio > s.ratioCap()) ? -ratio * advantage : 0;
            // The smaller of the two; an infinite ratio of a token without advantage is held, and its NaN stays out of the loss as of the gradient.
            return new Term(ratio, kl, -(active ? free : clipped * advantage), gradient);
        }

        private static Term cispo(double ratio, double factor, double now, double kl) {
            double value = factor * now;
            return new Term(ratio, kl, -value, Double.isNaN(value) ? value : -factor);
        }
    }

    @Override public void crossEntropy(Matrix logits, Buffer targets, Buffer loss, Buffer lse) {
        String operation = "logProb.crossEntropy";
        LogProbArguments.crossEntropy(operation, logits, targets, loss, lse);
        int[] target = targets(operation, targets, logits.cols(), true);
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
        LogProbArguments.crossEntropyBackward(operation, logits, targets, lse, dLoss, mode, dLogits);
        int[] target = targets(operation, targets, logits.cols(), true);
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

    private static int[] targets(String operation, Buffer targets, int vocabulary, boolean mayIgnore) {
        int[] values = Values.readInts(targets);
        LogProbArguments.targets(operation, values, vocabulary, mayIgnore);
        return values;
    }
}
