package lucid.kernels.contract;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;

/// What every device demands of the arguments of whole families, so that all devices refuse the same things in the same words.
public final class Arguments {
    private Arguments() {}

    /// Of [Normalization]'s forwards.
    public static void norm(String operation, Matrix x, Matrix weight, Matrix y, Matrix rstd) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "weight", weight, 1, x.cols(), F32);
        Checks.like(operation, "y", y, "x", x);
        Checks.sameOrApart(operation, "y", y, "x", x);
        Checks.shape(operation, "rstd", rstd, x.rows(), 1, F32);
    }

    /// Of [Normalization]'s backwards; dWeight and dBias may be null.
    public static void normBackward(String operation, Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Matrix dx, Matrix dWeight, Matrix dBias) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "weight", weight, 1, x.cols(), F32);
        Checks.shape(operation, "rstd", rstd, x.rows(), 1, F32);
        Checks.like(operation, "dy", dy, "x", x);
        Checks.like(operation, "dx", dx, "x", x);
        Checks.groups(operation, groups, x.rows());
        Checks.sameOrApart(operation, "dx", dx, "dy", dy);
        Checks.sameOrApart(operation, "dx", dx, "x", x);
        if (dWeight != null) Checks.shape(operation, "dWeight", dWeight, 1, x.cols(), F32);
        if (dBias != null) Checks.shape(operation, "dBias", dBias, 1, x.cols(), F32);
    }

    /// Of [Embedding]: the indices, each checked against the table by the caller, who can see them.
    public static void gather(String operation, Buffer ids, Matrix table, Matrix y) {
        Checks.type(operation, "table", table, F32, BF16);
        Checks.type(operation, "y", y, F32);
        Checks.shape(operation, "y", y, y.rows(), table.cols(), F32);
        Checks.buffer(operation, "ids", ids, y.rows(), I32);
    }

    public static void scatterAdd(String operation, Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        Checks.type(operation, "dy", dy, F32);
        Checks.type(operation, "dTable", dTable, F32);
        Checks.shape(operation, "dTable", dTable, dTable.rows(), dy.cols(), F32);
        Checks.groups(operation, groups, dy.rows());
        Checks.buffer(operation, "ids", ids, dy.rows(), I32);
    }

    /// Of [Rotary#table].
    public static void rotaryTable(String operation, double theta, int headDim, Matrix cos, Matrix sin) {
        head(operation, headDim);
        Checks.that(theta > 0, operation, "theta is " + theta + "; wanted > 0");
        Checks.type(operation, "cos", cos, F32);
        Checks.shape(operation, "cos", cos, cos.rows(), headDim / 2, F32);
        Checks.shape(operation, "sin", sin, cos.rows(), headDim / 2, F32);
    }

    /// Of [Rotary#rotate], but for the positions' values.
    public static void rotate(String operation, Matrix x, int headDim, Buffer positions, Matrix cos, Matrix sin, Matrix y) {
        head(operation, headDim);
        Checks.type(operation, "x", x, F32);
        Checks.that(x.cols() % headDim == 0, operation, "x is " + x.describe() + "; wanted a multiple of headDim " + headDim + " columns");
        Checks.buffer(operation, "positions", positions, x.rows(), I32);
        Checks.type(operation, "cos", cos, F32);
        Checks.shape(operation, "cos", cos, cos.rows(), headDim / 2, F32);
        Checks.shape(operation, "sin", sin, cos.rows(), headDim / 2, F32);
        Checks.like(operation, "y", y, "x", x);
        Checks.sameOrApart(operation, "y", y, "x", x);
    }

    private static void head(String operation, int headDim) {
        Checks.that(headDim > 0 && headDim % 2 == 0, operation, "headDim is " + headDim + "; wanted an even number > 0 (pairs are rotated)");
    }

    /// Of [Optimizer]: the parameter, its gradient and its moments.
    public static void update(String operation, int step, Matrix grad, Matrix param, Matrix... moments) {
        Checks.that(step >= 1, operation, "step is " + step + "; wanted 1 or more (steps count from 1)");
        Checks.type(operation, "param", param, F32);
        Checks.like(operation, "grad", grad, "param", param);
        for (Matrix m : moments) Checks.like(operation, "moment", m, "param", param);
    }
}
