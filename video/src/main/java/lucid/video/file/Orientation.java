package lucid.video.file;

import java.nio.file.Path;
import lucid.video.VideoException;

/// How a stored picture is turned to be upright: pixel (x, y) of the stored picture goes to (a x + c y, b x + d y), shifted so that it begins at 0.
/// Entries are 0, 1 or -1.
record Orientation(int a, int b, int c, int d) {
    private static final Orientation UPRIGHT = new Orientation(1, 0, 0, 1);

    /// From FFmpeg's display matrix (3x3, row vectors, 16.16 fixed point), or null for none. What it scales by, perhaps across otherwise than down,
    /// says how large a picture is shown, which is nobody's business here; one that would leave nothing of it is none, as FFmpeg has it.
    static Orientation of(Path path, int[] matrix) {
        if (matrix == null) return UPRIGHT;
        double across = Math.hypot(matrix[0], matrix[3]);
        double down = Math.hypot(matrix[1], matrix[4]);
        if (across == 0 || down == 0) return UPRIGHT;
        Orientation o = new Orientation(unit(matrix[0] / across), unit(matrix[1] / down), unit(matrix[3] / across), unit(matrix[4] / down));
        if (Math.abs(o.a * o.d - o.b * o.c) != 1 || o.a * o.b != 0) {
            double angle = Math.toDegrees(Math.atan2(matrix[1], matrix[0]));
            throw new VideoException(path, "its metadata turns it by " + Math.round(angle)
                    + " degrees, wanted a multiple of 90; re-encode the clip upright");
        }
        return o;
    }

    private static int unit(double v) { return Math.abs(v) < 0.01 ? 0 : Math.abs(v - 1) < 0.01 ? 1 : Math.abs(v + 1) < 0.01 ? -1 : 2; }

    /// Whether rows become columns.
    boolean transposed() { return a == 0; }

    byte[] upright(byte[] rgb, int height, int width) {
        if (equals(UPRIGHT)) return rgb;
        int outWidth = transposed() ? height : width;
        int outHeight = transposed() ? width : height;
        int shiftX = a < 0 || c < 0 ? outWidth - 1 : 0;
        int shiftY = b < 0 || d < 0 ? outHeight - 1 : 0;
        byte[] out = new byte[rgb.length];
        for (int y = 0, from = 0; y < height; y++) {
            for (int x = 0; x < width; x++, from += 3) {
                int to = 3 * ((b * x + d * y + shiftY) * outWidth + a * x + c * y + shiftX);
                out[to] = rgb[from];
                out[to + 1] = rgb[from + 1];
                out[to + 2] = rgb[from + 2];
            }
        }
        return out;
    }
}
