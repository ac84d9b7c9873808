package lucid.kernels.simd.attention;

import java.util.Arrays;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;

/// Attention as in the textbook, in double: softmax over the visible keys, and its derivative.
final class AttentionOracle {
    final AttentionPlan plan;
    final double scale;
    final double[] q, k, v, out, lse;
    double[] dq, dk, dv;

    AttentionOracle(AttentionCase c) { this(c.plan(), c.scale(), wide(c.q()), wide(c.k()), wide(c.v()), c.queryRows()); }

    private final int width, kvWidth;

    AttentionOracle(AttentionPlan plan, double scale, double[] q, double[] k, double[] v, int queryRows) {
        this.plan = plan;
        this.scale = scale;
        this.q = q;
        this.k = k;
        this.v = v;
        width = plan.heads() * plan.headDim();
        kvWidth = plan.kvHeads() * plan.headDim();
        out = new double[q.length];
        lse = new double[queryRows * plan.heads()];
        Arrays.fill(out, AttentionCase.UNTOUCHED);
        Arrays.fill(lse, AttentionCase.UNTOUCHED);
        for (Span s : plan.spans()) {
            for (int i = 0; i < s.queries(); i++) for (int h = 0; h < plan.heads(); h++) row(s, i, h);
        }
    }

    static double[] wide(float[] a) {
        double[] b = new double[a.length];
        for (int i = 0; i < a.length; i++) b[i] = a[i];
        return b;
    }

    private int queryAt(Span s, int i, int head) { return (s.queryRow() + i) * width + head * plan.headDim(); }

    private int keyAt(Span s, int j, int head) { return s.keyRow(j) * kvWidth + head / (plan.heads() / plan.kvHeads()) * plan.headDim(); }

    private double dot(double[] a, int at, double[] b, int from) {
        double sum = 0;
        for (int d = 0; d < plan.headDim(); d++) sum += a[at + d] * b[from + d];
        return sum;
    }

    private void row(Span s, int i, int h) {
        int n = s.visible(i), at = queryAt(s, i, h);
        double[] p = new double[n];
        double max = Double.NEGATIVE_INFINITY, sum = 0;
        for (int j = 0; j < n; j++) max = Math.max(max, p[j] = scale * dot(q, at, k, keyAt(s, j, h)));
        for (int j = 0; j < n; j++) sum += p[j] = Math.exp(p[j] - max);
        for (int d = 0; d < plan.headDim(); d++) {
            double o = 0;
            for (int j = 0; j < n; j++) o += p[j] / sum * v[keyAt(s, j, h) + d];
            out[at + d] = o;
        }
        lse[(s.queryRow() + i) * plan.heads() + h] = max + Math.log(sum);
    }

    /// `Σ out·dOut` over the rows of the plan.
    double loss(double[] dOut) {
        double sum = 0;
        for (Span s : plan.spans()) {
            for (int x = s.queryRow() * width; x < (s.queryRow() + s.queries()) * width; x++) sum += out[x] * dOut[x];
        }
        return sum;
    }

    void backward(double[] dOut) {
        dq = untouched(q.length);
        dk = untouched(k.length);
        dv = untouched(v.length);
        for (Span s : plan.spans()) {
            for (int j = 0; j < s.prefixKeys() + s.ownKeys(); j++) {
                Arrays.fill(dk, s.keyRow(j) * kvWidth, (s.keyRow(j) + 1) * kvWidth, 0);
                Arrays.fill(dv, s.keyRow(j) * kvWidth, (s.keyRow(j) + 1) * kvWidth, 0);
            }
            Arrays.fill(dq, s.queryRow() * width, (s.queryRow() + s.queries()) * width, 0);
        }
        for (Span s : plan.spans()) {
            for (int i = 0; i < s.queries(); i++) for (int h = 0; h < plan.heads(); h++) rowBackward(s, i, h, dOut);
        }
    }

    private void rowBackward(Span s, int i, int h, double[] dOut) {
        int at = queryAt(s, i, h);
        double delta = dot(out, at, dOut, at), norm = lse[(s.queryRow() + i) * plan.heads() + h];
        for (int j = 0; j < s.visible(i); j++) {
            int key = keyAt(s, j, h);
            double p = Math.exp(scale * dot(q, at, k, key) - norm);
            double ds = p * (dot(dOut, at, v, key) - delta);
            for (int d = 0; d < plan.headDim(); d++) {
                dv[key + d] += p * dOut[at + d];
                dq[at + d] += scale * ds * k[key + d];
                dk[key + d] += scale * ds * q[at + d];
            }
        }
    }

    private static double[] untouched(int n) {
        double[] a = new double[n];
        Arrays.fill(a, AttentionCase.UNTOUCHED);
        return a;
    }
}
