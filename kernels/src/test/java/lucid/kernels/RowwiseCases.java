package lucid.kernels;

import static lucid.kernels.FamilyCases.OVER_ROWS;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.Optimizer.AdamW;
import lucid.kernels.contract.Optimizer.Sgd;
import lucid.kernels.contract.Sampling.Rule;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// The element-wise and row-wise families.
final class RowwiseCases extends MadeUpRows {
    RowwiseCases(Device device, int[] ids, int cols) { super(device, ids, cols); }

    @Override Map<String, Runnable> families() {
        Map<String, Runnable> all = new LinkedHashMap<>();
        all.put("elementwise", this::elementwise);
        all.put("reduce", this::reduce);
        all.put("normalization", this::normalization);
        all.put("rotary", this::rotary);
        all.put("embedding", this::embedding);
        all.put("conversion", this::conversion);
        all.put("optimizer", this::optimizer);
        all.put("sampling", this::sampling);
        return all;
    }

    private void elementwise() {
        var e = device.elementwise();
        for (Unary op : Unary.values()) {
            Matrix x = input(op.name());
            if (op == Unary.SQRT || op == Unary.RSQRT || op == Unary.LOG) {
                e.unary(Unary.ABS, x, x);
                e.binary(Binary.ADD, x, shared("half", 1, 1), x);
                e.unary(Unary.ABS, x, x);
            }
            Matrix y = matrix(rows, cols);
            e.unary(op, x, y);
            keep(op.name(), y);
            Matrix dx = input("before");
            e.unaryBackward(op, x, input("dy"), Accumulate.ADD, dx);
            e.unaryBackward(op, x, input("dy"), Accumulate.SET, y);
            keep(op + " backward", y);
            keep(op + " backward, added", dx);
        }
        for (Binary op : Binary.values()) {
            Matrix y = matrix(rows, cols);
            e.binary(op, input("a"), input("b"), y);
            keep(op.name(), y);
            e.binary(op, input("a"), shared("one row", 1, cols), y);
            keep(op + " one row", y);
            e.binary(op, input("a"), input("one column", 1), y);
            keep(op + " one column", y);
            e.binary(op, input("a"), shared("one", 1, 1), y);
            keep(op + " one number", y);
        }
        Matrix y = matrix(rows, cols);
        e.fill(y, 2.5f);
        e.addScaled(0.3f, input("a"), y);
        keep("addScaled", y);
        e.scale(-0.7f, input("a"), y);
        keep("scale", y);
        e.copy(input("a"), y);
        keep("copy", y);
        e.swiGlu(input("gate"), input("up"), y);
        keep("swiGlu", y);
        Matrix dUp = matrix(rows, cols);
        e.swiGluBackward(input("gate"), input("up"), input("dy"), Accumulate.SET, y, dUp);
        keep("swiGlu dGate", y);
        keep("swiGlu dUp", dUp);
        e.swiGluBackward(input("gate"), input("up"), input("dy"), Accumulate.ADD, y, dUp);
        keep("swiGlu dGate, added", y);
    }

    /// Its four halves, which floats hold exactly.
    private float[] fingerprint(Matrix x) {
        Buffer sums = allocate(DType.I32, 2);
        int[] found = new int[2];
        device.write(sums, 0, found);
        device.reduce().addFingerprint(x, Matrix.row(sums));
        device.read(sums, 0, found);
        return new float[] {found[0] >>> 16, found[0] & 0xffff, found[1] >>> 16, found[1] & 0xffff};
    }

    private void reduce() {
        var f = device.reduce();
        Matrix column = matrix(rows, 1);
        f.rowSum(input("x"), column);
        keep("rowSum", column);
        f.rowMax(input("x"), column);
        keep("rowMax", column);
        f.rowDot(input("x"), input("y"), column);
        keep("rowDot", column);
        Matrix sums = shared("sums", 1, cols);
        f.columnSums(input("x"), groups(), sums);
        keep(OVER_ROWS + "columnSums", sums);
        Matrix one = shared("one", 1, 1);
        f.addSumOfSquares(input("x"), one);
        keep(OVER_ROWS + "addSumOfSquares", one);
        keep(OVER_ROWS + "addFingerprint", fingerprint(input("x")));
        Matrix y = matrix(rows, cols);
        f.softmax(input("x"), y);
        keep("softmax", y);
        Matrix dx = input("before");
        f.softmaxBackward(y, input("dy"), Accumulate.ADD, dx);
        keep("softmax backward", dx);
    }

