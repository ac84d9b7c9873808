package lucid.tensor;

import java.util.List;
import java.util.function.Consumer;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Sums, maxima and softmax. See [Reduce] for the order of every sum.
public sealed interface ReduceOp extends Op {
    private static Reduce kernels(Tensor x) { return x.device().reduce(); }

    private static void checkType(String operation, Tensor x) {
        if (x.dtype() != DType.F32) throw ShapeException.of(operation, x, "f32; convert it with to(DType.F32)");
    }

    /// y = the sum of the row sums, which `rowSums` writes to a column.
    private static void total(Tensor x, Consumer<Matrix> rowSums, Tensor y) {
        int rows = x.shape().rows();
        try (Buffer sums = x.device().allocate(DType.F32, rows)) {
            rowSums.accept(Matrix.of(sums, rows, 1));
            kernels(x).rowSum(Matrix.of(sums, 1, rows), y.matrix());
        }
    }

    /// dx = dy in every place that was summed: one broadcast addition.
    private static void spread(Tensor x, Matrix dy, Gradients g) {
        if (!g.wants(x)) return;
        Matrix dx = g.adding(x);
        x.device().elementwise().binary(Binary.ADD, dx, dy, dx);
    }

    /// Everything added: rows first, then the row sums.
    record Sum(Tensor x) implements ReduceOp {
        public Sum { checkType("sum", x); }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return new Shape(); }

        @Override public void forward(Tensor y) {
            if (x.shape().rows() == 1) kernels(x).rowSum(x.matrix(), y.matrix());
            else total(x, sums -> kernels(x).rowSum(x.matrix(), sums), y);
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { spread(x, dy, g); }
    }

    /// Sum of every row, [..., 1].
    record RowSum(Tensor x) implements ReduceOp {
        public RowSum { checkType("rowSum", x); }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape().withCols(1); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) { kernels(x).rowSum(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { spread(x, dy, g); }
    }

    /// Largest of every row, [..., 1]: a constant, as the shift inside a softmax is.
    record RowMax(Tensor x) implements ReduceOp {
        public RowMax { checkType("rowMax", x); }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape().withCols(1); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public boolean differentiable() { return false; }

        @Override public void forward(Tensor y) { kernels(x).rowMax(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { throw new IllegalStateException("rowMax has no gradient"); }
    }

    /// `Σ x · w`, w seen in x's shape.
    record WeightedSum(Tensor x, Tensor w) implements ReduceOp {
        public WeightedSum {
            checkType("weightedSum", x);
            checkType("weightedSum", w);
            if (x.shape().size() != w.shape().size()) throw ShapeException.of("weightedSum", x, w, "as many weights as elements");
            if (w.shape().cols() != x.shape().cols() && !w.matrix().isDense()) {
                throw ShapeException.of("weightedSum", x, w, "weights of this shape, or a copy() of them: their rows are not adjacent");
            }
        }

        @Override public List<Tensor> inputs() { return List.of(x, w); }

        @Override public Shape shape() { return new Shape(); }

        @Override public void forward(Tensor y) { total(x, sums -> kernels(x).rowDot(x.matrix(), weights(), sums), y); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            scaled(x, weights(), dy, g);
            scaled(w, x.matrix(), dy, g);
        }

        private Matrix weights() { return w.matrix(x.shape().rows(), x.shape().cols()); }

        /// Gradients are dense, so that of w can be seen in the shape of x, whose rows need not be adjacent.
        private static void scaled(Tensor to, Matrix other, Matrix dy, Gradients g) {
            if (!g.wants(to)) return;
            Gradients.Target t = g.overwriting(to);
            to.device().elementwise().binary(Binary.MUL, other, dy, Matrix.of(t.matrix().buffer(), other.rows(), other.cols()));
            g.finish(to, t);
        }
    }

    /// Softmax of every row.
    record Softmax(Tensor x) implements ReduceOp {
        public Softmax { checkType("softmax", x); }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape(); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) { kernels(x).softmax(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            if (!g.wants(x)) return;
            Gradients.Target t = g.into(x);
            kernels(x).softmaxBackward(y.matrix(), dy, t.mode(), t.matrix());
        }
    }
}
