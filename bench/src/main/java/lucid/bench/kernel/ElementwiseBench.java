package lucid.bench.kernel;

import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// Maps over 640 x 2048 elements; the limit counts every matrix read or written once.
public class ElementwiseBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix a;
    private Matrix b;
    private Matrix c;
    private Matrix d;
    private Matrix e;

    @Override void prepare() {
        a = random(ROWS, COLS);
        b = random(ROWS, COLS);
        c = random(ROWS, COLS);
        d = random(ROWS, COLS);
        e = random(ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "add" -> 3 * MATRIX;
            case "gelu" -> 2 * MATRIX;
            case "swiGlu" -> 3 * MATRIX;
            case "swiGluBackward" -> 5 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Benchmark public void add() { device.elementwise().binary(Elementwise.Binary.ADD, a, b, c); }

    @Benchmark public void gelu() { device.elementwise().unary(Elementwise.Unary.GELU_TANH, a, c); }

    @Benchmark public void swiGlu() { device.elementwise().swiGlu(a, b, c); }

    @Benchmark public void swiGluBackward() { device.elementwise().swiGluBackward(a, b, c, Accumulate.SET, d, e); }
}
