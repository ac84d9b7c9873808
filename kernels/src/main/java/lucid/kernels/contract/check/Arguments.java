package lucid.kernels.contract.check;

import static lucid.kernels.contract.DType.BF16;
import static lucid.kernels.contract.DType.F32;
import static lucid.kernels.contract.DType.I32;

import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.RowGroups;
import lucid.kernels.contract.Sampling;

/// What every device demands of the arguments of whole families, so that all devices refuse the same things in the same words.
public final class Arguments {
    private Arguments() {}

    /// Of [Normalization#rmsNorm].
    public static void rmsNorm(String operation, Matrix x, Matrix weight, Matrix y, Matrix rstd) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "weight", weight, 1, x.cols(), F32);
        Checks.like(operation, "y", y, "x", x);
        Checks.sameOrApart(operation, "y", y, "x", x);
        ofRows(operation, "rstd", rstd, x, y);
    }

    /// Of [Normalization#layerNorm].
    public static void layerNorm(String operation, Matrix x, Matrix weight, Matrix bias, Matrix y, Matrix mean, Matrix rstd) {
        rmsNorm(operation, x, weight, y, rstd);
        Checks.shape(operation, "bias", bias, 1, x.cols(), F32);
        ofRows(operation, "mean", mean, x, y);
    }

    /// A number for each row of x, apart from what is read and written beside it.
    private static void ofRows(String operation, String name, Matrix m, Matrix x, Matrix y) {
        Checks.shape(operation, name, m, x.rows(), 1, F32);
        Checks.apart(operation, name, m, "x", x);
        Checks.apart(operation, name, m, "y", y);
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

    /// Of [Embedding#scatterAdd], but for the values of the indices.
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

    /// Of [Optimizer#adamW]; the bf16 image may be null.
    public static void adamW(String operation, int step, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        update(operation, step, grad, param, m, v);
        if (bf16 != null) Checks.shape(operation, "bf16", bf16, param.rows(), param.cols(), BF16);
    }

    /// Of what [Reduce] makes of a row: one number.
    public static void rows(String operation, Matrix x, Matrix y) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "y", y, x.rows(), 1, F32);
        Checks.apart(operation, "y", y, "x", x);
    }

    /// Of [Reduce#rowDot].
    public static void rowDot(Matrix a, Matrix b, Matrix y) {
        rows("reduce.rowDot", a, y);
        Checks.like("reduce.rowDot", "b", b, "a", a);
        Checks.apart("reduce.rowDot", "y", y, "b", b);
    }

    /// Of [Reduce#columnSums].
    public static void columnSums(Matrix x, RowGroups groups, Matrix y) {
        Checks.type("reduce.columnSums", "x", x, F32);
        Checks.groups("reduce.columnSums", groups, x.rows());
        Checks.shape("reduce.columnSums", "y", y, 1, x.cols(), F32);
        Checks.apart("reduce.columnSums", "y", y, "x", x);
    }

    /// Of [Reduce#addSumOfSquares].
    public static void addSumOfSquares(Matrix x, Matrix y) {
        Checks.type("reduce.addSumOfSquares", "x", x, F32);
        Checks.shape("reduce.addSumOfSquares", "y", y, 1, 1, F32);
        Checks.apart("reduce.addSumOfSquares", "y", y, "x", x);
    }

    /// Of [Reduce#addFingerprint].
    public static void addFingerprint(Matrix x, Matrix y) {
        Checks.type("reduce.addFingerprint", "x", x, F32);
        Checks.shape("reduce.addFingerprint", "y", y, 1, 2, I32);
    }

    /// Of [Reduce#softmax].
    public static void softmax(Matrix x, Matrix y) {
        Checks.type("reduce.softmax", "x", x, F32);
        Checks.like("reduce.softmax", "y", y, "x", x);
        Checks.sameOrApart("reduce.softmax", "y", y, "x", x);
    }

    /// Of [Reduce#softmaxBackward].
    public static void softmaxBackward(Matrix y, Matrix dy, Matrix dx) {
        String operation = "reduce.softmax backward";
        Checks.type(operation, "y", y, F32);
        Checks.like(operation, "dy", dy, "y", y);
        Checks.like(operation, "dx", dx, "y", y);
        Checks.sameOrApart(operation, "dx", dx, "dy", dy);
        Checks.sameOrApart(operation, "dx", dx, "y", y);
    }

    /// Of [Sampling#sample].
    public static void sample(String operation, Sampling.Rule rule, Matrix logits, Buffer counters, Buffer ids) {
        Checks.present(operation, "rule", rule);
        Checks.type(operation, "logits", logits, F32);
        Checks.that(logits.cols() > 0, operation, "logits are " + logits.describe() + "; wanted at least one token to choose from");
        Checks.buffer(operation, "counters", counters, 4L * logits.rows(), I32);
        Checks.buffer(operation, "ids", ids, logits.rows(), I32);
    }

    /// Of [Sampling#probabilities].
    public static void probabilities(String operation, Sampling.Rule rule, Matrix logits, Matrix y) {
        Checks.present(operation, "rule", rule);
        Checks.type(operation, "logits", logits, F32);
        Checks.like(operation, "y", y, "logits", logits);
        Checks.sameOrApart(operation, "y", y, "logits", logits);
    }
}
