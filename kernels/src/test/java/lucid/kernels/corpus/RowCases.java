package lucid.kernels.corpus;

import static lucid.kernels.corpus.CorpusCase.Format.F32;
import static lucid.kernels.corpus.CorpusCase.Format.U32;
import static lucid.kernels.corpus.Data.U;

import java.util.List;
import java.util.Random;

/// Reductions over rows. A sum of n numbers in any order is off by at most about (longest chain) u sum |x|, u = 2^-24 (Higham, section 4.2).
final class RowCases {
    private static final double LOG2_E = 1.4426950408889634;

    private RowCases() {
    }

    static List<CorpusCase> all() {
        return List.of(sum(2, 1), sum(3, 100), sum(2, 515), softmax(2, 1), softmax(3, 300), softmax(1, 515), clusterSum(1, 5), clusterSum(2, 1300),
                bag(1, 0), bag(2, 1), bag(3, 11), bag(1, 21), layernorm(1, 1), layernorm(6, 45),
                layernorm(5, 160), argmax(2, 1), argmax(4, 33), argmax(3, 100));
    }

    static CorpusCase sum(int rows, int cols) {
        CorpusCase.Builder b = CorpusCase.of("reduce_sum_row_f32_sm80", rows + "x" + cols).grid(rows, 1, 1).block(128, 1);
        return sums(b, rows, cols, cols / 128 + 8).build();
    }

    static CorpusCase clusterSum(int rows, int cols) {
        CorpusCase.Builder b = CorpusCase.of("cluster_reduce_row_f32_sm90a", rows + "x" + cols).grid(4, rows, 1).cluster(4).block(128, 1);
        return sums(b, rows, cols, cols / 512 + 12).build();
    }

