package lucid.bench.kernel;

import lucid.bench.Limit;
import lucid.kernels.contract.DType;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// f32 to bf16 and back.
public class ConversionBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix wide;
    private Matrix narrow;

    @Override void prepare() {
        wide = random(ROWS, COLS);
        narrow = random(DType.BF16, ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "narrow" -> 1.5 * MATRIX;
            case "widen" -> 1.5 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Benchmark public void narrow() { device.conversion().convert(wide, narrow); }

    @Benchmark public void widen() { device.conversion().convert(narrow, wide); }
}
