package lucid.tensor;

import static lucid.tensor.Textbook.map;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.AttentionPlan;
import lucid.kernels.contract.operand.AttentionPlan.Span;
import lucid.kernels.contract.operand.RowGroups;

/// Every operation beside its formula.
final class Cases {
    private Cases() {}

    static List<Case> all() {
        List<Case> out = new ArrayList<>();
        elementwise(out);
        products(out);
        rows(out);
        shapes(out);
        losses(out);
        written(out);
        return out;
    }

    /// What the package's page writes with other operations.
    private static void written(List<Case> out) {
        out.add(new Case("1 - x", List.of(s(2, 3)), x -> map(x[0], v -> 1 - v), t -> t[0].neg().add(Tensor.full(t[0].scope(), 1f))));
        out.add(new Case("the larger", List.of(s(3, 5), s(3, 5)),
                x -> Textbook.binary((a, b) -> a + Math.max(b - a, 0), x[0], x[1], 3, 5, 3, 5), t -> t[0].add(t[1].sub(t[0]).relu())));
        out.add(new Case("the smaller", List.of(s(3, 5), s(3, 5)),
                x -> Textbook.binary((a, b) -> a - Math.max(a - b, 0), x[0], x[1], 3, 5, 3, 5), t -> t[0].sub(t[0].sub(t[1]).relu())));
        out.add(new Case("clipped", List.of(s(4, 5)), x -> map(x[0], v -> Math.clamp(v, -0.5, 0.75)), t -> {
            Tensor low = Tensor.full(t[0].scope(), -0.5f);
            return t[0].sub(low).relu().sub(t[0].sub(Tensor.full(t[0].scope(), 0.75f)).relu()).add(low);
        }));
        out.add(new Case("sums down the columns", List.of(s(3, 2)), x -> Textbook.product(new double[] {1, 1, 1}, false, x[0], false, 1, 3, 2),
                t -> Tensor.full(t[0].scope(), 1f, 1, 3).matmul(t[0])));
        out.add(new Case("the transpose", List.of(s(2, 3)), x -> Textbook.gather(x[0], 1, 0, 3, 1, 4, 2, 5),
                t -> t[0].reshape(6, 1).gatherRows(0, 3, 1, 4, 2, 5).reshape(3, 2).copy()));
        out.add(new Case("log-sum-exp", List.of(s(3, 7)), x -> new double[] {logSum(x[0], 0), logSum(x[0], 7), logSum(x[0], 14)},
                t -> t[0].sub(t[0].rowMax()).exp().rowSum().log().add(t[0].rowMax())));
    }

    private static double logSum(double[] x, int from) { return Math.log(Arrays.stream(x, from, from + 7).map(Math::exp).sum()); }

    private static int[] s(int... dims) { return dims; }

    private static void elementwise(List<Case> out) {
        for (Binary op : Binary.values()) {
            DoubleBinaryOperator f = switch (op) {
                case ADD -> (a, b) -> a + b;
                case SUB -> (a, b) -> a - b;
                case MUL -> (a, b) -> a * b;
                case DIV -> (a, b) -> a / b;
            };
            for (int[] b : List.of(s(3, 5), s(1, 5), s(3, 1), s(1, 1), s(5))) {
                int bRows = b.length == 1 ? 1 : b[0];
                int bCols = b[b.length - 1];
                out.add(new Case(op + " " + Arrays.toString(b), 0.5, 2, List.of(s(3, 5), b), x -> Textbook.binary(f, x[0], x[1], 3, 5, bRows, bCols),
                        t -> t[0].binary(op, t[1])));
            }
        }
        for (Unary op : Unary.values()) {
            boolean positive = op == Unary.LOG || op == Unary.SQRT || op == Unary.RSQRT;
            out.add(new Case(op.name(), positive ? 0.3 : -2.5, 2.5, List.of(s(2, 3, 5)), x -> map(x[0], v -> Textbook.unary(op, v)),
                    t -> t[0].unary(op)));
        }
        out.add(new Case("scale", List.of(s(2, 7)), x -> map(x[0], v -> -1.25 * v), t -> t[0].scale(-1.25f)));
        out.add(new Case("swiGlu", List.of(s(3, 4), s(3, 4)), x -> Textbook.binary((g, u) -> g / (1 + Math.exp(-g)) * u, x[0], x[1], 3, 4, 3, 4),
                t -> t[0].swiGlu(t[1])));
        out.add(new Case("x · x", List.of(s(2, 3)), x -> map(x[0], v -> v * v), t -> t[0].mul(t[0])));
    }