    private static CorpusCase.Builder sums(CorpusCase.Builder b, int rows, int cols, int chain) {
        float[] x = Data.normal(11, rows * cols);
        double[] out = new double[rows];
        double[] bound = new double[rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                out[r] += x[r * cols + c];
                bound[r] += Math.abs(x[r * cols + c]) * chain * U;
            }
        }
        return b.in("x", Data.f32(x)).out("out", F32, out, bound).u32("cols", cols);
    }

    /// exp(d) comes with the relative error 2 |d| log2 e u (rounding of d and of the product) + 2^-22 (ex2.approx); once in the numerator, once in
    /// the sum.
    static CorpusCase softmax(int rows, int cols) {
        float[] x = Data.normal(12, rows * cols);
        double[] y = new double[rows * cols];
        double[] bound = new double[rows * cols];
        for (int r = 0; r < rows; r++) {
            double max = Double.NEGATIVE_INFINITY;
            double min = Double.POSITIVE_INFINITY;
            for (int c = 0; c < cols; c++) {
                x[r * cols + c] *= 4;
                max = Math.max(max, x[r * cols + c]);
                min = Math.min(min, x[r * cols + c]);
            }
            double sum = 0;
            for (int c = 0; c < cols; c++) sum += Math.exp(x[r * cols + c] - max);
            double exponential = 2 * (max - min) * LOG2_E * U + 0x1p-22;
            for (int c = 0; c < cols; c++) {
                y[r * cols + c] = Math.exp(x[r * cols + c] - max) / sum;
                bound[r * cols + c] = y[r * cols + c] * (2 * exponential + (cols / 256 + 12) * U) + Float.MIN_NORMAL;
            }
        }
        return CorpusCase.of("softmax_row_f32_sm80", rows + "x" + cols).grid(rows, 1, 1).block(256, 1).in("x", Data.f32(x)).out("y", F32, y, bound)
                .u32("cols", cols).build();
    }

    static CorpusCase bag(int bags, int count) {
        int rows = 37;
        float[] table = Data.normal(14, rows * 128);
        int[] index = new int[Math.max(1, bags * count)]; // a buffer has at least one element
        double[] out = new double[bags * 128];
        double[] bound = new double[out.length];
        Random random = new Random(15);
        for (int b = 0; b < bags; b++) {
            for (int j = 0; j < count; j++) {
                int row = index[b * count + j] = random.nextInt(rows);
                for (int c = 0; c < 128; c++) {
                    out[b * 128 + c] += table[row * 128 + c];
                    bound[b * 128 + c] += Math.abs(table[row * 128 + c]) * count * U;
                }
            }
        }
        return CorpusCase.of("embedding_bag_mbarrier_f32_sm80", "bags=" + bags + " J=" + count).grid(bags, 1, 1).block(128, 1)
                .in("table", Data.f32(table)).in("index", Data.s32(index))
                .out("out", F32, out, bound).u32("J", count).build();
    }

    /// The mean is off by chain u avg |x|; y then by that over the deviation, and by the rounding of the variance (chain u of itself) and of the last
    /// steps.
    static CorpusCase layernorm(int rows, int cols) {
        float[] x = Data.normal(16, rows * cols);
        float[] w = Data.normal(17, cols);
        float[] b = Data.normal(18, cols);
        float eps = 1e-5f;
        double chain = (cols / 32 + 10) * U;
        double[] y = new double[x.length];
        double[] yBound = new double[x.length];
        double[][] stats = new double[4][rows];
        for (int r = 0; r < rows; r++) {
            double mean = 0;
            double absolute = 0;
            for (int c = 0; c < cols; c++) {
                mean += x[r * cols + c] / (double) cols;
                absolute += Math.abs(x[r * cols + c]) / cols;
            }
            double variance = 0;
            for (int c = 0; c < cols; c++) variance += (x[r * cols + c] - mean) * (x[r * cols + c] - mean) / cols;
            double rstd = 1 / Math.sqrt(variance + eps);
            stats[0][r] = mean;
            stats[1][r] = chain * absolute;
            stats[2][r] = rstd;
            stats[3][r] = 2 * chain * rstd;
            for (int c = 0; c < cols; c++) {
                double d = (x[r * cols + c] - mean) * rstd;
                y[r * cols + c] = d * w[c] + b[c];
                yBound[r * cols + c] = Math.abs(w[c]) * (chain * absolute * rstd + 3 * chain * Math.abs(d))
                        + 4 * U * (Math.abs(d * w[c]) + Math.abs(b[c]));
            }
        }
        return CorpusCase.of("layernorm_forward_f32_sm80", rows + "x" + cols).grid(Data.ceilDiv(rows, 4), 1, 1).block(128, 1).in("x", Data.f32(x))
                .in("w", Data.f32(w)).in("b", Data.f32(b))
                .out("y", F32, y, yBound).out("mean", F32, stats[0], stats[1]).out("rstd", F32, stats[2], stats[3]).u32("rows", rows)
                        .u32("cols", cols).f32("inverse", 1f / cols)
                .f32("eps", eps).build();
    }

    static CorpusCase argmax(int rows, int cols) {
        float[] x = Data.normal(19, rows * cols);
        double[] index = new double[rows];
        double[] ties = new double[rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                // negatives; all equal; some equal
                float v = x[r * cols + c] = r == 0 ? -Math.abs(x[c]) - 1 : r == 1 ? 0.5f : Math.round(x[r * cols + c] * 2) / 2f + 0f;
                if (v > x[r * cols + (int) index[r]]) index[r] = c;
            }
            boolean[] holds = new boolean[32];
            for (int c = 0; c < cols; c++) holds[c % 32] |= x[r * cols + c] == x[r * cols + (int) index[r]];
            for (boolean h : holds) ties[r] += h ? 1 : 0;
        }
        return CorpusCase.of("argmax_row_f32_sm80", rows + "x" + cols).grid(rows, 1, 1).block(32, 1).in("x", Data.f32(x))
                .out("index", U32, index, new double[rows])
                .out("ties", U32, ties, new double[rows]).u32("cols", cols).build();
    }
}
