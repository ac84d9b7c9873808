package lucid.kernels.contract.check;

import static lucid.kernels.contract.operand.DType.BF16;
import static lucid.kernels.contract.operand.DType.F16;
import static lucid.kernels.contract.operand.DType.F32;

import lucid.kernels.contract.Activation;
import lucid.kernels.contract.MatMul;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.PackedOrder;
import lucid.kernels.contract.operand.RowGroups;

/// What every device demands of the arguments of [MatMul].
public final class ProductArguments {
    private ProductArguments() {}

    /// Of [MatMul#multiply]; bias may be null. Returns the inner size k.
    public static int multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix bias, Accumulate mode, Matrix c) {
        int k = product("matmul", a, transposeA, "b", b, transposeB, c);
        bias("matmul", bias, c);
        Checks.present("matmul", "mode", mode);
        return k;
    }

    /// Of [MatMul#multiplyActivated]; bias may be null. Returns the inner size k.
    public static int activated(Matrix a, Matrix w, Matrix bias, Activation f, Matrix c) {
        String operation = "matmul (activated)";
        int k = product(operation, a, false, "w", w, true, c);
        bias(operation, bias, c);
        Checks.present(operation, "f", f);
        return k;
    }

    /// Of [MatMul#multiplyGated]. Returns the inner size k.
    public static int gated(Matrix a, Matrix gate, Matrix up, Matrix c) {
        String operation = "matmul (gated)";
        int k = product(operation, a, false, "gate", gate, true, c);
        Checks.shape(operation, "up", up, gate.rows(), gate.cols(), gate.dtype());
        Checks.apart(operation, "c", c, "up", up);
        return k;
    }

    /// Of [MatMul#multiplyContinue]. Returns the inner size k.
    public static int multiplyContinue(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c) {
        return product("matmul (continue)", a, transposeA, "b", b, transposeB, c);
    }

    /// Of `Device.prepack`.
    public static void prepack(Matrix w) {
        Checks.type("prepack", "w", w, F32, BF16, F16);
        Checks.that(w.offset() == 0 && w.isDense() && w.size() == w.buffer().length(), "prepack", "w is " + w.describe() + " of a buffer of "
                + w.buffer().length() + "; wanted the whole buffer");
    }

    /// Of [PackedOrder#pack] and [PackedOrder#use].
    public static void packed(PackedOrder order, Matrix w, Buffer packed) {
        prepack(w);
        long length = order.length(w.rows(), w.cols());
        Checks.that(order.takes(w.dtype()), "pack", "w is " + w.describe() + ", which " + order.name() + " does not take");
        Checks.that(packed.dtype() == w.dtype() && packed.length() == length, "pack", "packed is " + packed.dtype() + "[" + packed.length()
                + "]; wanted " + w.dtype() + "[" + length + "] for w " + w.describe());
    }

    /// Of [MatMul#gradWeight].
    public static void gradWeight(Matrix dy, Matrix x, RowGroups groups, Matrix dw) {
        Checks.type("gradWeight", "dy", dy, F32);
        Checks.type("gradWeight", "x", x, F32);
        Checks.that(x.rows() == dy.rows(), "gradWeight", "dy is " + dy.describe() + " and x is " + x.describe() + "; wanted equal numbers of rows");
        Checks.shape("gradWeight", "dw", dw, dy.cols(), x.cols(), F32);
        Checks.groups("gradWeight", groups, dy.rows());
        Checks.apart("gradWeight", "dw", dw, "dy", dy);
        Checks.apart("gradWeight", "dw", dw, "x", x);
    }

    private static void bias(String operation, Matrix bias, Matrix c) {
        if (bias == null) return;
        Checks.shape(operation, "bias", bias, 1, c.cols(), F32);
        Checks.apart(operation, "c", c, "bias", bias);
    }

    private static int product(String operation, Matrix a, boolean transposeA, String name, Matrix b, boolean transposeB, Matrix c) {
        Checks.type(operation, "a", a, F32);
        Checks.type(operation, name, b, F32, BF16, F16);
        int m = transposeA ? a.cols() : a.rows();
        int k = transposeA ? a.rows() : a.cols();
        int kb = transposeB ? b.cols() : b.rows();
        int n = transposeB ? b.rows() : b.cols();
        Checks.that(k == kb, operation, "a " + a.describe() + (transposeA ? "ᵀ" : "") + " has k = " + k + ", " + name + " " + b.describe()
                + (transposeB ? "ᵀ" : "")
                + " has k = " + kb + "; wanted equal");
        Checks.shape(operation, "c", c, m, n, F32);
        Checks.apart(operation, "c", c, "a", a);
        Checks.apart(operation, "c", c, name, b);
        return k;
    }
}
