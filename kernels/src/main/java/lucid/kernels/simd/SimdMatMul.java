package lucid.kernels.simd;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Checks;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;

/// See [MatMul].
public final class SimdMatMul implements MatMul {
    private final Gemm gemm;
    private final Gemv gemv;

    public SimdMatMul(Workers workers) {
        gemm = new Gemm(workers);
        gemv = new Gemv(workers);
    }

    @Override public void multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        int k = check("matmul", a, transposeA, b, transposeB, c);
        if (bias != null) {
            Checks.shape("matmul", "bias", bias, 1, c.cols(), F32);
            Checks.apart("matmul", "c", c, "bias", bias);
        }
        Checks.present("matmul", "mode", mode);
        run(a, transposeA, b, transposeB, new int[] {0, k}, false, Epilogue.of(c, bias, mode == Accumulate.ADD));
    }

    @Override public void multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        int k = check("matmul (continue)", a, transposeA, b, transposeB, c);
        if (k > 0) run(a, transposeA, b, transposeB, new int[] {0, k}, true, Epilogue.of(c, null, false));
    }

    @Override public void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        Checks.type("gradWeight", "dy", dy, F32);
        Checks.type("gradWeight", "x", x, F32);
        Checks.that(x.rows() == dy.rows(), "gradWeight", "dy is " + dy.describe() + " and x is " + x.describe() + "; wanted equal numbers of rows");
        Checks.shape("gradWeight", "dw", dw, dy.cols(), x.cols(), F32);
        Checks.groups("gradWeight", groups, dy.rows());
        Checks.apart("gradWeight", "dw", dw, "dy", dy);
        Checks.apart("gradWeight", "dw", dw, "x", x);
        if (dy.rows() > 0) run(dy, true, x, false, groups.offsets(), false, Epilogue.of(dw, null, true));
    }

    private void run(Matrix a, boolean transposeA, Matrix b, boolean transposeB, int[] cuts, boolean resume, Epilogue out) {
        if (out.rows() == 0 || out.cols() == 0) return;
        if (cuts[cuts.length - 1] == 0) {
            out.writeZeros();
            return;
        }
        Operand left = transposeA ? Operand.lanesAcross(a) : Operand.lanesDown(a);
        Operand right = transposeB ? Operand.lanesDown(b) : Operand.lanesAcross(b);
        Gemm.Product product = new Gemm.Product(left, right, cuts, resume, out);
        if (Gemv.fits(product)) gemv.run(product);
        else gemm.run(product);
    }

    /// Shapes and types of a product; returns k.
    private static int check(String operation, Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        Checks.type(operation, "a", a, F32);
        Checks.type(operation, "b", b, F32, BF16, F16);
        int m = transposeA ? a.cols() : a.rows();
        int k = transposeA ? a.rows() : a.cols();
        int kb = transposeB ? b.cols() : b.rows();
        int n = transposeB ? b.rows() : b.cols();
        Checks.that(k == kb, operation, "a " + a.describe() + (transposeA ? "ᵀ" : "") + " has k = " + k + ", b " + b.describe() + (transposeB ? "ᵀ" : "")
                + " has k = " + kb + "; wanted equal");
        Checks.shape(operation, "c", c, m, n, F32);
        Checks.apart(operation, "c", c, "a", a);
        Checks.apart(operation, "c", c, "b", b);
        return k;
    }
}
