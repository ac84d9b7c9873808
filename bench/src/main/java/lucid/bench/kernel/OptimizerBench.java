package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.Optimizer.AdamW;
import lucid.kernels.contract.Optimizer.Sgd;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// One update of 1.3 M parameters: AdamW with their bf16 image (four matrices read, three and a half written), SGD with momentum (three read, two
/// written). libtorch's fused AdamW writes no image.
public class OptimizerBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private static final AdamW SETTINGS = new AdamW(1e-6f, 0.9f, 0.999f, 1e-8f, 0.01f, 1000);
    private static final Sgd MOMENTUM = new Sgd(1e-6f, 0.9f, 0, 0.01f, false, 1000);

    private Matrix grad;
    private Matrix param;
    private Matrix m;
    private Matrix v;
    private Matrix narrow;

    @Override void prepare() {
        grad = random(ROWS, COLS);
        param = random(ROWS, COLS);
        m = random(ROWS, COLS);
        v = random(ROWS, COLS);
        device.elementwise().fill(v, 1e-4f);
        narrow = random(DType.BF16, ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "adamW" -> 7.5 * MATRIX;
            case "sgd" -> 5 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    /// Parameters below 1: one or a few units in the last place, which are a small part of an update.
    @Override Comparison comparison(String kernel) {
        if (kernel.equals("sgd")) return new Comparison(kernel, this::sgd, param, 1e-7, grad, param, m);
        Matrix step = random(1, 1);
        device.elementwise().fill(step, SETTINGS.step());
        return new Comparison(kernel, this::adamW, param, 2e-7, grad, param, m, v, step);
    }

    @Benchmark public void adamW() { device.optimizer().adamW(SETTINGS, 1, grad, param, m, v, narrow); }

    @Benchmark public void adamW_libtorch() { peer(); }

    @Benchmark public void sgd() { device.optimizer().sgd(MOMENTUM, 1, grad, param, m); }

    @Benchmark public void sgd_libtorch() { peer(); }
}
