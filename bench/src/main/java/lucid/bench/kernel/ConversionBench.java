package lucid.bench.kernel;

import java.util.Locale;
import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.DType;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// f32 to a 16-bit type and back.
public class ConversionBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    @Param({"BF16", "F16"}) public DType type;

    private Matrix wide;
    private Matrix narrow;

    @Override void prepare() {
        wide = random(ROWS, COLS);
        narrow = random(type, ROWS, COLS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, switch (kernel) {
            case "narrow" -> 1.5 * MATRIX;
            case "widen" -> 1.5 * MATRIX;
            default -> throw new IllegalArgumentException("no work is known for " + kernel);
        });
    }

    @Override Comparison comparison(String kernel) {
        return kernel.equals("narrow") ? new Comparison(type.name().toLowerCase(Locale.ROOT), this::narrow, narrow, 0, wide)
                : new Comparison("f32", this::widen, wide, 0, narrow);
    }

    @Benchmark public void narrow() { device.conversion().convert(wide, narrow); }

    @Benchmark public void narrow_libtorch() { peer(); }

    @Benchmark public void widen() { device.conversion().convert(narrow, wide); }

    @Benchmark public void widen_libtorch() { peer(); }
}
