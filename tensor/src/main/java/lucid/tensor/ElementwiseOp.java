package lucid.tensor;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Maps over elements; the result has the shape of the first input. See [Elementwise].
public sealed interface ElementwiseOp extends Op {
    Tensor first();

    @Override default Shape shape() { return first().shape(); }

    @Override default RowGroups groups() { return first().groups; }

    private static Elementwise kernels(Tensor x) { return x.device().elementwise(); }

    private static boolean same(Tensor a, Tensor b) { return a.shape().rows() == b.shape().rows() && a.shape().cols() == b.shape().cols(); }

    /// `a op b`, b with the rows and columns of a, or one row, or one column.
    record BinaryMap(Binary op, Tensor a, Tensor b) implements ElementwiseOp {
        public BinaryMap {
            Shape s = a.shape();
            Shape t = b.shape();
            if ((t.rows() != s.rows() && t.rows() != 1) || (t.cols() != s.cols() && t.cols() != 1)) throw ShapeException.of(nameOf(op), a, b,
                    "a second operand of " + orOne(s.rows()) + " rows and " + orOne(s.cols()) + " columns (only the second is spread)");
        }

        private static String orOne(int size) { return size == 1 ? "1" : size + " or 1"; }

        private static String nameOf(Binary op) { return op.name().toLowerCase(Locale.ROOT); }

        @Override public Tensor first() { return a; }

        @Override public List<Tensor> inputs() { return List.of(a, b); }

        @Override public String name() { return nameOf(op); }

        @Override public RowGroups groups() { return a.groups == null && same(a, b) ? b.groups : a.groups; }

        @Override public void forward(Tensor y) { kernels(a).binary(op, a.matrix(), b.matrix(), y.matrix()); }

        /// `+: dy, dy`; `-: dy, -dy`; `·: dy b, dy a`; `/: dy / b, -dy y / b`; summed over what was broadcast.
        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (g.wants(b)) {
                switch (op) {
                    case ADD -> reduce(dy, g);
                    case SUB -> mapped(g, t -> kernels(a).scale(-1f, dy, t));
                    case MUL -> mapped(g, t -> kernels(a).binary(Binary.MUL, dy, a.matrix(), t));
                    case DIV -> mapped(g, t -> {
                        kernels(a).binary(Binary.MUL, dy, y.matrix(), t);
                        kernels(a).binary(Binary.DIV, t, b.matrix(), t);
                        kernels(a).scale(-1f, t, t);
                    });
                }
            }
            if (!g.wants(a)) return;
            switch (op) {
                case ADD, SUB -> g.pass(a, dy);
                case MUL, DIV -> {
                    Gradients.Target t = g.overwriting(a);
                    kernels(a).binary(op, dy, b.matrix(), t.matrix());
                    g.finish(a, t);
                }
            }
        }

        private void mapped(Gradients g, Consumer<Matrix> map) {
            if (same(a, b)) {
                Gradients.Target t = g.overwriting(b);
                map.accept(t.matrix());
                g.finish(b, t);
                return;
            }
            Matrix t = g.temporary(a.shape().rows(), a.shape().cols());
            map.accept(t);
            reduce(t, g);
            g.free(t);
        }

        /// Adds a gradient of the result's shape to that of b: over columns in one row sum, over rows group by group.
        private void reduce(Matrix db, Gradients g) {
            if (same(a, b)) {
                g.add(b, db);
            } else if (b.shape().cols() == a.shape().cols()) {
                a.device().reduce().columnSums(db, groupsOfResult(), g.adding(b));
            } else {
                Matrix sums = g.temporary(a.shape().rows(), 1);
                a.device().reduce().rowSum(db, sums);
                if (b.shape().rows() == a.shape().rows()) g.add(b, sums);
                else a.device().reduce().columnSums(sums, groupsOfResult(), g.adding(b));
                g.free(sums);
            }
        }

        private RowGroups groupsOfResult() { return a.rowGroups(); }
    }

    /// `alpha x`.
    record Scale(Tensor x, float alpha) implements ElementwiseOp {
        @Override public Tensor first() { return x; }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public void forward(Tensor y) { kernels(x).scale(alpha, x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (!g.wants(x)) return;
            Gradients.Target t = g.overwriting(x);
            kernels(x).scale(alpha, dy, t.matrix());
            g.finish(x, t);
        }
    }

    /// `f(x)`.
    record UnaryMap(Elementwise.Unary f, Tensor x) implements ElementwiseOp {
        @Override public Tensor first() { return x; }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public String name() { return f.name().toLowerCase(Locale.ROOT); }

        @Override public void forward(Tensor y) { kernels(x).unary(f, x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (!g.wants(x)) return;
            Gradients.Target t = g.into(x);
            kernels(x).unaryBackward(f, x.matrix(), dy, t.mode(), t.matrix());
        }
    }

    /// `silu(gate) · up`.
    record SwiGlu(Tensor gate, Tensor up) implements ElementwiseOp {
        public SwiGlu { if (!same(gate, up)) throw ShapeException.of("swiGlu", gate, up, "the same rows and columns"); }

        @Override public Tensor first() { return gate; }

        @Override public List<Tensor> inputs() { return List.of(gate, up); }

        @Override public void forward(Tensor y) { kernels(gate).swiGlu(gate.matrix(), up.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            Gradients.Target dGate = g.overwritingOrScrap(gate);
            Gradients.Target dUp = g.overwritingOrScrap(up);
            kernels(gate).swiGluBackward(gate.matrix(), up.matrix(), dy, Accumulate.SET, dGate.matrix(), dUp.matrix());
            g.finishOrScrap(gate, dGate);
            g.finishOrScrap(up, dUp);
        }
    }
}
