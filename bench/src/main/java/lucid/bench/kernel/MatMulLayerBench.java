package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.Activation;
import lucid.kernels.contract.operand.Accumulate;
import lucid.kernels.contract.operand.Matrix;
import lucid.kernels.contract.operand.RowGroups;
import org.openjdk.jmh.annotations.Benchmark;

/// What a layer of a 3B model needs at 640 tokens besides the product of [MatMulBench]: both gradients, and the forms that are joined with what
/// follows or cut in k. The gradients have peers. libtorch's `gradWeight` is a new matrix, where Lucid's and OpenBLAS's are added to one.
public class MatMulLayerBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int WIDTH = 2048;

    private Matrix x;
    private Matrix w;
    private Matrix up;
    private Matrix y;
    private Matrix dw;

    @Override void prepare() {
        x = random(ROWS, WIDTH);
        w = random(WIDTH, WIDTH);
        up = random(WIDTH, WIDTH);
        y = random(ROWS, WIDTH);
        dw = random(WIDTH, WIDTH);
    }

    @Override void limit(String kernel, Limit limit) {
        limit.arithmetic(workers, (kernel.equals("multiplyGated") ? 2 : 1) * 2.0 * ROWS * WIDTH * WIDTH);
    }

    @Override Comparison comparison(String kernel) {
        return switch (kernel) {
            case "gradInput" -> new Comparison(kernel, this::gradInput, x, Comparison.sumOf(WIDTH), y, w);
            case "gradWeight" -> {
                device.elementwise().fill(dw, 0);
                yield new Comparison(kernel, this::gradWeight, dw, Comparison.sumOf(ROWS), y, x);
            }
            default -> super.comparison(kernel);
        };
    }

    @Benchmark public void gradInput() { device.matMul().multiply(y, false, w, false, null, Accumulate.SET, x); }

    @Benchmark public void gradInput_libtorch() { peer(); }

    @Benchmark public void gradInput_openblas() { peer(); }

    @Benchmark public void gradWeight() { device.matMul().gradWeight(y, x, RowGroups.single(ROWS), dw); }

    @Benchmark public void gradWeight_libtorch() { peer(); }

    @Benchmark public void gradWeight_openblas() { peer(); }

    @Benchmark public void multiplyContinue() { device.matMul().multiplyContinue(x, false, w, true, y); }

    @Benchmark public void multiplyActivated() { device.matMul().multiplyActivated(x, w, null, Activation.GELU_TANH, y); }

    @Benchmark public void multiplyGated() { device.matMul().multiplyGated(x, w, up, y); }
}
