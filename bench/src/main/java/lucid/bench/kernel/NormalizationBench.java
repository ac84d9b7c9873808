package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// RMSNorm and LayerNorm over 640 rows of 2048. LayerNorm alone has a peer: libtorch's RMSNorm is several operations.
public class NormalizationBench extends KernelBench {
    /// A peer's too.
    public static final float EPS = 1e-6f;

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

    @Override Comparison comparison(String kernel) {
        if (kernel.equals("layerNorm")) return new Comparison(kernel, this::layerNorm, y, 1e-5, x, weight, bias);
        // Mean and deviation as the forward leaves them.
        layerNorm();
        return new Comparison(kernel, this::layerNormBackward, dx, 1e-5, x, weight, mean, rstd, y);
    }

    @Benchmark public void rmsNorm() { device.normalization().rmsNorm(x, weight, EPS, y, rstd); }

    @Benchmark public void rmsNormBackward() {
        device.normalization().rmsNormBackward(x, weight, rstd, y, RowGroups.single(ROWS), Accumulate.SET, dx, dWeight);
    }

    @Benchmark public void layerNorm() { device.normalization().layerNorm(x, weight, bias, EPS, y, mean, rstd); }

    @Benchmark public void layerNorm_libtorch() { peer(); }

    @Benchmark public void layerNormBackward() {
        device.normalization().layerNormBackward(x, weight, mean, rstd, y, RowGroups.single(ROWS), Accumulate.SET, dx, dWeight, null);
    }

    @Benchmark public void layerNormBackward_libtorch() { peer(); }
}
