package lucid.nn.model;

/// Learned positions for another number of patches than they were learned for: the table as a square image, resized by cubic convolution with
/// a = -0.75, half-pixel centres, indices clamped at the border and no widening when shrinking (torch `interpolate(mode="bicubic")`; not Pillow's
/// bicubic). Linear in the table, so it is one constant matrix.
final class CubicPositions {
    private static final double A = -0.75;

    private CubicPositions() {}

    /// Row-major weights [rows · cols, grid · grid]: new position (y, x) from old position (v, u).
    static float[] weights(int grid, int rows, int cols) {
        double[][] vertical = axis(grid, rows);
        double[][] horizontal = axis(grid, cols);
        float[] out = new float[Math.multiplyExact(rows * cols, grid * grid)];
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < cols; x++) {
                int base = (y * cols + x) * grid * grid;
                for (int v = 0; v < grid; v++) {
                    for (int u = 0; u < grid; u++) out[base + v * grid + u] = (float) (vertical[y][v] * horizontal[x][u]);
                }
            }
        }
        return out;
    }

    private static double[][] axis(int in, int out) {
        double[][] w = new double[out][in];
        double scale = (double) in / out;
        for (int i = 0; i < out; i++) {
            double at = (i + 0.5) * scale - 0.5;
            int first = (int) Math.floor(at);
            double t = at - first;
            for (int k = -1; k <= 2; k++) w[i][Math.clamp(first + k, 0, in - 1)] += cubic(Math.abs(t - k));
        }
        return w;
    }

    /// Keys' cubic convolution kernel (1981).
    private static double cubic(double d) {
        if (d <= 1) return ((A + 2) * d - (A + 3)) * d * d + 1;
        return d < 2 ? ((A * d - 5 * A) * d + 8 * A) * d - 4 * A : 0;
    }
}
