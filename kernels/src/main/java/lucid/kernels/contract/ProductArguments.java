package lucid.kernels.contract;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F16;
import static lucid.kernels.contract.DType.F32;

/// What every device demands of the arguments of [MatMul].
public final class ProductArguments {
    private ProductArguments() {}

    /// Of [MatMul#multiply]; bias may be null. Returns the inner size k.
    public static int multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        int k = product("matmul", a, transposeA, b, transposeB, c);
        if (bias != null) {
            Checks.shape("matmul", "bias", bias, 1, c.cols(), F32);
            Checks.apart("matmul", "c", c, "bias", bias);
        }
        Checks.present("matmul", "mode", mode);
        return k;
    }

    /// Of [MatMul#multiplyContinue]. Returns the inner size k.
    public static int multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        return product("matmul (continue)", a, transposeA, b, transposeB, c);
    }

    /// Of [MatMul#gradWeight].
    public static void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        Checks.type("gradWeight", "dy", dy, F32);
        Checks.type("gradWeight", "x", x, F32);
        Checks.that(x.rows() == dy.rows(), "gradWeight", "dy is " + dy.describe() + " and x is " + x.describe() + "; wanted equal numbers of rows");
        Checks.shape("gradWeight", "dw", dw, dy.cols(), x.cols(), F32);
        Checks.groups("gradWeight", groups, dy.rows());
        Checks.apart("gradWeight", "dw", dw, "dy", dy);
        Checks.apart("gradWeight", "dw", dw, "x", x);
    }

    private static int product(String operation, Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
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
