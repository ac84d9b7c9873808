package lucid.bench.kernel;

import java.util.EnumSet;
import java.util.Set;
import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Elementwise.Unary;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Every function of one argument over 640 x 2048 elements, and its backward; the limit counts every matrix read or written once.
public class ElementwiseUnaryBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;
    private static final Set<Unary> OF_POSITIVE = EnumSet.of(Unary.SQRT, Unary.RSQRT, Unary.LOG);

    /// JMH takes every constant.
    @Param public Unary function;

    private Matrix x;
    private Matrix y;
    private Matrix dx;

    @Override void prepare() {
        x = random(ROWS, COLS);
        if (OF_POSITIVE.contains(function)) device.elementwise().unary(Unary.ABS, x, x);
        y = random(ROWS, COLS);
        dx = random(ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) { memory(limit, (kernel.equals("unary") ? 2 : 3) * MATRIX); }

    @Benchmark public void unary() { device.elementwise().unary(function, x, y); }

    @Benchmark public void unaryBackward() { device.elementwise().unaryBackward(function, x, y, Accumulate.SET, dx); }
}
