package lucid.kernels.contract.check;

import java.util.Arrays;
import java.util.stream.Collectors;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;

/// Argument checks that every device makes before it runs anything. Each message names the operation, the argument, what was found and what was
/// wanted.
public final class Checks {
    private Checks() {}

    /// The argument is there.
    public static void present(String operation, String name, Object argument) {
        if (argument == null) throw new IllegalArgumentException(operation + ": " + name + " is null; wanted one");
    }

    /// The argument has one of the dtypes.
    public static void type(String operation, String name, Matrix m, DType... wanted) {
        present(operation, name, m);
        typeIn(operation, name, m.dtype(), m.describe(), wanted);
    }

    /// The argument has one of the dtypes and exactly this shape.
    public static void shape(String operation, String name, Matrix m, int rows, int cols, DType... wanted) {
        type(operation, name, m, wanted);
        if (m.rows() != rows || m.cols() != cols) {
            throw new IllegalArgumentException(operation + ": " + name + " is " + m.describe() + "; wanted [" + rows + " x " + cols + "]");
        }
    }

    /// The argument is f32 and of the other's shape.
    public static void like(String operation, String name, Matrix m, String otherName, Matrix other) {
        type(operation, name, m, DType.F32);
        if (m.rows() != other.rows() || m.cols() != other.cols()) {
            throw new IllegalArgumentException(operation + ": " + name + " is " + m.describe() + " but " + otherName + " is " + other.describe()
                    + "; wanted the same shape");
        }
    }

    /// The buffer has this dtype and exactly this many elements.
    public static void buffer(String operation, String name, Buffer b, long length, DType... wanted) {
        present(operation, name, b);
        String found = b.dtype() + "[" + b.length() + "]";
        typeIn(operation, name, b.dtype(), found, wanted);
        if (b.length() != length) throw new IllegalArgumentException(operation + ": " + name + " is " + found + "; wanted " + length + " elements");
    }

    /// The groups cover exactly these rows.
    public static void groups(String operation, RowGroups groups, int rows) {
        present(operation, "groups", groups);
        if (groups.rows() != rows) {
            throw new IllegalArgumentException(operation + ": the row groups cover " + groups.rows() + " rows, the matrix has " + rows
                    + "; wanted every row in a group");
        }
    }

    /// An index lies in `0 .. limit`.
    public static void index(String operation, String name, int row, int index, int limit) {
        if (index < 0 || index >= limit) {
            throw new IllegalArgumentException(operation + ": " + name + "[" + row + "] is " + index + "; wanted 0 .. " + (limit - 1));
        }
    }

    /// A condition between sizes, with the whole complaint in words.
    public static void that(boolean condition, String operation, String complaint) {
        if (!condition) throw new IllegalArgumentException(operation + ": " + complaint);
    }

    /// The output shares no element with an input.
    public static void apart(String operation, String outName, Matrix out, String inName, Matrix in) {
        if (overlap(out, in)) {
            throw new IllegalArgumentException(operation + ": " + outName + " " + out.describe() + " overlaps " + inName + " " + in.describe()
                    + "; wanted memory of its own");
        }
    }

    /// The output is the same view as the input, or shares no element with it.
    public static void sameOrApart(String operation, String outName, Matrix out, String inName, Matrix in) {
        boolean same = out.buffer() == in.buffer() && out.offset() == in.offset() && out.rows() == in.rows() && out.cols() == in.cols()
                && (out.stride() == in.stride() || out.rows() <= 1);
        if (!same) apart(operation, outName, out, inName, in);
    }

    /// Whether two views have an element in common. Exact for equal strides, otherwise a view counts as everything between its first and last
    /// element.
    public static boolean overlap(Matrix a, Matrix b) {
        if (a.buffer() != b.buffer() || a.size() == 0 || b.size() == 0) return false;
        if (end(a) <= b.offset() || end(b) <= a.offset()) return false;
        if (a.stride() != b.stride() || a.stride() <= 0) return true;
        long shift = Math.floorMod(b.offset() - a.offset(), a.stride());
        return shift < a.cols() || shift + b.cols() > a.stride();
    }

    private static long end(Matrix m) { return m.offset() + (m.rows() - 1) * m.stride() + m.cols(); }

    private static void typeIn(String operation, String name, DType found, String description, DType... wanted) {
        if (Arrays.asList(wanted).contains(found)) return;
        String list = Arrays.stream(wanted).map(DType::name).collect(Collectors.joining(" or "));
        throw new IllegalArgumentException(operation + ": " + name + " is " + description + "; wanted " + list);
    }
}
