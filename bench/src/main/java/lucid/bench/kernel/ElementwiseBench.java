package lucid.bench.kernel;

import java.util.stream.IntStream;
import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowPlaces;
import org.openjdk.jmh.annotations.Benchmark;

/// Maps over 640 x 2048 elements; the limit counts every matrix read or written once. Functions of one argument are in [ElementwiseUnaryBench].
public class ElementwiseBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    /// The rows of the other half first, as a batch that is put together again.
    private final RowPlaces places = new RowPlaces(IntStream.range(0, ROWS).map(r -> (r + ROWS / 2) % ROWS).toArray());
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
            case "fill" -> MATRIX;
            case "copy", "copyRows", "scale" -> 2 * MATRIX;
            case "add", "divide", "addScaled" -> 3 * MATRIX;
            case "swiGlu" -> 3 * MATRIX;
            case "swiGluBackward" -> 5 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Benchmark public void fill() { device.elementwise().fill(c, 1); }

    @Benchmark public void copy() { device.elementwise().copy(a, c); }

    @Benchmark public void copyRows() { device.elementwise().copyRows(a, places, c); }

    @Benchmark public void scale() { device.elementwise().scale(0.5f, a, c); }

    @Benchmark public void addScaled() { device.elementwise().addScaled(0.5f, a, c); }

    @Benchmark public void add() { device.elementwise().binary(Elementwise.Binary.ADD, a, b, c); }

    @Benchmark public void divide() { device.elementwise().binary(Elementwise.Binary.DIV, a, b, c); }

    @Benchmark public void swiGlu() { device.elementwise().swiGlu(a, b, c); }

    @Benchmark public void swiGluBackward() { device.elementwise().swiGluBackward(a, b, c, Accumulate.SET, d, e); }
}
