package lucid.kernels.reference;

import static lucid.kernels.contract.operand.DType.F32;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.check.Checks;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.math.Philox;

/// Filters, then the inverse of the cumulative distribution. See [Sampling].
public final class ReferenceSampling implements Sampling {
    @Override public void sample(Rule rule, Matrix logits, long key, Buffer counters, Buffer ids) {
        Arguments.sample("sampling.sample", rule, logits, counters, ids);
        double[][] rows = possible("sampling.sample", rule, logits);
        int[] at = Values.readInts(counters);
        int[] chosen = new int[rows.length];
        for (int r = 0; r < rows.length; r++) {
            float u = Philox.drawing(Philox.word(key, at[4 * r], at[4 * r + 1], at[4 * r + 2], at[4 * r + 3]));
            chosen[r] = inverseCdf(filtered(rule, rows[r]), u);
        }
        Values.write(chosen, ids);
    }

    @Override public void probabilities(Rule rule, Matrix logits, Matrix y) {
        Arguments.probabilities("sampling.probabilities", rule, logits, y);
        if (logits.cols() == 0) return;
        double[][] rows = possible("sampling.probabilities", rule, logits);
        for (int r = 0; r < rows.length; r++) rows[r] = filtered(rule, rows[r]);
        Values.write(rows, y);
    }

    /// The logits, every row with a finite largest one.
    private static double[][] possible(String operation, Rule rule, Matrix logits) {
        double[][] rows = Values.read(logits);
        for (int r = 0; r < rows.length; r++) Arguments.largestLogit(operation, rule, r, (float) ReferenceReduce.max(rows[r]));
        return rows;
    }

    /// The lowest id whose cumulative probability exceeds u; should rounding leave the total at or below u, the last id that is possible at all.
    private static int inverseCdf(double[] p, double u) {
        double cumulative = 0;
        int last = 0;
        for (int id = 0; id < p.length; id++) {
            if (p[id] == 0) continue;
            last = id;
            cumulative += p[id];
            if (cumulative > u) return id;
        }
        return last;
    }

    private static double[] filtered(Rule rule, double[] logits) {
        if (rule.greedy()) {
            double[] oneHot = new double[logits.length];
            oneHot[argMax(logits)] = 1;
            return oneHot;
        }
        double[] x = Arrays.stream(logits).map(v -> v / rule.temperature()).toArray();
        if (rule.topK() > 0) topK(x, rule.topK());
        if (rule.topP() < 1) topP(x, rule.topP());
        if (rule.minP() > 0) minP(x, rule.minP());
        return ReferenceReduce.softmax(x);
    }

    private static int argMax(double[] x) {
        int best = 0;
        for (int id = 1; id < x.length; id++) {
            if (x[id] > x[best]) best = id;
        }
        return best;
    }

    /// Drops what is below the k-th largest logit; ties with it stay.
    private static void topK(double[] x, int k) {
        if (k >= x.length) return;
        double threshold = Arrays.stream(x).sorted().toArray()[x.length - k];
        drop(x, id -> x[id] < threshold);
    }

    /// Drops, from the least probable on, while the cumulative probability is at most 1 - p. The most probable stays. Holtzman et al. 2020,
    /// arXiv 1904.09751.
    private static void topP(double[] x, double p) {
        double[] probability = ReferenceReduce.softmax(x);
        Integer[] ascending = IntStream.range(0, x.length).boxed().sorted(Comparator.comparingDouble(id -> x[id])).toArray(Integer[]::new);
        double cumulative = 0;
        for (int i = 0; i < x.length - 1; i++) {
            cumulative += probability[ascending[i]];
            if (cumulative <= 1 - p) x[ascending[i]] = Double.NEGATIVE_INFINITY;
        }
    }

    /// Drops what is less probable than `minP` times the most probable. Nguyen et al. 2024, arXiv 2407.01082.
    private static void minP(double[] x, double minP) {
        double max = ReferenceReduce.max(x);
        drop(x, id -> StrictMath.exp(x[id] - max) < minP);
    }

    private static void drop(double[] x, IntPredicate condition) {
        boolean[] dropped = new boolean[x.length];
        for (int id = 0; id < x.length; id++) dropped[id] = condition.test(id);
        for (int id = 0; id < x.length; id++) {
            if (dropped[id]) x[id] = Double.NEGATIVE_INFINITY;
        }
    }

    /// Box & Muller 1958: `√(-2 ln(1 - u)) cos 2πw` and `… sin 2πw`; words 0 and 1 give elements 0 and 1 of four, words 2 and 3 the others.
    @Override public void normal(long key, float mean, float std, Matrix y) {
        Checks.type("sampling.normal", "y", y, F32);
        double[][] values = new double[y.rows()][y.cols()];
        int[] words = new int[4];
        long i = 0;
        for (double[] row : values) {
            for (int c = 0; c < row.length; c++, i++) {
                Philox.words(key, (int) (i / 4), (int) (i / 4 >>> 32), 0, 0, words);
                int pair = (int) (i % 4) & 2;
                double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - Philox.uniform(words[pair])));
                double angle = 2 * StrictMath.PI * Philox.uniform(words[pair + 1]);
                row[c] = mean + std * radius * (i % 2 == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
            }
        }
        Values.write(values, y);
    }
}
