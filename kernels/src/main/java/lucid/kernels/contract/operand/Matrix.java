package lucid.kernels.contract.operand;

import java.util.Objects;

/// A row-major two-dimensional view of a buffer: element (r, c) lies at `offset + r * stride + c`.
/// Rows are contiguous; `stride >= cols` lets a view pick a range of columns or every n-th row. A vector of n is a matrix of 1 x n.
public record Matrix(Buffer buffer, long offset, int rows, int cols, long stride) {
    public Matrix {
        Objects.requireNonNull(buffer, "buffer");
        if (rows < 0 || cols < 0 || offset < 0) {
            throw new IllegalArgumentException("matrix of " + rows + " x " + cols + " at offset " + offset
                    + ": sizes and offset must not be negative");
        }
        if (rows > 1 && stride < cols) {
            throw new IllegalArgumentException("matrix of " + rows + " x " + cols + " has row stride " + stride
                    + ": rows would overlap; wanted >= " + cols);
        }
        if (rows > 0 && cols > 0 && end(offset, rows, cols, stride) > buffer.length()) {
            throw new IllegalArgumentException("matrix of " + rows + " x " + cols + " (offset " + offset + ", stride " + stride + ") needs "
                    + end(offset, rows, cols, stride) + " elements; the buffer has " + buffer.length());
        }
    }

    /// One more than the last element; the largest long where it is more than a long holds.
    private static long end(long offset, int rows, int cols, long stride) {
        try {
            return Math.addExact(Math.addExact(offset, Math.multiplyExact(rows - 1, stride)), cols);
        } catch (ArithmeticException _) {
            return Long.MAX_VALUE;
        }
    }

    /// The first rows x cols elements of a buffer, densely packed.
    public static Matrix of(Buffer buffer, int rows, int cols) { return new Matrix(buffer, 0, rows, cols, cols); }

    /// The whole buffer as one row.
    public static Matrix row(Buffer buffer) { return of(buffer, 1, Math.toIntExact(buffer.length())); }

    /// Rows `from` (inclusive) to `to` (exclusive).
    public Matrix rows(int from, int to) {
        Objects.checkFromToIndex(from, to, rows);
        return new Matrix(buffer, offset + from * stride, to - from, cols, stride);
    }

    /// Columns `from` (inclusive) to `to` (exclusive), same stride.
    public Matrix cols(int from, int to) {
        Objects.checkFromToIndex(from, to, cols);
        return new Matrix(buffer, offset + from, rows, to - from, stride);
    }

    public DType dtype() { return buffer.dtype(); }

    /// Whether the rows lie one behind the other without gaps, so that `size()` elements from `offset` on are the whole matrix. One row always does,
    /// and so does a matrix of nothing.
    public boolean isDense() { return rows <= 1 || stride == cols || cols == 0; }

    /// Elements that the view shows, `rows · cols`: without the gaps between its rows.
    public long size() { return (long) rows * cols; }

    /// For messages: dtype and shape, for example `f32[3 x 4]`.
    public String describe() { return dtype().name().toLowerCase(java.util.Locale.ROOT) + "[" + rows + " x " + cols + "]"; }
}
