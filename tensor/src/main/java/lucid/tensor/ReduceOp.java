package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.Elementwise.Binary;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.Reduce;
import lucid.kernels.contract.RowGroups;

/// Sums, maxima and softmax. See [Reduce] for the order of every sum.
public sealed interface ReduceOp extends Op {
    private static Reduce kernels(Tensor x) { return x.device().reduce(); }

    /// dx = dy in every place that was summed: one broadcast addition.
    private static void spread(Tensor x, Matrix dy, Gradients g) {
        if (!g.wants(x)) return;
        Matrix dx = g.adding(x);
        x.device().elementwise().binary(Binary.ADD, dx, dy, dx);
    }

    /// Everything added: rows first, then the row sums.
    record Sum(Tensor x) implements ReduceOp {
        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return new Shape(); }

        @Override public void forward(Tensor y) {
            int rows = x.shape().rows();
            if (rows == 1) {
                kernels(x).rowSum(x.matrix(), y.matrix());
                return;
            }
            Matrix sums = Matrix.of(x.device().allocate(x.dtype(), rows), rows, 1);
            kernels(x).rowSum(x.matrix(), sums);
            kernels(x).rowSum(Matrix.of(sums.buffer(), 1, rows), y.matrix());
            sums.buffer().close();
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { spread(x, dy, g); }
    }

    /// Sum of every row, [..., 1].
    record RowSum(Tensor x) implements ReduceOp {
        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape().withCols(1); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) { kernels(x).rowSum(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { spread(x, dy, g); }
    }

    /// Largest of every row, [..., 1]: a constant, as the shift inside a softmax is.
    record RowMax(Tensor x) implements ReduceOp {
        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape().withCols(1); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public boolean differentiable() { return false; }

        @Override public void forward(Tensor y) { kernels(x).rowMax(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { throw new IllegalStateException("rowMax has no gradient"); }
    }

    /// `Σ x · w`.
    record WeightedSum(Tensor x, Tensor w) implements ReduceOp {
        public WeightedSum { if (x.shape().size() != w.shape().size()) throw ShapeException.of("weightedSum", x, w, "as many weights as elements"); }

        @Override public List<Tensor> inputs() { return List.of(x, w); }

        @Override public Shape shape() { return new Shape(); }

        @Override public void forward(Tensor y) {
            int rows = x.shape().rows();
            Matrix sums = Matrix.of(x.device().allocate(x.dtype(), rows), rows, 1);
            kernels(x).rowDot(x.matrix(), w.matrix(rows, x.shape().cols()), sums);
            kernels(x).rowSum(Matrix.of(sums.buffer(), 1, rows), y.matrix());
            sums.buffer().close();
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            scaled(x, w, dy, g);
            scaled(w, x, dy, g);
        }

        private static void scaled(Tensor to, Tensor other, Matrix dy, Gradients g) {
            if (!g.wants(to)) return;
            Gradients.Target t = g.overwriting(to);
            to.device().elementwise().binary(Binary.MUL, other.matrix(to.shape().rows(), to.shape().cols()), dy, t.matrix());
            g.finish(to, t);
        }
    }

    /// Softmax of every row.
    record Softmax(Tensor x) implements ReduceOp {
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
