package lucid.tensor;

import java.util.List;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Views, copies and concatenation: nothing is computed.
public sealed interface ShapeOp extends Op {
    /// The same elements in another shape (a view).
    record Reshape(Tensor x, Shape shape) implements ShapeOp {
        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Matrix view() { return x.matrix(shape.rows(), shape.cols()); }

        @Override public void forward(Tensor y) {}

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { g.pass(x, dy); }
    }

    /// A range of rows (a view).
    record Rows(Tensor x, int from, int to) implements ShapeOp {
        public Rows {
            if (from < 0 || from > to || to > x.shape().rows())
                throw ShapeException.of("rows " + from + " .. " + to, x, "a range inside its " + x.shape().rows() + " rows");
        }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return new Shape(to - from, x.shape().cols()); }

        @Override public Matrix view() { return x.matrix().rows(from, to); }

        @Override public void forward(Tensor y) {}

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { addTo(g.adding(x).rows(from, to), dy, x); }
    }

    /// A range of columns (a view).
    record Cols(Tensor x, int from, int to) implements ShapeOp {
        public Cols {
            if (from < 0 || from > to || to > x.shape().cols())
                throw ShapeException.of("cols " + from + " .. " + to, x, "a range inside its " + x.shape().cols() + " columns");
        }

        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape().withCols(to - from); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public Matrix view() { return x.matrix().cols(from, to); }

        @Override public void forward(Tensor y) {}

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { addTo(g.adding(x).cols(from, to), dy, x); }
    }

    private static void addTo(Matrix dx, Matrix dy, Tensor x) { x.device().elementwise().addScaled(1f, dy, dx); }

    /// A dense copy.
    record Copy(Tensor x) implements ShapeOp {
        @Override public List<Tensor> inputs() { return List.of(x); }

        @Override public Shape shape() { return x.shape(); }

        @Override public DType dtype() { return x.dtype(); }

        @Override public RowGroups groups() { return x.groups; }

        @Override public void forward(Tensor y) { x.device().elementwise().copy(x.matrix(), y.matrix()); }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) { if (g.wants(x)) g.pass(x, dy); }
    }

    /// Rows below each other, or columns beside each other.
    record Concat(List<Tensor> parts, boolean byRows) implements ShapeOp {
        public Concat {
            if (parts.isEmpty()) throw new ShapeException("concat of nothing; wanted at least one tensor");
            Tensor head = parts.getFirst();
            for (Tensor p : parts) {
                boolean fits = byRows ? p.shape().cols() == head.shape().cols() : p.shape().rows() == head.shape().rows();
                if (!fits || p.dtype() != head.dtype()) {
                    throw ShapeException.of(byRows ? "concatRows" : "concatCols", head, p,
                            byRows ? "the same type and columns" : "the same type and rows");
                }
            }
        }

        @Override public List<Tensor> inputs() { return parts; }

        @Override public String name() { return byRows ? "concatRows" : "concatCols"; }

        @Override public DType dtype() { return parts.getFirst().dtype(); }

        @Override public RowGroups groups() { return byRows ? null : parts.getFirst().groups; }

        @Override public Shape shape() {
            int total = 0;
            for (Tensor p : parts) total += byRows ? p.shape().rows() : p.shape().cols();
            Shape head = parts.getFirst().shape();
            return byRows ? new Shape(total, head.cols()) : head.withCols(total);
        }

        private Matrix slice(Matrix whole, Tensor part, int at) {
            return byRows ? whole.rows(at, at + part.shape().rows()) : whole.cols(at, at + part.shape().cols());
        }

        private int extent(Tensor part) { return byRows ? part.shape().rows() : part.shape().cols(); }

        @Override public void forward(Tensor y) {
            int at = 0;
            for (Tensor p : parts) {
                p.device().elementwise().copy(p.matrix(), slice(y.matrix(), p, at));
                at += extent(p);
            }
        }

        @Override public void backward(Tensor y, Matrix dy, Gradients g) {
            int at = 0;
            for (Tensor p : parts) {
                if (g.wants(p)) g.add(p, slice(dy, p, at));
                at += extent(p);
            }
        }
    }
}
