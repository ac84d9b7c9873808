package lucid.kernels.reference;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// `c_ij = Σ_k a_ik b_kj`, three loops. See [MatMul].
public final class ReferenceMatMul implements MatMul {
    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        check("matMul.multiply", a, transposeA, b, transposeB, c);
        double[][] product = product(Values.read(a, transposeA), Values.read(b, transposeB), c.cols());
        if (bias != null) {
            Checks.shape("matMul.multiply", "bias", bias, 1, c.cols(), F32);
            double[] row = Values.read(bias)[0];
            for (double[] p : product) {
                for (int j = 0; j < row.length; j++) p[j] += row[j];
            }
        }
        Values.write(product, mode, c);
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        check("matMul.multiplyContinue", a, transposeA, b, transposeB, c);
        Values.write(product(Values.read(a, transposeA), Values.read(b, transposeB), c.cols()), Accumulate.ADD, c);
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        String operation = "matMul.gradWeight";
        Checks.type(operation, "dy", dy, F32);
        Checks.type(operation, "x", x, F32);
        Checks.that(dy.rows() == x.rows(), operation, "dy is " + dy.describe() + " and x is " + x.describe() + "; wanted equal rows");
        Checks.groups(operation, groups, dy.rows());
        Checks.shape(operation, "dw", dw, dy.cols(), x.cols(), F32);
        Checks.apart(operation, "dw", dw, "dy", dy);
        Checks.apart(operation, "dw", dw, "x", x);
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

    private static void check(String operation, Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        Checks.type(operation, "a", a, F32);
        Checks.type(operation, "b", b, F32, BF16, F16);
        int m = transposeA ? a.cols() : a.rows();
        int k = transposeA ? a.rows() : a.cols();
        int n = transposeB ? b.rows() : b.cols();
        Checks.that(k == (transposeB ? b.cols() : b.rows()), operation, "a is " + a.describe() + (transposeA ? " transposed" : "") + " and b is "
                + b.describe() + (transposeB ? " transposed" : "") + "; wanted the inner sizes equal");
        Checks.shape(operation, "c", c, m, n, F32);
        Checks.apart(operation, "c", c, "a", a);
        Checks.apart(operation, "c", c, "b", b);
    }
}
