package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.Conversion;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;

/// What every device demands of the arguments of [Elementwise] and [Conversion].
public final class ElementwiseArguments {
    private ElementwiseArguments() {}

    /// Of [Elementwise#copy]: any dtype, the same on both sides.
    public static void copy(Matrix x, Matrix y) {
        Checks.present("elementwise.copy", "x", x);
        Checks.shape("elementwise.copy", "y", y, x.rows(), x.cols(), x.dtype());
        Checks.sameOrApart("elementwise.copy", "y", y, "x", x);
    }

    /// Of [Elementwise#copyRows].
    public static void copyRows(Matrix x, RowPlaces places, Matrix y) {
        String operation = "elementwise.copyRows";
        Checks.type(operation, "x", x, F32);
        Checks.type(operation, "y", y, F32);
        Checks.present(operation, "places", places);
        Checks.that(places.count() == x.rows(), operation, "there are " + places.count() + " places for the rows of x, which is " + x.describe()
                + "; wanted one for each");
        Checks.that(y.cols() == x.cols() && places.end() <= y.rows(), operation, "y is " + y.describe() + "; wanted " + x.cols()
                + " columns and at least " + places.end() + " rows");
        Checks.apart(operation, "y", y, "x", x);
    }

    /// Of [Elementwise#binary].
    public static void binary(String operation, Matrix a, Matrix b, Matrix y) {
        Checks.type(operation, "a", a, F32);
        Checks.type(operation, "b", b, F32);
        Checks.that((b.rows() == a.rows() || b.rows() == 1) && (b.cols() == a.cols() || b.cols() == 1), operation,
                "b is " + b.describe() + " but a is " + a.describe() + "; wanted the same shape, or 1 row, or 1 column");
        Checks.like(operation, "y", y, "a", a);
        Checks.sameOrApart(operation, "y", y, "a", a);
        Checks.sameOrApart(operation, "y", y, "b", b);
    }

    /// Of everything that makes one y of one x.
    public static void unary(String operation, Matrix x, Matrix y) {
        Checks.type(operation, "x", x, F32);
        Checks.like(operation, "y", y, "x", x);
        Checks.sameOrApart(operation, "y", y, "x", x);
    }

    /// Of [Elementwise#unaryBackward].
    public static void unaryBackward(String operation, Matrix x, Matrix dy, Matrix dx) {
        unary(operation, x, dx);
        Checks.like(operation, "dy", dy, "x", x);
        Checks.sameOrApart(operation, "dx", dx, "dy", dy);
    }

    /// Of [Elementwise#swiGlu].
    public static void swiGlu(Matrix gate, Matrix up, Matrix y) {
        unary("elementwise.swiGlu", gate, y);
        Checks.like("elementwise.swiGlu", "up", up, "gate", gate);
        Checks.sameOrApart("elementwise.swiGlu", "y", y, "up", up);
    }

    /// Of [Elementwise#swiGluBackward].
    public static void swiGluBackward(Matrix gate, Matrix up, Matrix dy, Matrix dGate, Matrix dUp) {
        String operation = "elementwise.swiGlu backward";
        unary(operation, gate, dGate);
        Checks.like(operation, "up", up, "gate", gate);
        Checks.like(operation, "dy", dy, "gate", gate);
        Checks.like(operation, "dUp", dUp, "gate", gate);
        Checks.apart(operation, "dUp", dUp, "dGate", dGate);
        for (Matrix out : new Matrix[] {dGate, dUp}) {
            Checks.sameOrApart(operation, out == dGate ? "dGate" : "dUp", out, "gate", gate);
            Checks.sameOrApart(operation, out == dGate ? "dGate" : "dUp", out, "up", up);
            Checks.sameOrApart(operation, out == dGate ? "dGate" : "dUp", out, "dy", dy);
        }
    }

    /// Of [Conversion#convert].
    public static void convert(Matrix x, Matrix y) {
        String operation = "conversion.convert";
        Checks.present(operation, "x", x);
        Checks.present(operation, "y", y);
        boolean known = switch (x.dtype()) {
            case F32 -> y.dtype() == DType.BF16 || y.dtype() == DType.F16;
            case BF16, F16, U8, I32 -> y.dtype() == F32;
            case I64 -> false;
        };
        Checks.that(known, operation, "from " + x.dtype() + " to " + y.dtype() + "; wanted F32 <-> BF16, F32 <-> F16, U8 -> F32 or I32 -> F32");
        Checks.shape(operation, "y", y, x.rows(), x.cols(), y.dtype());
    }
}