    private void normalization() {
        var f = device.normalization();
        Matrix weight = shared("weight", 1, cols);
        Matrix bias = shared("bias", 1, cols);
        Matrix y = matrix(rows, cols);
        Matrix mean = matrix(rows, 1);
        Matrix rstd = matrix(rows, 1);
        Matrix dWeight = shared("dWeight", 1, cols);
        Matrix dBias = shared("dBias", 1, cols);
        f.rmsNorm(input("x"), weight, 1e-2f, y, rstd);
        keep("rmsNorm", y);
        keep("rmsNorm rstd", rstd);
        f.rmsNormBackward(input("x"), weight, rstd, input("dy"), groups(), Accumulate.SET, y, dWeight);
        keep("rmsNorm backward", y);
        keep(OVER_ROWS + "rmsNorm dWeight", dWeight);
        f.layerNorm(input("x"), weight, bias, 1e-2f, y, mean, rstd);
        keep("layerNorm", y);
        keep("layerNorm mean", mean);
        keep("layerNorm rstd", rstd);
        f.layerNormBackward(input("x"), weight, mean, rstd, input("dy"), groups(), Accumulate.ADD, y, dWeight, dBias);
        keep("layerNorm backward", y);
        keep(OVER_ROWS + "layerNorm dWeight", dWeight);
        keep(OVER_ROWS + "layerNorm dBias", dBias);
    }

    private void rotary() {
        var f = device.rotary();
        int headDim = 2 * cols;
        int positions = Arrays.stream(ids).max().orElse(0) + 2;
        Matrix cos = matrix(positions, cols);
        Matrix sin = matrix(positions, cols);
        f.table(10_000, headDim, cos, sin);
        keep(OVER_ROWS + "cos", cos);
        keep(OVER_ROWS + "sin", sin);
        Matrix x = input("x", 2 * headDim);
        f.rotate(x, headDim, ints(ids), cos, sin, false, x);
        keep("rotary", x);
        f.rotate(x, headDim, ints(ids), cos, sin, true, x);
        keep("rotary back", x);
    }

    private void embedding() {
        int vocabulary = 11;
        Buffer tokens = ints(below("id", vocabulary));
        Matrix table = shared("table", vocabulary, cols);
        Matrix y = matrix(rows, cols);
        device.embedding().gather(tokens, table, y);
        keep("gather", y);
        device.embedding().gather(tokens, stored(table, DType.BF16), y);
        keep("gather bf16", y);
        device.embedding().scatterAdd(tokens, input("dy"), groups(), table);
        keep(OVER_ROWS + "scatterAdd", table);
    }

    private void conversion() {
        for (DType type : new DType[] {DType.BF16, DType.F16}) {
            Matrix y = matrix(rows, cols);
            device.conversion().convert(stored(input("x"), type), y);
            keep("through " + type, y);
        }
    }

    private void optimizer() {
        Matrix param = input("param");
        Matrix m = input("m");
        Matrix v = input("v");
        device.elementwise().unary(Unary.SQUARE, v, v);
        Matrix half = Matrix.of(allocate(DType.BF16, (long) rows * cols), rows, cols);
        device.optimizer().adamW(new AdamW(1e-2f, 0.9f, 0.99f, 1e-8f, 0.1f, 3), 0.5f, input("dy"), param, m, v, half);
        keep("adamW", param);
        keep("adamW m", m);
        keep("adamW v", v);
        device.conversion().convert(half, m);
        keep("adamW bf16", m);
        device.optimizer().sgd(new Sgd(1e-2f, 0.9f, 0.1f, 0.1f, true, 2), 0.5f, input("dy"), param, v);
        keep("sgd", param);
        keep("sgd momentum", v);
    }

    private void sampling() {
        Matrix y = matrix(rows, cols);
        for (Rule rule : new Rule[] {Rule.temperature(0.7f), new Rule(false, 1, 5, 1, 0), new Rule(false, 1, 0, 0.8f, 0),
                new Rule(false, 1, 0, 1, 0.1f),
            new Rule(false, 1.5f, 20, 0.9f, 0.05f), Rule.GREEDY}) {
            device.sampling().probabilities(rule, input("logits"), y);
            keep("probabilities " + rule, y);
            int[] counters = new int[4 * rows];
            for (int r = 0; r < rows; r++) counters[4 * r] = ids[r];
            Buffer tokens = allocate(DType.I32, rows);
            device.sampling().sample(rule, input("logits"), 42, ints(counters), tokens);
            int[] chosen = new int[rows];
            device.read(tokens, 0, chosen);
            float[] asFloats = new float[rows];
            for (int r = 0; r < rows; r++) asFloats[r] = chosen[r];
            keep("sample " + rule, asFloats);
        }
        device.sampling().normal(99, 1, 2, y);
        keep(OVER_ROWS + "normal", y);
    }
}
