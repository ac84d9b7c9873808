package lucid.tensor;

import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;

/// Between tensors and Java arrays.
final class HostCopies {
    private HostCopies() {}

    /// A new tensor from a whole array of the type's Java form.
    static Tensor write(Scope scope, DType dtype, Object array, int length, int... dims) {
        Shape shape = new Shape(dims);
        if (length != shape.size())
            throw new ShapeException("tensor of shape " + shape + " from an array of " + length + "; wanted " + shape.size() + " numbers");
        Tensor t = Tensor.undefined(scope, dtype, shape);
        if (length > 0) scope.device().write(t.buffer(), 0, array);
        return t;
    }

    static float[] floats(Tensor t) {
        float[] out = new float[t.shape().size()];
        Matrix m = t.matrix();
        if (m.dtype() == DType.F32) {
            read(t, m, out, new float[m.isDense() ? 0 : m.cols()]);
            return out;
        }
        Matrix wide = Matrix.of(t.device().allocate(DType.F32, out.length), m.rows(), m.cols());
        try {
            t.device().conversion().convert(m, wide);
            read(t, wide, out, null);
        } finally {
            wide.buffer().close();
        }
        return out;
    }

    static int[] ints(Tensor t) {
        int[] out = new int[t.shape().size()];
        Matrix m = t.matrix();
        read(t, m, out, new int[m.isDense() ? 0 : m.cols()]);
        return out;
    }

    /// Row by row if the rows are not adjacent.
    private static void read(Tensor t, Matrix m, Object out, Object row) {
        if (m.size() == 0) return;
        if (m.isDense()) {
            t.device().read(m.buffer(), m.offset(), out);
            return;
        }
        for (int r = 0; r < m.rows(); r++) {
            t.device().read(m.buffer(), m.offset() + r * m.stride(), row);
            System.arraycopy(row, 0, out, r * m.cols(), m.cols());
        }
    }
}
