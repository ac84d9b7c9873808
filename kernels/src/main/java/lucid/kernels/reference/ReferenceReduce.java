package lucid.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import lucid.kernels.host.HostBuffer;
import lucid.kernels.math.Fingerprint;

/// Sums and maxima over a row. See [Reduce].
public final class ReferenceReduce implements Reduce {
    @Override public void rowSum(Matrix x, Matrix y) { overRows("reduce.rowSum", x, y, row -> Arrays.stream(row).sum()); }

    @Override public void rowMax(Matrix x, Matrix y) { overRows("reduce.rowMax", x, y, ReferenceReduce::max); }

    @Override public void rowDot(Matrix a, Matrix b, Matrix y) {
        Arguments.rowDot(a, b, y);
        double[][] left = Values.read(a);
        double[][] right = Values.read(b);
        double[][] sums = new double[a.rows()][1];
        for (int r = 0; r < a.rows(); r++) sums[r][0] = dot(left[r], right[r]);
        Values.write(sums, y);
    }

    @Override public void columnSums(Matrix x, RowGroups groups, Matrix y) {
        Arguments.columnSums(x, groups, y);
        double[][] sums = new double[1][x.cols()];
        for (double[] row : Values.read(x)) {
            for (int c = 0; c < row.length; c++) sums[0][c] += row[c];
        }
        Values.write(sums, Accumulate.ADD, y);
    }

    @Override public void addSumOfSquares(Matrix x, Matrix y) {
        Arguments.addSumOfSquares(x, y);
        double sum = 0;
        for (double[] row : Values.read(x)) sum += dot(row, row);
        Values.write(new double[][] {{sum}}, Accumulate.ADD, y);
    }

    @Override public void addFingerprint(Matrix x, Matrix y) {
        Arguments.addFingerprint(x, y);
        MemorySegment bits = HostBuffer.segment(x);
        MemorySegment sums = HostBuffer.segment(y);
        long low = y.offset();
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) {
                int b = bits.getAtIndex(ValueLayout.JAVA_INT, x.offset() + r * x.stride() + c);
                int i = r * x.cols() + c;
                sums.setAtIndex(ValueLayout.JAVA_INT, low, sums.getAtIndex(ValueLayout.JAVA_INT, low) + Fingerprint.low(b, i));
                sums.setAtIndex(ValueLayout.JAVA_INT, low + 1, sums.getAtIndex(ValueLayout.JAVA_INT, low + 1) + Fingerprint.high(b, i));
            }
        }
    }

    @Override public void softmax(Matrix x, Matrix y) {
        Arguments.softmax(x, y);
        double[][] rows = Values.read(x);
        for (int r = 0; r < rows.length; r++) rows[r] = softmax(rows[r]);
        Values.write(rows, y);
    }

    @Override public void softmaxBackward(Matrix y, Matrix dy, Accumulate mode, Matrix dx) {
        Arguments.softmaxBackward(y, dy, dx);
        double[][] p = Values.read(y);
        double[][] g = Values.read(dy);
        for (int r = 0; r < y.rows(); r++) {
            double mean = dot(g[r], p[r]);
            for (int c = 0; c < y.cols(); c++) g[r][c] = p[r][c] * (g[r][c] - mean);
        }
        Values.write(g, mode, dx);
    }

    /// `e^(x_c - max) / Σ e^(x_c - max)`.
    static double[] softmax(double[] x) {
        double max = max(x);
        double sum = 0;
        double[] p = new double[x.length];
        for (int c = 0; c < x.length; c++) sum += p[c] = StrictMath.exp(x[c] - max);
        for (int c = 0; c < x.length; c++) p[c] /= sum;
        return p;
    }

    /// `log Σ e^x_c`, with the maximum taken out so that nothing overflows.
    static double logSumExp(double[] x) {
        double max = max(x);
        double sum = 0;
        for (double v : x) sum += StrictMath.exp(v - max);
        return max + StrictMath.log(sum);
    }

    static double max(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double v : x) max = Math.max(max, v);
        return max;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) sum += a[c] * b[c];
        return sum;
    }

    private static void overRows(String operation, Matrix x, Matrix y, ToDoubleFunction<double[]> f) {
        Arguments.rows(operation, x, y);
        double[][] rows = Values.read(x);
        double[][] results = new double[x.rows()][1];
        for (int r = 0; r < x.rows(); r++) results[r][0] = f.applyAsDouble(rows[r]);
        Values.write(results, y);
    }
}