    private static void products(List<Case> out) {
        out.add(new Case("linear", List.of(s(2, 2, 5), s(3, 5)), x -> Textbook.product(x[0], false, x[1], true, 4, 5, 3),
                t -> t[0].linear(t[1], null)));
        out.add(new Case("linear with bias, two groups", List.of(s(4, 5), s(3, 5), s(3)),
                x -> Textbook.binary(Double::sum, Textbook.product(x[0], false, x[1], true, 4, 5, 3), x[2], 4, 3, 1, 3),
                t -> t[0].withRowGroups(new RowGroups(0, 1, 4)).linear(t[1], t[2])));
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                out.add(new Case("matmul " + ta + " " + tb, List.of(ta ? s(5, 4) : s(4, 5), tb ? s(3, 5) : s(5, 3)),
                        x -> Textbook.product(x[0], ta, x[1], tb, 4, 5, 3),
                        t -> t[0].matmul(t[1], ta, tb)));
            }
        }
        out.add(new Case("matmul of a tensor with itself", List.of(s(3, 3)), x -> Textbook.product(x[0], true, x[0], false, 3, 3, 3),
                t -> t[0].matmul(t[0], true, false)));
        out.add(new Case("patchEmbedding", List.of(s(2, 3, 5, 4), s(6, 3, 2, 2), s(6), s(4, 6)),
                x -> Textbook.patchEmbedding(x[0], 2, 5, 4, 2, x[1], x[2], x[3]),
                        t -> t[0].patchEmbedding(t[1], t[2], t[3], 2, new RowGroups(0, 4, 8))));
    }

    private static void rows(List<Case> out) {
        out.add(new Case("rmsNorm", List.of(s(3, 6), s(6)), x -> Textbook.rmsNorm(x[0], x[1], 1e-3), t -> t[0].rmsNorm(t[1], 1e-3f)));
        out.add(new Case("layerNorm", List.of(s(3, 6), s(6), s(6)), x -> Textbook.layerNorm(x[0], x[1], x[2], 1e-3),
                t -> t[0].layerNorm(t[1], t[2], 1e-3f)));
        out.add(new Case("rmsNorm of one row", List.of(s(1, 6), s(6)), x -> Textbook.rmsNorm(x[0], x[1], 1e-3), t -> t[0].rmsNorm(t[1], 1e-3f)));
        out.add(new Case("layerNorm of one row", List.of(s(1, 6), s(6), s(6)), x -> Textbook.layerNorm(x[0], x[1], x[2], 1e-3),
                t -> t[0].layerNorm(t[1], t[2], 1e-3f)));
        out.add(new Case("softmax", List.of(s(3, 6)), x -> Textbook.softmax(x[0], 6), t -> t[0].softmax()));
        out.add(new Case("sum", List.of(s(3, 6)), x -> new double[] {Arrays.stream(x[0]).sum()}, t -> t[0].sum()));
        out.add(new Case("sum of a vector", List.of(s(6)), x -> new double[] {Arrays.stream(x[0]).sum()}, t -> t[0].sum()));
        out.add(new Case("mean", List.of(s(2, 6)), x -> new double[] {Arrays.stream(x[0]).average().orElseThrow()}, t -> t[0].mean()));
        out.add(new Case("rowSum", List.of(s(2, 6)), x -> Textbook.product(x[0], false, new double[] {1, 1, 1, 1, 1, 1}, false, 2, 6, 1),
                t -> t[0].rowSum()));
        out.add(new Case("weightedSum", List.of(s(2, 6), s(12)), x -> Textbook.product(x[0], false, x[1], false, 1, 12, 1),
                t -> t[0].weightedSum(t[1])));
        out.add(new Case("weightedSum of columns, weights of another shape", List.of(s(2, 6), s(8)),
                x -> Textbook.product(Textbook.cols(x[0], 6, 1, 5), false, x[1], false, 1, 8, 1),
                t -> t[0].cols(1, 5).weightedSum(t[1])));
        int[] positions = {0, 7, 2};
        out.add(new Case("rotate", List.of(s(3, 8)), x -> Textbook.rotate(x[0], 8, 4, positions, 100), t -> {
            RotaryTable table = RotaryTable.of(t[0].scope(), 100, 4, 9);
            return t[0].rotate(Tensor.ints(t[0].scope(), positions, 3), table.cos(), table.sin(), 4);
        }));
        attention(out, "attention, causal, grouped queries", new AttentionPlan(4, 2, 3, List.of(Span.causal(0, 3), Span.causal(3, 2))), 5, 5);
        attention(out, "attention, shared prefix", new AttentionPlan(2, 1, 4,
                List.of(Span.causal(0, 2), Span.continuing(2, 2, 0, 2), Span.continuing(4, 1, 0, 2))), 5, 5);
        attention(out, "attention, cross, an unseen key", new AttentionPlan(2, 2, 3, List.of(Span.cross(0, 2, 1, 4), Span.cross(2, 1, 0, 1))), 3, 6);
        attention(out, "attention, an empty span names no row, wherever it stands",
                new AttentionPlan(2, 1, 3, List.of(Span.causal(0, 3), Span.cross(9, 0, 7, 0))), 3, 3);
    }

    private static void attention(List<Case> out, String name, AttentionPlan plan, int queries, int keys) {
        int[] kv = s(keys, plan.kvHeads() * plan.headDim());
        out.add(new Case(name, List.of(s(queries, plan.heads() * plan.headDim()), kv, kv), x -> Textbook.attention(plan, 0.5, x[0], x[1], x[2]),
                t -> t[0].attention(t[1], t[2], plan, 0.5f)));
    }

    private static void shapes(List<Case> out) {
        out.add(new Case("reshape", List.of(s(2, 6)), x -> x[0], t -> t[0].reshape(3, 4).copy()));
        out.add(new Case("reshape of columns", List.of(s(2, 6)), x -> Textbook.cols(x[0], 6, 1, 5), t -> t[0].cols(1, 5).reshape(4, 2)));
        out.add(new Case("rows", List.of(s(2, 2, 3)), x -> Arrays.copyOfRange(x[0], 3, 9), t -> t[0].rows(1, 3).copy()));
        out.add(new Case("cols", List.of(s(2, 2, 5)), x -> Textbook.cols(x[0], 5, 1, 4), t -> t[0].cols(1, 4).copy()));
        out.add(new Case("copy", List.of(s(2, 3)), x -> x[0], t -> t[0].copy()));
        out.add(new Case("gatherRows", List.of(s(4, 3)), x -> Textbook.gather(x[0], 3, 2, 0, 2, 3, 2), t -> t[0].gatherRows(2, 0, 2, 3, 2)));
        out.add(new Case("concatRows", List.of(s(2, 3), s(1, 3)), x -> Textbook.gather(append(x[0], x[1]), 3, 0, 1, 2),
                t -> Tensor.concatRows(List.of(t[0], t[1]))));
        out.add(new Case("concatCols", List.of(s(2, 3), s(2, 4)), x -> Textbook.concatCols(x[0], 3, x[1], 4),
                t -> Tensor.concatCols(List.of(t[0], t[1]))));
    }

    private static double[] append(double[] a, double[] b) {
        double[] y = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, y, a.length, b.length);
        return y;
    }

    private static void losses(List<Case> out) {
        int[] targets = {6, 0, 3};
        out.add(new Case("logProb", List.of(s(3, 5), s(7, 5)),
                x -> Textbook.logProb(Textbook.product(x[0], false, x[1], true, 3, 5, 7), 7, targets, 0.8),
                t -> Tensor.logProb(t[0], t[1], Tensor.ints(t[0].scope(), targets, 3), 0.8f).logProb()));
        out.add(new Case("logProb of as many rows as entries", List.of(s(3, 5), s(3, 5)),
                x -> Textbook.logProb(Textbook.product(x[0], false, x[1], true, 3, 5, 3), 3, new int[] {2, 0, 1}, 0.8),
                t -> Tensor.logProb(t[0], t[1], Tensor.ints(t[0].scope(), new int[] {2, 0, 1}, 3), 0.8f).logProb()));
        int[] some = {6, -100, 3};
        out.add(new Case("crossEntropy", List.of(s(3, 7)), x -> map(Textbook.logProb(x[0], 7, some, 1), v -> -v),
                t -> Tensor.crossEntropy(t[0], Tensor.ints(t[0].scope(), some, 3))));
    }
}
