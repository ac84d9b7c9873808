package lucid.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.Checks;

/// How images divide into patches: row `image · patches + py · columns + px`, element `(channel · patch + dy) · patch + dx`; pixels right and below of the
/// last whole patch are never seen.
record PatchGrid(int n, int height, int width, int patch) {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final int CHANNELS = 3;
    /// A byte as SigLIP's image processor turns it into a number: rescaled in double, stored f32, then mean 0.5 and deviation 0.5 taken off in f32.
    private static final float[] NORMALISED = normalised();

    private static float[] normalised() {
        float[] values = new float[256];
        for (int i = 0; i < values.length; i++) values[i] = ((float) (i * (1 / 255.0)) - 0.5f) / 0.5f;
        return values;
    }

    static PatchGrid of(String operation, int n, int height, int width, int patch) {
        Checks.that(n >= 0 && height >= 0 && width >= 0 && patch > 0, operation, n + " images of " + height + " x " + width + ", patch " + patch
                + "; wanted no negative size and a positive patch");
        return new PatchGrid(n, height, width, patch);
    }

    int columns() { return width / patch; }

    int patches() { return height / patch * columns(); }

    int rows() { return Math.multiplyExact(n, patches()); }

    int length() { return CHANNELS * patch * patch; }

    long values() { return Math.multiplyExact((long) n * CHANNELS, (long) height * width); }

    private long plane(int row, int channel, int dy) {
        int p = row % patches();
        long y = (long) p / columns() * patch + dy;
        return (((long) row / patches() * CHANNELS + channel) * height + y) * width + (long) p % columns() * patch;
    }

    /// Patch `row` of planar f32 pixels, as floats at byte offset `to`.
    void cutPixels(MemorySegment pixels, int row, MemorySegment out, long to) {
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int dy = 0; dy < patch; dy++, to += 4L * patch) MemorySegment.copy(pixels, 4 * plane(row, channel, dy), out, to, 4L * patch);
        }
    }

    /// Patch `row` of interleaved u8 frames, normalised.
    void cutFrames(MemorySegment frames, int row, MemorySegment out, long to) {
        int p = row % patches();
        long image = (long) row / patches() * height;
        long x = (long) p % columns() * patch;
        long area = 4L * patch * patch;
        for (int dy = 0; dy < patch; dy++, to += 4L * patch) {
            long from = ((image + (long) p / columns() * patch + dy) * width + x) * CHANNELS;
            for (int dx = 0; dx < patch; dx++, from += CHANNELS) {
                out.set(FLOAT, to + 4L * dx, NORMALISED[frames.get(BYTE, from) & 0xFF]);
                out.set(FLOAT, to + 4L * dx + area, NORMALISED[frames.get(BYTE, from + 1) & 0xFF]);
                out.set(FLOAT, to + 4L * dx + 2 * area, NORMALISED[frames.get(BYTE, from + 2) & 0xFF]);
            }
        }
    }

    /// Floats of patch `row`, at byte offset `from`, back to their pixels.
    void paste(MemorySegment patches, long from, int row, MemorySegment pixels) {
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int dy = 0; dy < patch; dy++, from += 4L * patch) MemorySegment.copy(patches, from, pixels, 4 * plane(row, channel, dy), 4L * patch);
        }
    }
}
