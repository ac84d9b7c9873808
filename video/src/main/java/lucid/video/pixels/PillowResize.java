package lucid.video.pixels;

import lucid.video.Frames;

/// Pillow's 8-bit resampling, to the bit (releases before 13: the horizontal pass always comes first). Weights are computed in double, kept with 22
/// fractional bits, and the result of each pass is rounded to bytes. Source: Pillow `Resample.c`.
public final class PillowResize {
    private static final int FRACTION_BITS = 22;
    private static final int HALF = 1 << FRACTION_BITS - 1;

    /// Kernels, with the distance at which each becomes 0.
    public enum Filter {
        BOX(0.5), BILINEAR(1), BICUBIC(2), LANCZOS(3);

        final double support;

        Filter(double support) { this.support = support; }

        double at(double x) {
            double t = Math.abs(x);
            return switch (this) {
                case BOX -> x > -0.5 && x <= 0.5 ? 1 : 0;
                case BILINEAR -> t < 1 ? 1 - t : 0;
                // Keys' cubic with a = -0.5.
                case BICUBIC -> t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
                case LANCZOS -> x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
            };
        }

        private static double sinc(double x) { return x == 0 ? 1 : StrictMath.sin(x * Math.PI) / (x * Math.PI); }
    }

    /// Weights of one axis: output i is the sum of `weights[i * most + k] * in[first[i] + k]`, k below `count[i]`.
    private record Axis(int[] first, int[] count, int[] weights, int most) {
        static Axis of(int in, int out, Filter filter) {
            double scale = (double) in / out;
            double wide = Math.max(scale, 1);
            double radius = filter.support * wide;
            int most = (int) Math.ceil(radius) * 2 + 1;
            Axis axis = new Axis(new int[out], new int[out], new int[out * most], most);
            double[] w = new double[most];
            for (int i = 0; i < out; i++) axis.set(i, (i + 0.5) * scale, radius, 1 / wide, in, filter, w);
            return axis;
        }

        private void set(int i, double centre, double radius, double shrink, int in, Filter filter, double[] w) {
            int low = Math.max(0, (int) (centre - radius + 0.5));
            int n = Math.min(in, (int) (centre + radius + 0.5)) - low;
            double sum = 0;
            for (int k = 0; k < n; k++) {
                w[k] = filter.at((k + low - centre + 0.5) * shrink);
                sum += w[k];
            }
            for (int k = 0; k < n; k++) {
                double unit = (sum != 0 ? w[k] / sum : w[k]) * (1 << FRACTION_BITS);
                weights[i * most + k] = (int) (unit < 0 ? unit - 0.5 : unit + 0.5);
            }
            first[i] = low;
            count[i] = n;
        }
    }

    private PillowResize() {}

    /// One RGB picture.
    ///
    /// @param rgb bytes [height, width, 3]
    /// @return bytes [outHeight, outWidth, 3], never the same array
    public static byte[] resize(byte[] rgb, int height, int width, int outHeight, int outWidth, Filter filter) {
        if (height < 1 || width < 1 || outHeight < 1 || outWidth < 1) {
            throw new IllegalArgumentException("resize from " + height + "x" + width + " to " + outHeight + "x" + outWidth
                    + ", wanted sizes of at least 1");
        }
        if (rgb.length != 3L * height * width)
            throw new IllegalArgumentException("resize: " + rgb.length + " bytes, wanted " + height + "*" + width + "*3");
        byte[] out = new byte[Math.multiplyExact(3 * outHeight, outWidth)];
        new Plan(height, width, outHeight, outWidth, filter).run(rgb, 0, out, 0);
        return out;
    }

    /// All frames of a clip.
    public static Frames resize(Frames frames, int outHeight, int outWidth, Filter filter) {
        byte[] out = new byte[Math.multiplyExact(frames.n(), 3 * outHeight * outWidth)];
        Plan plan = new Plan(frames.height(), frames.width(), outHeight, outWidth, filter);
        for (int i = 0; i < frames.n(); i++) plan.run(frames.rgb(), i * frames.frameBytes(), out, i * 3 * outHeight * outWidth);
        return new Frames(frames.n(), outHeight, outWidth, out, frames.fps(), frames.indices());
    }

    /// Weights and buffers for many pictures of one size.
    private static final class Plan {
        private final int height;
        private final int width;
        private final int outHeight;
        private final int outWidth;
        private final Axis across;
        private final Axis down;
        private final byte[] between;
        private final int[] sums;

        Plan(int height, int width, int outHeight, int outWidth, Filter filter) {
            this.height = height;
            this.width = width;
            this.outHeight = outHeight;
            this.outWidth = outWidth;
            across = width == outWidth ? null : Axis.of(width, outWidth, filter);
            down = height == outHeight ? null : Axis.of(height, outHeight, filter);
            between = across != null && down != null ? new byte[Math.multiplyExact(3 * height, outWidth)] : null;
            sums = new int[3 * outWidth];
        }

        void run(byte[] in, int at, byte[] out, int to) {
            if (across == null && down == null) System.arraycopy(in, at, out, to, 3 * height * width);
            else if (down == null) horizontal(in, at, out, to);
            else if (across == null) vertical(in, at, out, to);
            else {
                horizontal(in, at, between, 0);
                vertical(between, 0, out, to);
            }
        }

        private void horizontal(byte[] in, int at, byte[] out, int to) {
            for (int y = 0; y < height; y++, at += 3 * width) {
                for (int x = 0; x < outWidth; x++, to += 3) {
                    int r = HALF;
                    int g = HALF;
                    int b = HALF;
                    int from = at + 3 * across.first[x];
                    int w = x * across.most;
                    for (int k = 0; k < across.count[x]; k++, from += 3) {
                        int weight = across.weights[w + k];
                        r += (in[from] & 255) * weight;
                        g += (in[from + 1] & 255) * weight;
                        b += (in[from + 2] & 255) * weight;
                    }
                    out[to] = clamp(r);
                    out[to + 1] = clamp(g);
                    out[to + 2] = clamp(b);
                }
            }
        }

        private void vertical(byte[] in, int at, byte[] out, int to) {
            int row = 3 * outWidth;
            for (int y = 0; y < outHeight; y++, to += row) {
                java.util.Arrays.fill(sums, HALF);
                for (int k = 0; k < down.count[y]; k++) addRow(in, at + (down.first[y] + k) * row, down.weights[y * down.most + k], sums);
                for (int i = 0; i < row; i++) out[to + i] = clamp(sums[i]);
            }
        }

        // By itself, so that the compiler turns it into vector code.
        private static void addRow(byte[] in, int at, int weight, int[] sums) {
            for (int i = 0; i < sums.length; i++) sums[i] += (in[at + i] & 255) * weight;
        }

        private static byte clamp(int sum) { return (byte) Math.clamp(sum >> FRACTION_BITS, 0, 255); }
    }
}
