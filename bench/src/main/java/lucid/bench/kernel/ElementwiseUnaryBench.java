package lucid.bench.kernel;

import java.util.EnumSet;
import java.util.Set;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Every function of one argument over 640 x 2048 elements, and its backward; the limit counts every matrix read or written once.
public class ElementwiseUnaryBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;
    private static final Set<Unary> OF_POSITIVE = EnumSet.of(Unary.SQRT, Unary.RSQRT, Unary.LOG);

    /// JMH takes every constant.
    @State(Scope.Benchmark) public static class Function {
        @Param public Unary function;
    }

    /// Those whose backward is one operation of libtorch, from x as here.
    @State(Scope.Benchmark) public static class LibtorchBackward {
        @Param({"RELU", "SILU", "GELU_TANH", "GELU_ERF"}) public Unary function;
    }

    private Unary function;
    private Matrix x;
    private Matrix y;
    private Matrix dx;

    @Override void prepare() {
        function = Unary.valueOf(parameter("function"));
        x = random(ROWS, COLS);
        if (OF_POSITIVE.contains(function)) device.elementwise().unary(Unary.ABS, x, x);
        y = random(ROWS, COLS);
        dx = random(ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) { memory(limit, (kernel.equals("unary") ? 2 : 3) * MATRIX); }

    @Override Comparison comparison(String kernel) {
        if (kernel.equals("unaryBackward")) return new Comparison(function + "_backward", () -> unaryBackward(null), dx, 1e-6, x, y);
        // A few units in the last place of the largest value: x is 2^-23 at least where it is not 0.
        double tolerance = switch (function) {
            case RSQRT -> 1e-3;
            case LOG -> 4e-6;
            default -> 1e-6;
        };
        return new Comparison(function.name(), () -> unary(null), y, tolerance, x);
    }

    @Benchmark public void unary(Function asked) { device.elementwise().unary(function, x, y); }

    @Benchmark public void unary_libtorch(Function asked) { peer(); }

    @Benchmark public void unaryBackward(Function asked) { device.elementwise().unaryBackward(function, x, y, Accumulate.SET, dx); }

    @Benchmark public void unaryBackward_libtorch(LibtorchBackward asked) { peer(); }
}
