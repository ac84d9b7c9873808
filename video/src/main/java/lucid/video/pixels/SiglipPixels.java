package lucid.video.pixels;

import java.util.Arrays;
import lucid.video.Frames;

/// The image processor of SigLIP as the published models use it: bicubic to `size` x `size` without regard to the aspect ratio, then x / 255, then
/// (x - 0.5) / 0.5. Floats are the ones of the original to the bit: the product with 1/255 in double, rounded to float, the rest in float.
///
/// @param size side of the square in pixels
public record SiglipPixels(int size) {
    public SiglipPixels {
        if (size < 1) throw new IllegalArgumentException("pixels of a square of side " + size + ", wanted at least 1");
    }

    /// The value of one byte, -1 .. 1.
    public static float value(int b) { return ((float) (b * (1 / 255.0)) - 0.5f) / 0.5f; }

    /// All 256 values.
    public static float[] table() {
        float[] t = new float[256];
        for (int b = 0; b < 256; b++) t[b] = value(b);
        return t;
    }

    /// Bytes [n, size, size, 3], for models that normalise by themselves.
    public Frames resize(Frames frames) { return PillowResize.resize(frames, size, size, PillowResize.Filter.BICUBIC); }

    /// Floats [n, 3, size, size] as for pictures.
    public float[] pixels(Frames frames) {
        Frames small = resize(frames);
        float[] out = new float[small.rgb().length];
        for (int i = 0; i < small.n(); i++) planes(small, i, table(), out);
        return out;
    }

    /// Floats [n, 3, size, size] as the published video path makes them: a frame whose brightest byte is at most 1 is taken for one that is scaled
    /// already, so its bytes are not divided by 255.
    public float[] videoPixels(Frames frames) {
        Frames small = resize(frames);
        float[] out = new float[small.rgb().length];
        for (int i = 0; i < small.n(); i++) planes(small, i, dark(frames, i) ? darkTable() : table(), out);
        return out;
    }

    private static boolean dark(Frames frames, int frame) {
        for (int i = frame * frames.frameBytes(); i < (frame + 1) * frames.frameBytes(); i++) if ((frames.rgb()[i] & 255) > 1) return false;
        return true;
    }

    private static float[] darkTable() {
        float[] t = new float[256];
        for (int b = 0; b < 256; b++) t[b] = (b - 0.5f) / 0.5f;
        return t;
    }

    private static void planes(Frames small, int frame, float[] table, float[] out) {
        int area = small.height() * small.width();
        int base = frame * 3 * area;
        for (int p = 0; p < area; p++) for (int c = 0; c < 3; c++) out[base + c * area + p] = table[small.rgb()[base + 3 * p + c] & 255];
    }

    /// Floats [3, size, size] of one decoder frame of floats: whole numbers are bytes, fractions in 0..1 are shares of 255 (truncated).
    ///
    /// @param frame floats [3, height, width]
    public float[] videoPixels(float[] frame, int height, int width) {
        int area = height * width;
        if (frame.length != 3 * area)
            throw new IllegalArgumentException("video pixels: " + frame.length + " floats, wanted 3*" + height + "*" + width);
        boolean whole = true;
        float most = 0;
        for (float v : frame) {
            if (!(v >= 0 && v <= 255)) throw new IllegalArgumentException("video pixels: value " + v + ", wanted 0..255");
            whole &= v == Math.rint(v);
            most = Math.max(most, v);
        }
        if (!whole && most > 1)
            throw new IllegalArgumentException("video pixels: fractions and values up to " + most
                    + ", wanted whole numbers 0..255 or fractions 0..1");
        byte[] rgb = new byte[3 * area];
        for (int c = 0; c < 3; c++)
            for (int p = 0; p < area; p++) rgb[3 * p + c] = (byte) (whole ? (int) frame[c * area + p] : (int) (frame[c * area + p] * 255));
        Frames one = Frames.of(1, height, width, rgb, 0);
        return whole ? videoPixels(one) : pixels(one);
    }

    /// Pads to a square of the longer side with byte 127 (`image_aspect_ratio` "pad"; the published models do not).
    public static Frames padded(Frames frames) {
        int side = Math.max(frames.height(), frames.width());
        byte[] out = new byte[Math.multiplyExact(frames.n(), 3 * side * side)];
        Arrays.fill(out, (byte) 127);
        int top = (side - frames.height()) / 2;
        int left = (side - frames.width()) / 2;
        for (int i = 0; i < frames.n(); i++) {
            for (int y = 0; y < frames.height(); y++) {
                System.arraycopy(frames.rgb(), i * frames.frameBytes() + 3 * y * frames.width(), out, 3 * ((i * side + top + y) * side + left),
                        3 * frames.width());
            }
        }
        return new Frames(frames.n(), side, side, out, frames.fps(), frames.indices());
    }
}
