package lucid.bench.kernel;

import lucid.bench.probe.Limit;
import lucid.kernels.contract.operand.Buffer;
import lucid.kernels.contract.operand.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/// Rotation of 640 rows of 16 heads of 128, back again (the backward), and the tables of 640 positions, which are only written.
public class RotaryBench extends KernelBench {
    private static final int ROWS = 640;
    private static final int COLS = 2048;
    private static final int HEAD = 128;
    private static final int HALF = HEAD / 2;
    private static final double MATRIX = 4.0 * ROWS * COLS;

    private Matrix x;
    private Matrix y;
    private Matrix cos;
    private Matrix sin;
    private Buffer positions;

    @Override void prepare() {
        x = random(ROWS, COLS);
        y = random(ROWS, COLS);
        cos = random(ROWS, HALF);
        sin = random(ROWS, HALF);
        positions = ints(ROWS, ROWS);
    }

    @Override void limit(String kernel, Limit limit) {
        memory(limit, kernel.equals("table") ? 2 * 4.0 * ROWS * HALF : 2 * MATRIX);
    }

    @Benchmark public void table() { device.rotary().table(10_000, HEAD, cos, sin); }

    @Benchmark public void rotate() { device.rotary().rotate(x, HEAD, positions, cos, sin, false, y); }

    @Benchmark public void rotateBack() { device.rotary().rotate(x, HEAD, positions, cos, sin, true, y); }
}
