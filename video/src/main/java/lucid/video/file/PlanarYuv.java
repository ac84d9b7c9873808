package lucid.video.file;

/// Planar YCbCr with chroma halved in width (4:2:2) or in width and height (4:2:0), the forms in which almost every clip is stored, to RGB and back,
/// in integers.
///
/// Decoding: libswscale's unscaled conversion differs between processors in the last bit; this is the arithmetic of its x86 vector code
/// (`yuv_2_rgb.asm`), which the published systems were trained with, written out so that every processor gives those bytes: inputs shifted left by 3,
/// products' high 16 bits, sums, clamp. Heights are even where it is used on frames: of odd ones libswscale interpolates the chroma.
final class PlanarYuv {
    private static final int[] BT601 = {104597, 132201, 25675, 53279};
    private static final int[] BT709 = {117489, 138438, 13975, 34925};
    private static final int[] BT2020 = {110013, 140363, 12277, 42626};
    private static final int[] FCC = {104448, 132798, 24759, 53109};
    private static final int[] SMPTE240M = {117579, 136230, 16907, 35559};

    private final int yCoeff;
    private final int yOffset;
    private final int vr;
    private final int ub;
    private final int ug;
    private final int vg;

    private PlanarYuv(int[] matrix, boolean fullRange) {
        long y = fullRange ? 1 << 16 : (1L << 16) * 255 / 219;
        yCoeff = round16(y << 13);
        yOffset = fullRange ? 0 : 16 << 3;
        vr = coefficient(matrix[0], 1, fullRange);
        ub = coefficient(matrix[1], 1, fullRange);
        ug = coefficient(matrix[2], -1, fullRange);
        vg = coefficient(matrix[3], -1, fullRange);
    }

    /// @param colourSpace FFmpeg's `AVColorSpace`
    static PlanarYuv of(int colourSpace, boolean fullRange) { return new PlanarYuv(matrix(colourSpace), fullRange); }

    /// What V adds to red and U to blue, and what U and V take from green, with 16 fractional bits; libswscale takes them in this form.
    ///
    /// @param colourSpace FFmpeg's `AVColorSpace`; unspecified ones are taken for BT.601 as FFmpeg does
    static int[] matrix(int colourSpace) {
        return switch (colourSpace) {
            case 1 -> BT709;
            case 4 -> FCC;
            case 7 -> SMPTE240M;
            case 9, 10 -> BT2020;
            default -> BT601;
        };
    }

    // The sign goes in before rounding, which takes halves up: the matrices' shares of full range have some.
    private static int coefficient(long c, int sign, boolean fullRange) { return round16(sign * (fullRange ? c * 224 / 255 : c) << 13); }

    private static int round16(long f) { return Math.clamp(f + (1 << 15) >> 16, -0x7FFF, 0x7FFF); }

    /// One frame.
    ///
    /// @param planes       luma rows of `strides[0]` bytes, then two chroma planes of half the width (rounded up)
    /// @param chromaShift  rows of luma to a row of chroma, log 2: 1 in 4:2:0, 0 in 4:2:2
    /// @param out          RGB, interleaved, from `at`
    void toRgb(byte[][] planes, int[] strides, int chromaShift, int height, int width, byte[] out, int at) {
        for (int row = 0; row < height; row++) {
            int yRow = row * strides[0];
            int uRow = (row >> chromaShift) * strides[1];
            int vRow = (row >> chromaShift) * strides[2];
            for (int x = 0; x < width; x++, at += 3) {
                int y = ((planes[0][yRow + x] & 255) << 3) - yOffset;
                int u = ((planes[1][uRow + (x >> 1)] & 255) << 3) - 1024;
                int v = ((planes[2][vRow + (x >> 1)] & 255) << 3) - 1024;
                int luma = y * yCoeff >> 16;
                out[at] = clamp(luma + (v * vr >> 16));
                out[at + 1] = clamp(luma + ((u * ug >> 16) + (v * vg >> 16)));
                out[at + 2] = clamp(luma + (u * ub >> 16));
            }
        }
    }

    private static byte clamp(int v) { return (byte) Math.clamp(v, 0, 255); }

    /// One frame to 4:2:0 of BT.601 in limited range, 16 fractional bits, chroma from the mean of 2x2 pixels. Height and width are even.
    static void fromRgb(byte[] rgb, int at, int height, int width, byte[] y, byte[] u, byte[] v) {
        int half = width / 2;
        for (int row = 0; row < height; row += 2) {
            for (int x = 0; x < width; x += 2) {
                int r4 = 0;
                int g4 = 0;
                int b4 = 0;
                for (int k = 0; k < 4; k++) {
                    int pixel = (row + (k >> 1)) * width + x + (k & 1);
                    int r = rgb[at + 3 * pixel] & 255;
                    int g = rgb[at + 3 * pixel + 1] & 255;
                    int b = rgb[at + 3 * pixel + 2] & 255;
                    y[pixel] = (byte) ((16829 * r + 33039 * g + 6416 * b + (16 << 16) + 32768) >> 16);
                    r4 += r;
                    g4 += g;
                    b4 += b;
                }
                int c = row / 2 * half + x / 2;
                u[c] = (byte) ((-9714 * r4 - 19070 * g4 + 28784 * b4 + (128 << 18) + (1 << 17)) >> 18);
                v[c] = (byte) ((28784 * r4 - 24103 * g4 - 4681 * b4 + (128 << 18) + (1 << 17)) >> 18);
            }
        }
    }
}
