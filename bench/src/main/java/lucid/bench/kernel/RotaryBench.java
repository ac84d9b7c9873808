package lucid.bench.kernel;

import lucid.bench.Limit;
import lucid.kernels.contract.Buffer;
import lucid.kernels.contract.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// Rotation of 640 rows of 16 heads of 128.
public class RotaryBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix x;
    private Matrix y;
    private Matrix cos;
    private Matrix sin;
    private Buffer positions;

    @Override void prepare() {
        x = random(ROWS, COLS);
        y = random(ROWS, COLS);
        cos = random(ROWS, 64);
        sin = random(ROWS, 64);
        positions = ints(ROWS, ROWS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, 2 * MATRIX);
    }

    @Benchmark public void rotate() { device.rotary().rotate(x, 128, positions, cos, sin, false, y); }
}
