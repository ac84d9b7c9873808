package lucid.bench.kernel;

import lucid.bench.Limit;
import lucid.kernels.contract.Accumulate;
import lucid.kernels.contract.Matrix;
import lucid.kernels.contract.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// RMSNorm and LayerNorm over 640 rows of 2048.
public class NormalizationBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix x;
    private Matrix y;
    private Matrix dx;
    private Matrix weight;
    private Matrix dWeight;
    private Matrix bias;
    private Matrix mean;
    private Matrix rstd;

    @Override void prepare() {
        x = random(ROWS, COLS);
        y = random(ROWS, COLS);
        dx = random(ROWS, COLS);
        weight = random(1, COLS);
        dWeight = random(1, COLS);
        bias = random(1, COLS);
        mean = random(ROWS, 1);
        rstd = random(ROWS, 1);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "rmsNorm" -> 2 * MATRIX;
            case "rmsNormBackward" -> 3 * MATRIX;
            case "layerNorm" -> 2 * MATRIX;
            case "layerNormBackward" -> 3 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Benchmark public void rmsNorm() { device.normalization().rmsNorm(x, weight, 1e-6f, y, rstd); }

    @Benchmark public void rmsNormBackward() { device.normalization().rmsNormBackward(x, weight, rstd, y, RowGroups.single(ROWS), Accumulate.SET, dx, dWeight); }

    @Benchmark public void layerNorm() { device.normalization().layerNorm(x, weight, bias, 1e-6f, y, mean, rstd); }

    @Benchmark public void layerNormBackward() { device.normalization().layerNormBackward(x, weight, mean, rstd, y, RowGroups.single(ROWS), Accumulate.SET, dx, dWeight, null); }
}
