package lucid.tensor;

import java.util.Arrays;
import java.util.Objects;

/// Sizes of a tensor's dimensions, outermost first. Kernels see every tensor as a matrix: the last dimension is the columns, all
/// dimensions before it, flattened, are the rows. A vector is one row; a scalar (no dimensions) is 1 x 1.
public record Shape(int... dims) {
    public Shape {
        Objects.requireNonNull(dims, "dims");
        dims = dims.clone();
        long size = 1;
        for (int d : dims) {
            if (d < 0) throw new ShapeException("shape " + Arrays.toString(dims) + ": dimensions must not be negative");
            size *= d;
            if (size > Integer.MAX_VALUE) throw new ShapeException("shape " + Arrays.toString(dims) + " has more than 2^31 - 1 elements; split it");
        }
    }

    /// A copy of the sizes.
    @Override public int[] dims() { return dims.clone(); }

    /// Number of dimensions; 0 for a scalar.
    public int rank() { return dims.length; }

    /// Size of dimension i; negative i counts from the end.
    public int dim(int i) {
        int at = i < 0 ? i + dims.length : i;
        if (at < 0 || at >= dims.length) throw new ShapeException("dimension " + i + " of " + this + ": there are only " + dims.length);
        return dims[at];
    }

    /// Number of elements.
    public int size() { return rows() * cols(); }

    /// Product of all dimensions but the last.
    public int rows() {
        int rows = 1;
        for (int i = 0; i < dims.length - 1; i++) rows *= dims[i];
        return rows;
    }

    /// The last dimension.
    public int cols() { return dims.length == 0 ? 1 : dims[dims.length - 1]; }

    /// The same leading dimensions with another last one.
    public Shape withCols(int cols) {
        if (dims.length == 0) return new Shape(cols);
        int[] d = dims.clone();
        d[d.length - 1] = cols;
        return new Shape(d);
    }

    @Override public boolean equals(Object other) { return other instanceof Shape s && Arrays.equals(dims, s.dims); }

    @Override public int hashCode() { return Arrays.hashCode(dims); }

    @Override public String toString() { return Arrays.toString(dims); }
}
