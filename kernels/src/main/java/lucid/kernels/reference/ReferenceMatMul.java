package lucid.kernels.reference;

import lucid.kernels.contract.Activation;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.check.ProductArguments;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// `c_ij = Σ_k a_ik b_kj`, three loops. See [MatMul].
public final class ReferenceMatMul implements MatMul {
    private final Elementwise elementwise = new ReferenceElementwise();

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        ProductArguments.multiply(a, transposeA, b, transposeB, bias, mode, c);
        double[][] product = product(Values.read(a, transposeA), Values.read(b, transposeB), c.cols());
        if (bias != null) {
            double[] row = Values.read(bias)[0];
            for (double[] p : product) {
                for (int j = 0; j < row.length; j++) p[j] += row[j];
            }
        }
        Values.write(product, mode, c);
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        ProductArguments.multiplyContinue(a, transposeA, b, transposeB, c);
        Values.write(product(Values.read(a, transposeA), Values.read(b, transposeB), c.cols()), Accumulate.ADD, c);
    }

    @Override public void multiplyActivated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        ProductArguments.activated(a, w, bias, f, c);
        multiply(a, false, w, true, bias, Accumulate.SET, c);
        elementwise.unary(f.unary(), c, c);
    }

    @Override public void multiplyGated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        ProductArguments.gated(a, gate, up, c);
        multiply(a, false, gate, true, null, Accumulate.SET, c);
        double[][] g = Values.read(c);
        double[][] product = product(Values.read(a), Values.read(up, true), c.cols());
        for (int i = 0; i < g.length; i++) {
            // Rounded as if it had been stored.
            for (int j = 0; j < c.cols(); j++) g[i][j] = (float) product[i][j] * Functions.silu(g[i][j]);
        }
        Values.write(g, c);
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        ProductArguments.gradWeight(dy, x, groups, dw);
        // The order of groups only matters for rounding, which double keeps out of sight: dw += dyᵀ x.
        Values.write(product(Values.read(dy, true), Values.read(x), x.cols()), Accumulate.ADD, dw);
    }

    /// `[m, k] · [k, n]`; n is given because a matrix with k = 0 rows cannot tell.
    static double[][] product(double[][] a, double[][] b, int n) {
        double[][] c = new double[a.length][n];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < n; j++) c[i][j] += a[i][k] * b[k][j];
            }
        }
        return c;
    }
}
