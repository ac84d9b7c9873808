package lucid.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import lucid.kernels.contract.check.PatchGrid;

/// Moves the numbers of one patch between images and rows; where they lie is said by [PatchGrid].
final class PatchCopy {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    /// A byte as SigLIP's image processor turns it into a number: rescaled in double, stored f32, then mean 0.5 and deviation 0.5 taken off in f32.
    private static final float[] NORMALISED = normalised();

    private PatchCopy() {}

    private static float[] normalised() {
        float[] values = new float[256];
        for (int i = 0; i < values.length; i++) values[i] = ((float) (i * (1 / 255.0)) - 0.5f) / 0.5f;
        return values;
    }

    private static long plane(PatchGrid grid, int row, int channel, int dy) {
        int p = row % grid.patches();
        long y = (long) p / grid.columns() * grid.patch() + dy;
        return (((long) row / grid.patches() * PatchGrid.CHANNELS + channel) * grid.height() + y) * grid.width()
                + (long) p % grid.columns() * grid.patch();
    }

    /// Patch `row` of planar f32 pixels, as floats at byte offset `to`.
    static void cutPixels(PatchGrid grid, MemorySegment pixels, int row, MemorySegment out, long to) {
        for (int channel = 0; channel < PatchGrid.CHANNELS; channel++) {
            for (int dy = 0; dy < grid.patch(); dy++, to += 4L * grid.patch())
                MemorySegment.copy(pixels, 4 * plane(grid, row, channel, dy), out, to, 4L * grid.patch());
        }
    }

    /// Patch `row` of interleaved u8 frames, normalised.
    static void cutFrames(PatchGrid grid, MemorySegment frames, int row, MemorySegment out, long to) {
        int p = row % grid.patches();
        long image = (long) row / grid.patches() * grid.height();
        long x = (long) p % grid.columns() * grid.patch();
        long area = 4L * grid.patch() * grid.patch();
        for (int dy = 0; dy < grid.patch(); dy++, to += 4L * grid.patch()) {
            long from = ((image + (long) p / grid.columns() * grid.patch() + dy) * grid.width() + x) * PatchGrid.CHANNELS;
            for (int dx = 0; dx < grid.patch(); dx++, from += PatchGrid.CHANNELS) {
                out.set(FLOAT, to + 4L * dx, NORMALISED[frames.get(BYTE, from) & 0xFF]);
                out.set(FLOAT, to + 4L * dx + area, NORMALISED[frames.get(BYTE, from + 1) & 0xFF]);
                out.set(FLOAT, to + 4L * dx + 2 * area, NORMALISED[frames.get(BYTE, from + 2) & 0xFF]);
            }
        }
    }

    /// Floats of patch `row`, at byte offset `from`, back to their pixels.
    static void paste(PatchGrid grid, MemorySegment patches, long from, int row, MemorySegment pixels) {
        for (int channel = 0; channel < PatchGrid.CHANNELS; channel++) {
            for (int dy = 0; dy < grid.patch(); dy++, from += 4L * grid.patch())
                MemorySegment.copy(patches, from, pixels, 4 * plane(grid, row, channel, dy), 4L * grid.patch());
        }
    }
}
