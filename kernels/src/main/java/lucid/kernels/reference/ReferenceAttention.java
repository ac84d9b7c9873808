package lucid.kernels.reference;

import java.util.Arrays;
import lucid.kernels.contract.Attention;
import lucid.kernels.contract.check.AttentionArguments;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.Matrix;

/// `softmax(scale · q kᵀ + mask) v`, one query and head at a time (Vaswani et al. 2017, arXiv 1706.03762). See [Attention].
public final class ReferenceAttention implements Attention {
    @Override public void forward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        check("attention forward", plan, q, k, v, out, lse);
        AttentionArguments.results("attention forward", q, k, v, out, lse);
        double[][] queries = Values.read(q);
        double[][] keys = Values.read(k);
        double[][] values = Values.read(v);
        double[][] results = Values.read(out);
        double[][] logSums = Values.read(lse);
        int d = plan.headDim();
        for (Span span : plan.spans()) {
            for (int i = 0; i < span.queries(); i++) {
                int row = span.queryRow() + i;
                for (int h = 0; h < plan.heads(); h++) {
                    int kvHead = h / (plan.heads() / plan.kvHeads());
                    double[] scores = scores(span, i, scale, queries[row], h * d, keys, kvHead * d, d);
                    logSums[row][h] = ReferenceReduce.logSumExp(scores);
                    double[] p = ReferenceReduce.softmax(scores);
                    for (int c = 0; c < d; c++) {
                        double sum = 0;
                        for (int j = 0; j < p.length; j++) sum += p[j] * values[span.keyRow(j)][kvHead * d + c];
                        results[row][h * d + c] = sum;
                    }
                }
            }
        }
        Values.write(results, out);
        Values.write(logSums, lse);
    }

    /// `s_j = scale · q·k_j` over the keys that query i sees.
    private static double[] scores(Span span, int i, float scale, double[] query, int queryColumn, double[][] keys, int keyColumn, int d) {
        double[] scores = new double[span.visible(i)];
        for (int j = 0; j < scores.length; j++) {
            double[] key = keys[span.keyRow(j)];
            for (int c = 0; c < d; c++) scores[j] += query[queryColumn + c] * key[keyColumn + c];
            scores[j] *= scale;
        }
        return scores;
    }

    @Override public void backward(AttentionPlan plan, float scale, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse, Matrix dOut, Matrix dq,
            Matrix dk, Matrix dv) {
        String operation = "attention backward";
        check(operation, plan, q, k, v, out, lse);
        AttentionArguments.gradients(operation, q, k, v, out, lse, dOut, dq, dk, dv);
        Gradients g = new Gradients(plan, scale, Values.read(q), Values.read(k), Values.read(v), Values.read(out), Values.read(lse),
                Values.read(dOut),
                Values.read(dq), Values.read(dk), Values.read(dv));
        g.clear();
        for (Span span : plan.spans()) {
            for (int i = 0; i < span.queries(); i++) {
                for (int h = 0; h < plan.heads(); h++) g.add(span, i, h);
            }
        }
        Values.write(g.dq, dq);
        Values.write(g.dk, dk);
        Values.write(g.dv, dv);
    }

    /// Everything the backward pass reads and sums into.
    private record Gradients(AttentionPlan plan, float scale, double[][] q, double[][] k, double[][] v, double[][] out, double[][] lse,
            double[][] dOut,
                             double[][] dq, double[][] dk, double[][] dv) {
        /// Rows that the plan names start from 0; the others keep what they had.
        void clear() {
            for (Span span : plan.spans()) {
                for (int i = 0; i < span.queries(); i++) Arrays.fill(dq[span.queryRow() + i], 0);
                for (int j = 0; j < span.prefixKeys() + span.ownKeys(); j++) {
                    Arrays.fill(dk[span.keyRow(j)], 0);
                    Arrays.fill(dv[span.keyRow(j)], 0);
                }
            }
        }

        /// One query and head: `p = exp(s - lse)`, `δ = dOut·out`, `dv_j += p dOut`, `ds = p (dOut·v_j - δ)`, `dq += scale ds k_j`, `dk_j += scale ds
        /// q`. Dao et al. 2022, arXiv 2205.14135, section B.4.
        void add(Span span, int i, int h) {
            int d = plan.headDim();
            int row = span.queryRow() + i;
            int a = h * d;
            int b = h / (plan.heads() / plan.kvHeads()) * d;
            double[] s = scores(span, i, scale, q[row], a, k, b, d);
            double delta = 0;
            for (int c = 0; c < d; c++) delta += dOut[row][a + c] * out[row][a + c];
            for (int j = 0; j < s.length; j++) {
                int key = span.keyRow(j);
                double p = StrictMath.exp(s[j] - lse[row][h]);
                double dp = 0;
                for (int c = 0; c < d; c++) dp += dOut[row][a + c] * v[key][b + c];
                double ds = p * (dp - delta);
                for (int c = 0; c < d; c++) {
                    dv[key][b + c] += p * dOut[row][a + c];
                    dk[key][b + c] += scale * ds * q[row][a + c];
                    dq[row][a + c] += scale * ds * k[key][b + c];
                }
            }
        }
    }

    private static void check(String operation, AttentionPlan plan, Matrix q, Matrix k, Matrix v, Matrix out, Matrix lse) {
        AttentionArguments.shapes(operation, plan, q, k, v, out, lse);
        AttentionArguments.Extent.of(plan).within(operation, q, k);
    }
}
