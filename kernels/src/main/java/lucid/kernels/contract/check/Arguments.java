package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F32;
import static lucid.kernels.contract.operand.DType.I32;

import lucid.kernels.contract.Embedding;
import lucid.kernels.contract.Normalization;
import lucid.kernels.contract.Optimizer;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.Rotary;
import lucid.kernels.contract.Sampling;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// What every device demands of the arguments of whole families, so that all devices refuse the same things in the same words.
public final class Arguments {
    private Arguments() {}

    /// Of [Normalization#rmsNorm].
    public static void rmsNorm(String operation, Matrix x, Matrix weight, Matrix y, Matrix rstd) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "weight", weight, 1, x.cols(), F32);
        Checks.like(operation, "y", y, "x", x);
        Checks.sameOrApart(operation, "y", y, "x", x);
        Checks.apart(operation, "y", y, "weight", weight);
        ofRows(operation, "rstd", rstd, x, y);
        Checks.apart(operation, "rstd", rstd, "weight", weight);
    }

    /// Of [Normalization#layerNorm].
    public static void layerNorm(String operation, Matrix x, Matrix weight, Matrix bias, Matrix y, Matrix mean, Matrix rstd) {
        rmsNorm(operation, x, weight, y, rstd);
        Checks.shape(operation, "bias", bias, 1, x.cols(), F32);
        Checks.apart(operation, "y", y, "bias", bias);
        Checks.apart(operation, "rstd", rstd, "bias", bias);
        ofRows(operation, "mean", mean, x, y);
        Checks.apart(operation, "mean", mean, "weight", weight);
        Checks.apart(operation, "mean", mean, "bias", bias);
        Checks.apart(operation, "mean", mean, "rstd", rstd);
    }

    /// A number for each row of x, apart from what is read and written beside it.
    private static void ofRows(String operation, String name, Matrix m, Matrix x, Matrix y) {
        Checks.shape(operation, name, m, x.rows(), 1, F32);
        Checks.apart(operation, name, m, "x", x);
        Checks.apart(operation, name, m, "y", y);
    }

    /// Of [Normalization#rmsNormBackward]; dWeight may be null.
    public static void rmsNormBackward(String operation, Matrix x, Matrix weight, Matrix rstd, Matrix dy, RowGroups groups, Matrix dx,
            Matrix dWeight) {
        Checks.type(operation, "x", x, F32);
        Checks.shape(operation, "weight", weight, 1, x.cols(), F32);
        Checks.shape(operation, "rstd", rstd, x.rows(), 1, F32);
        Checks.like(operation, "dy", dy, "x", x);
        Checks.like(operation, "dx", dx, "x", x);
        Checks.groups(operation, groups, x.rows());
        Checks.sameOrApart(operation, "dx", dx, "dy", dy);
        Checks.sameOrApart(operation, "dx", dx, "x", x);
        Checks.apart(operation, "dx", dx, "weight", weight);
        Checks.apart(operation, "dx", dx, "rstd", rstd);
        if (dWeight != null) ofColumns(operation, "dWeight", dWeight, x, weight, rstd, dy, dx);
    }

    /// Of [Normalization#layerNormBackward]; dWeight and dBias may be null.
    public static void layerNormBackward(String operation, Matrix x, Matrix weight, Matrix mean, Matrix rstd, Matrix dy, RowGroups groups, Matrix dx,
            Matrix dWeight, Matrix dBias) {
        rmsNormBackward(operation, x, weight, rstd, dy, groups, dx, dWeight);
        Checks.shape(operation, "mean", mean, x.rows(), 1, F32);
        Checks.apart(operation, "dx", dx, "mean", mean);
        if (dWeight != null) Checks.apart(operation, "dWeight", dWeight, "mean", mean);
        if (dBias == null) return;
        ofColumns(operation, "dBias", dBias, x, weight, rstd, dy, dx);
        Checks.apart(operation, "dBias", dBias, "mean", mean);
        if (dWeight != null) Checks.apart(operation, "dBias", dBias, "dWeight", dWeight);
    }

    /// A parameter's gradient, apart from what is read and written beside it.
    private static void ofColumns(String operation, String name, Matrix m, Matrix x, Matrix weight, Matrix rstd, Matrix dy, Matrix dx) {
        Checks.shape(operation, name, m, 1, x.cols(), F32);
        Checks.apart(operation, name, m, "x", x);
        Checks.apart(operation, name, m, "weight", weight);
        Checks.apart(operation, name, m, "rstd", rstd);
        Checks.apart(operation, name, m, "dy", dy);
        Checks.apart(operation, name, m, "dx", dx);
    }

    /// Of [Embedding]: the indices, each checked against the table by the caller, who can see them.
    public static void gather(String operation, Buffer ids, Matrix table, Matrix y) {
        Checks.type(operation, "table", table, F32, BF16);
        Checks.type(operation, "y", y, F32);
        Checks.shape(operation, "y", y, y.rows(), table.cols(), F32);
        Checks.apart(operation, "y", y, "table", table);
        Checks.buffer(operation, "ids", ids, y.rows(), I32);
    }

    /// Of [Embedding#scatterAdd], but for the values of the indices.
    public static void scatterAdd(String operation, Buffer ids, Matrix dy, RowGroups groups, Matrix dTable) {
        Checks.type(operation, "dy", dy, F32);
        Checks.type(operation, "dTable", dTable, F32);
        Checks.shape(operation, "dTable", dTable, dTable.rows(), dy.cols(), F32);
        Checks.apart(operation, "dTable", dTable, "dy", dy);
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
        Checks.apart(operation, "sin", sin, "cos", cos);
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
        Checks.apart(operation, "y", y, "cos", cos);
        Checks.apart(operation, "y", y, "sin", sin);
    }

    private static void head(String operation, int headDim) {
        Checks.that(headDim > 0 && headDim % 2 == 0, operation, "headDim is " + headDim + "; wanted an even number > 0 (pairs are rotated)");
    }

    /// Of [Optimizer]: the parameter, its gradient and its moments.
    public static void update(String operation, Matrix grad, Matrix param, Matrix... moments) {
        Checks.type(operation, "param", param, F32);
        Checks.like(operation, "grad", grad, "param", param);
        Checks.apart(operation, "param", param, "grad", grad);
        for (int i = 0; i < moments.length; i++) {
            Checks.like(operation, "moment", moments[i], "param", param);
            Checks.apart(operation, "moment", moments[i], "param", param);
            Checks.apart(operation, "moment", moments[i], "grad", grad);
            for (int j = 0; j < i; j++) Checks.apart(operation, "moment", moments[i], "moment", moments[j]);
        }
    }

    /// Of [Optimizer#adamW]; the bf16 image may be null.
    public static void adamW(String operation, Matrix grad, Matrix param, Matrix m, Matrix v, Matrix bf16) {
        update(operation, grad, param, m, v);
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

    /// Of a row of [Sampling]'s logits, by a device that has found the largest.
    ///
    /// @param largest of the row; NaN if there is one in it
    public static void largestLogit(String operation, Sampling.Rule rule, int row, float largest) {
        if (rule.possible(largest)) return;
        throw new IllegalArgumentException(operation + ": the largest logit of row " + row + " is " + largest
                + (rule.greedy() ? "" : ", at temperature " + rule.temperature())
                + "; wanted a finite number" + (rule.greedy() ? "" : ", and finite divided by the temperature")
                        + " (NaN or infinity in the model, or every token masked)");
    }

    /// Of [Sampling#probabilities].
    public static void probabilities(String operation, Sampling.Rule rule, Matrix logits, Matrix y) {
        Checks.present(operation, "rule", rule);
        Checks.type(operation, "logits", logits, F32);
        Checks.like(operation, "y", y, "logits", logits);
        Checks.sameOrApart(operation, "y", y, "logits", logits);
    }
}
