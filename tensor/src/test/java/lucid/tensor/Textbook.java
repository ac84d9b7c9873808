package lucid.tensor;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.AttentionPlan;

/// The formulas of all operations in double, written from the papers and not from the kernels, for finite differences. Matrices are flat, row-major.
final class Textbook {
    private Textbook() {}

    static double[] map(double[] x, DoubleUnaryOperator f) { return Arrays.stream(x).map(f).toArray(); }

    static double[] binary(DoubleBinaryOperator f, double[] a, double[] b, int rows, int cols, int bRows, int bCols) {
        double[] y = new double[rows * cols];
        for (int i = 0; i < y.length; i++) y[i] = f.applyAsDouble(a[i], b[(bRows == 1 ? 0 : i / cols) * bCols + (bCols == 1 ? 0 : i % cols)]);
        return y;
    }

    static double unary(Unary op, double x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SQUARE -> x * x;
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case RELU -> Math.max(0, x);
            case SILU -> x / (1 + Math.exp(-x));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case GELU_ERF -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case ERF -> erf(x);
        };
    }

    /// Maclaurin series; enough terms for |x| < 3.
    static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 60; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    /// `op(a) · op(b)`, [m, k] · [k, n].
    static double[] product(double[] a, boolean ta, double[] b, boolean tb, int m, int k, int n) {
        double[] y = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int t = 0; t < k; t++) y[i * n + j] += (ta ? a[t * m + i] : a[i * k + t]) * (tb ? b[j * k + t] : b[t * n + j]);
            }
        }
        return y;
    }

    static double[] rmsNorm(double[] x, double[] w, double eps) {
        int cols = w.length;
        double[] y = new double[x.length];
        for (int r = 0; r < x.length / cols; r++) {
            double squares = 0;
            for (int c = 0; c < cols; c++) squares += x[r * cols + c] * x[r * cols + c];
            for (int c = 0; c < cols; c++) y[r * cols + c] = x[r * cols + c] / Math.sqrt(squares / cols + eps) * w[c];
        }
        return y;
    }

    static double[] layerNorm(double[] x, double[] w, double[] b, double eps) {
        int cols = w.length;
        double[] y = new double[x.length];
        for (int r = 0; r < x.length / cols; r++) {
            double mean = 0;
            double variance = 0;
            for (int c = 0; c < cols; c++) mean += x[r * cols + c] / cols;
            for (int c = 0; c < cols; c++) variance += Math.pow(x[r * cols + c] - mean, 2) / cols;
            for (int c = 0; c < cols; c++) y[r * cols + c] = (x[r * cols + c] - mean) / Math.sqrt(variance + eps) * w[c] + b[c];
        }
        return y;
    }

    static double[] softmax(double[] x, int cols) {
        double[] y = new double[x.length];
        for (int r = 0; r < x.length / cols; r++) {
            double sum = 0;
            for (int c = 0; c < cols; c++) sum += Math.exp(x[r * cols + c]);
            for (int c = 0; c < cols; c++) y[r * cols + c] = Math.exp(x[r * cols + c]) / sum;
        }
        return y;
    }

    /// Log-probability of each row's target; 0 where it is -100.
    static double[] logProb(double[] logits, int cols, int[] targets, double temperature) {
        double[] p = softmax(map(logits, v -> v / temperature), cols);
        double[] y = new double[targets.length];
        for (int r = 0; r < y.length; r++) y[r] = targets[r] == -100 ? 0 : Math.log(p[r * cols + targets[r]]);
        return y;
    }

    static double[] attention(AttentionPlan plan, double scale, double[] q, double[] k, double[] v) {
        int d = plan.headDim();
        int wq = plan.heads() * d;
        int wk = plan.kvHeads() * d;
        double[] y = new double[q.length];
        for (AttentionPlan.Span s : plan.spans()) {
            for (int i = 0; i < s.queries(); i++) {
                for (int h = 0; h < plan.heads(); h++) {
                    int at = (s.queryRow() + i) * wq + h * d;
                    int head = h * plan.kvHeads() / plan.heads() * d;
                    double[] scores = new double[s.visible(i)];
                    for (int j = 0; j < scores.length; j++) {
                        for (int c = 0; c < d; c++) scores[j] += scale * q[at + c] * k[s.keyRow(j) * wk + head + c];
                    }
                    double[] p = softmax(scores, scores.length);
                    for (int j = 0; j < p.length; j++) {
                        for (int c = 0; c < d; c++) y[at + c] += p[j] * v[s.keyRow(j) * wk + head + c];
                    }
                }
            }
        }
        return y;
    }

    static double[] rotate(double[] x, int cols, int headDim, int[] positions, double theta) {
        double[] y = new double[x.length];
        int half = headDim / 2;
        for (int i = 0; i < x.length; i++) {
            int c = i % cols % headDim;
            double angle = positions[i / cols] * Math.pow(theta, -2.0 * (c % half) / headDim);
            y[i] = c < half ? x[i] * Math.cos(angle) - x[i + half] * Math.sin(angle) : x[i] * Math.cos(angle) + x[i - half] * Math.sin(angle);
        }
        return y;
    }

    static double[] gather(double[] table, int cols, int... ids) {
        double[] y = new double[ids.length * cols];
        for (int r = 0; r < ids.length; r++) System.arraycopy(table, ids[r] * cols, y, r * cols, cols);
        return y;
    }

    static double[] cols(double[] x, int cols, int from, int to) {
        double[] y = new double[x.length / cols * (to - from)];
        for (int i = 0; i < y.length; i++) y[i] = x[i / (to - from) * cols + from + i % (to - from)];
        return y;
    }

    static double[] concatCols(double[] a, int aCols, double[] b, int bCols) {
        int cols = aCols + bCols;
        double[] y = new double[a.length + b.length];
        for (int i = 0; i < y.length; i++) y[i] = i % cols < aCols ? a[i / cols * aCols + i % cols] : b[i / cols * bCols + i % cols - aCols];
        return y;
    }

    /// "Valid" convolution with stride = patch of planar pixels [n, 3, height, width].
    static double[] patchEmbedding(double[] pixels, int n, int height, int width, int patch, double[] weight, double[] bias, double[] positions) {
        int down = height / patch;
        int across = width / patch;
        int hidden = bias.length;
        double[] y = new double[n * down * across * hidden];
        for (int i = 0; i < y.length; i++) {
            int o = i % hidden;
            int place = i / hidden % (down * across);
            double sum = bias[o] + positions[place * hidden + o];
            for (int channel = 0; channel < 3; channel++) {
                for (int dy = 0; dy < patch; dy++) {
                    for (int dx = 0; dx < patch; dx++) {
                        int row = place / across * patch + dy;
                        int column = place % across * patch + dx;
                        sum += weight[((o * 3 + channel) * patch + dy) * patch
                                + dx] * pixels[((i / hidden / (down * across) * 3 + channel) * height + row) * width + column];
                    }
                }
            }
            y[i] = sum;
        }
        return y;
    }
}
