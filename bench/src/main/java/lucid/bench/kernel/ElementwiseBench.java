package lucid.bench.kernel;

import java.util.stream.IntStream;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.Elementwise;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowPlaces;
import org.openjdk.jmh.annotations.Benchmark;

/// Maps over 640 x 2048 elements; the limit counts every matrix read or written once. Functions of one argument are in [ElementwiseUnaryBench].
public class ElementwiseBench extends KernelBench {
    /// Of `scale`, a peer's too.
    public static final float FACTOR = 0.5f;

    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    /// The rows of the other half first, as a batch that is put together again.
    private static final int[] PLACES = IntStream.range(0, ROWS).map(r -> (r + ROWS / 2) % ROWS).toArray();
    private final RowPlaces places = new RowPlaces(PLACES);
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

    /// One IEEE operation each, so that there is nothing to tolerate but a product that is rounded before it is added.
    @Override Comparison comparison(String kernel) {
        return switch (kernel) {
            case "fill" -> new Comparison(kernel, this::fill, c, 0, c);
            case "copy" -> new Comparison(kernel, this::copy, c, 0, a);
            case "copyRows" -> new Comparison(kernel, this::copyRows, c, 0, a, ids(PLACES), c);
            case "addScaled" -> new Comparison(kernel, this::addScaled, c, 1e-7, a, c);
            case "scale" -> new Comparison(kernel, this::scale, c, 0, a);
            case "add" -> new Comparison(kernel, this::add, c, 0, a, b);
            case "divide" -> new Comparison(kernel, this::divide, c, 0, a, b);
            default -> super.comparison(kernel);
        };
    }

    @Benchmark public void fill() { device.elementwise().fill(c, 1); }

    @Benchmark public void fill_libtorch() { peer(); }

    @Benchmark public void copy() { device.elementwise().copy(a, c); }

    @Benchmark public void copy_libtorch() { peer(); }

    @Benchmark public void copyRows() { device.elementwise().copyRows(a, places, c); }

    @Benchmark public void copyRows_libtorch() { peer(); }

    @Benchmark public void scale() { device.elementwise().scale(FACTOR, a, c); }

    @Benchmark public void scale_libtorch() { peer(); }

    @Benchmark public void addScaled() { device.elementwise().addScaled(FACTOR, a, c); }

    @Benchmark public void addScaled_libtorch() { peer(); }

    @Benchmark public void add() { device.elementwise().binary(Elementwise.Binary.ADD, a, b, c); }

    @Benchmark public void add_libtorch() { peer(); }

    @Benchmark public void divide() { device.elementwise().binary(Elementwise.Binary.DIV, a, b, c); }

    @Benchmark public void divide_libtorch() { peer(); }

    @Benchmark public void swiGlu() { device.elementwise().swiGlu(a, b, c); }

    @Benchmark public void swiGluBackward() { device.elementwise().swiGluBackward(a, b, c, Accumulate.SET, d, e); }
}
