package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// Reductions over 640 rows of 2048. libtorch's column sums are written, where Lucid's are added to what is there.
public class ReduceBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix x;
    private Matrix y;
    private Matrix dx;
    private Matrix sums;
    private Matrix columns;
    private Matrix total;
    private Matrix fingerprint;

    @Override void prepare() {
        x = random(ROWS, COLS);
        y = random(ROWS, COLS);
        dx = random(ROWS, COLS);
        sums = random(ROWS, 1);
        columns = random(1, COLS);
        total = random(1, 1);
        fingerprint = Matrix.row(ints(2, 1));
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "rowSum", "rowMax", "columnSums", "addSumOfSquares", "addFingerprint" -> MATRIX;
            case "rowDot" -> 2 * MATRIX;
            case "softmax" -> 2 * MATRIX;
            case "softmaxBackward" -> 3 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Override Comparison comparison(String kernel) {
        return switch (kernel) {
            case "rowSum" -> new Comparison(kernel, this::rowSum, sums, Comparison.sumOf(COLS), x);
            case "rowMax" -> new Comparison(kernel, this::rowMax, sums, 0, x);
            case "columnSums" -> {
                device.elementwise().fill(columns, 0);
                yield new Comparison(kernel, this::columnSums, columns, Comparison.sumOf(ROWS), x);
            }
            // The largest element is e² by 2048 times 1.18, the mean of exp.
            case "softmax" -> new Comparison(kernel, this::softmax, y, 1e-8, x);
            case "softmaxBackward" -> new Comparison(kernel, this::softmaxBackward, dx, Comparison.sumOf(COLS), y, x);
            default -> super.comparison(kernel);
        };
    }

    @Benchmark public void rowSum() { device.reduce().rowSum(x, sums); }

    @Benchmark public void rowSum_libtorch() { peer(); }

    @Benchmark public void rowMax() { device.reduce().rowMax(x, sums); }

    @Benchmark public void rowMax_libtorch() { peer(); }

    @Benchmark public void rowDot() { device.reduce().rowDot(x, y, sums); }

    @Benchmark public void columnSums() { device.reduce().columnSums(x, RowGroups.single(ROWS), columns); }

    @Benchmark public void columnSums_libtorch() { peer(); }

    @Benchmark public void addSumOfSquares() { device.reduce().addSumOfSquares(x, total); }

    @Benchmark public void addFingerprint() { device.reduce().addFingerprint(x, fingerprint); }

    @Benchmark public void softmax() { device.reduce().softmax(x, y); }

    @Benchmark public void softmax_libtorch() { peer(); }

    @Benchmark public void softmaxBackward() { device.reduce().softmaxBackward(y, x, Accumulate.SET, dx); }

    @Benchmark public void softmaxBackward_libtorch() { peer(); }
}
