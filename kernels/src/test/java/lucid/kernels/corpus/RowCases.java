package lucid.kernels.corpus;

import static lucid.kernels.corpus.CorpusCase.Format.F32;
import static lucid.kernels.corpus.Data.U;

import java.util.List;
import java.util.Random;

/// Reductions over rows. A sum of n numbers in any order is off by at most about (longest chain) u sum |x|, u = 2^-24 (Higham, section 4.2).
final class RowCases {
    private static final double LOG2_E = 1.4426950408889634;

    private RowCases() {
    }

    static List<CorpusCase> all() {
        return List.of(sum(2, 1), sum(3, 100), sum(2, 515), softmax(2, 1), softmax(3, 300), softmax(1, 515), clusterSum(1, 5), clusterSum(2, 1300), bag(1, 0), bag(2, 1), bag(3, 11), bag(1, 21));
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

    /// exp(d) comes with the relative error 2 |d| log2 e u (rounding of d and of the product) + 2^-22 (ex2.approx); once in the numerator, once in the sum.
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
        return CorpusCase.of("softmax_row_f32_sm80", rows + "x" + cols).grid(rows, 1, 1).block(256, 1).in("x", Data.f32(x)).out("y", F32, y, bound).u32("cols", cols).build();
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
        return CorpusCase.of("embedding_bag_mbarrier_f32_sm80", "bags=" + bags + " J=" + count).grid(bags, 1, 1).block(128, 1).in("table", Data.f32(table)).in("index", Data.s32(index))
                .out("out", F32, out, bound).u32("J", count).build();
    }
}
