package lucid.kernels.reference;

import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.check.Arguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// RMSNorm and LayerNorm as printed. See [Normalization].
public final class ReferenceNormalization implements Normalization {
    @Override public void rmsNorm(Matrix x, Matrix weight, float eps, Matrix y, Matrix rstd) {
        Arguments.rmsNorm("normalization.rmsNorm", x, weight, y, rstd);
        double[][] rows = Values.read(x);
        double[] w = Values.read(weight)[0];
        double[][] scale = new double[x.rows()][1];
        for (int r = 0; r < x.rows(); r++) {
            scale[r][0] = 1 / StrictMath.sqrt(ReferenceReduce.dot(rows[r], rows[r]) / x.cols() + eps);
            for (int c = 0; c < x.cols(); c++) rows[r][c] *= scale[r][0] * w[c];
        }
        Values.write(rows, y);
        Values.write(scale, rstd);
    }

    /// With `x̂ = x·rstd` and `g = w·dy`: `dx = rstd (g - x̂ · mean(g·x̂))`.
    @Override public void rmsNormBackward(Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Accumulate mode, Matrix dx,
            Matrix dWeight) {
        Arguments.rmsNormBackward("normalization.rmsNorm backward", x, weight, rstd, dy, groups, dx, dWeight);
        double[][] rows = Values.read(x);
        double[][] scale = Values.read(rstd);
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) rows[r][c] *= scale[r][0];
        }
        double[][] d = Values.read(dy);
        addWeightGradient(d, rows, dWeight, x.cols());
        double[] w = Values.read(weight)[0];
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) d[r][c] *= w[c];
            double mean = ReferenceReduce.dot(d[r], rows[r]) / x.cols();
            for (int c = 0; c < x.cols(); c++) d[r][c] = scale[r][0] * (d[r][c] - rows[r][c] * mean);
        }
        Values.write(d, mode, dx);
    }

    @Override public void layerNorm(Matrix x, Matrix weight, Matrix bias, float eps, Matrix y, Matrix mean, Matrix rstd) {
        Arguments.layerNorm("normalization.layerNorm", x, weight, bias, y, mean, rstd);
        double[][] rows = Values.read(x);
        double[] w = Values.read(weight)[0];
        double[] b = Values.read(bias)[0];
        double[][] centre = new double[x.rows()][1];
        double[][] scale = new double[x.rows()][1];
        for (int r = 0; r < x.rows(); r++) {
            for (double v : rows[r]) centre[r][0] += v / x.cols();
            for (int c = 0; c < x.cols(); c++) rows[r][c] -= centre[r][0];
            scale[r][0] = 1 / StrictMath.sqrt(ReferenceReduce.dot(rows[r], rows[r]) / x.cols() + eps);
            for (int c = 0; c < x.cols(); c++) rows[r][c] = rows[r][c] * scale[r][0] * w[c] + b[c];
        }
        Values.write(rows, y);
        Values.write(centre, mean);
        Values.write(scale, rstd);
    }

    /// With `x̂ = (x - mean)·rstd` and `g = w·dy`: `dx = rstd (g - mean(g) - x̂ · mean(g·x̂))`.
    @Override public void layerNormBackward(Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups,
            Accumulate mode, Matrix dx,
                                            Matrix dWeight, Matrix dBias) {
        Arguments.layerNormBackward("normalization.layerNorm backward", x, weight, mean, rstd, dy, groups, dx, dWeight, dBias);
        double[][] rows = Values.read(x);
        double[][] centre = Values.read(mean);
        double[][] scale = Values.read(rstd);
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < x.cols(); c++) rows[r][c] = (rows[r][c] - centre[r][0]) * scale[r][0];
        }
        double[][] d = Values.read(dy);
        addWeightGradient(d, rows, dWeight, x.cols());
        addBiasGradient(d, dBias, x.cols());
        double[] w = Values.read(weight)[0];
        for (int r = 0; r < x.rows(); r++) {
            double meanG = 0;
            for (int c = 0; c < x.cols(); c++) {
                d[r][c] *= w[c];
                meanG += d[r][c] / x.cols();
            }
            double meanGx = ReferenceReduce.dot(d[r], rows[r]) / x.cols();
            for (int c = 0; c < x.cols(); c++) d[r][c] = scale[r][0] * (d[r][c] - meanG - rows[r][c] * meanGx);
        }
        Values.write(d, mode, dx);
    }

    /// `dWeight += Σ_rows dy · x̂`.
    private static void addWeightGradient(double[][] dy, double[][] normed, Matrix dWeight, int cols) {
        if (dWeight == null) return;
        double[][] sums = new double[1][cols];
        for (int r = 0; r < dy.length; r++) {
            for (int c = 0; c < cols; c++) sums[0][c] += dy[r][c] * normed[r][c];
        }
        Values.write(sums, Accumulate.ADD, dWeight);
    }

    /// `dBias += Σ_rows dy`.
    private static void addBiasGradient(double[][] dy, Matrix dBias, int cols) {
        if (dBias == null) return;
        double[][] sums = new double[1][cols];
        for (double[] row : dy) {
            for (int c = 0; c < cols; c++) sums[0][c] += row[c];
        }
        Values.write(sums, Accumulate.ADD, dBias);
    }
}
